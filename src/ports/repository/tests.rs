//! The adapter against real repositories.

mod damaged;
mod hostile;
mod naming;
mod planted;
mod protection;
