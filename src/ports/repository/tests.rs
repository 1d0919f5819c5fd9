//! The adapter against real repositories.

#[cfg(unix)]
mod damaged;
#[cfg(unix)]
mod hostile;
mod naming;
#[cfg(unix)]
mod planted;
mod protection;
mod untracked;
