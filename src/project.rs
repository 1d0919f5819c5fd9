//! The project around the working directory: its root, its configuration, and what its files show.

pub(crate) mod config;
pub(crate) mod detect;
pub(crate) mod init;
pub(crate) mod resolve;
pub(crate) mod sample;
pub(crate) mod settings;
pub(crate) mod workspace;

#[cfg(test)]
mod tests;
