//! The adapter against real repositories.

mod damaged;
mod hostile;
mod planted;
mod protection;
