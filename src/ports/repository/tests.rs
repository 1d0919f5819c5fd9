//! The adapter against real repositories.

mod damaged;
mod planted;
mod protection;
