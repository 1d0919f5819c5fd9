//! The adapter against real repositories.

mod planted;
mod protection;
