//! The project around the working directory: its root, its configuration, and what its files show.

pub mod config;
pub mod detect;
pub mod init;
pub mod sample;
pub mod settings;
pub mod workspace;
