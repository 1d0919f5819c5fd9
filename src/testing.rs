//! The test kit: ports in memory, real repositories, a terminal, and fixtures of every screen.

pub mod bench;
#[cfg(test)]
pub(crate) mod folders;
pub mod fuzz;
#[cfg(test)]
pub(crate) mod hostile_http;
#[cfg(test)]
pub(crate) mod hostile_postgres;
#[cfg(test)]
pub(crate) mod http_server;
#[cfg(test)]
pub(crate) mod ports;
#[cfg(test)]
pub(crate) mod repository;
#[cfg(test)]
pub(crate) mod requirements;
pub(crate) mod screens;
#[cfg(test)]
#[cfg(unix)]
pub(crate) mod terminal;
#[cfg(test)]
pub(crate) mod world;
