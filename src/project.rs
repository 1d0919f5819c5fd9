//! The project around the working directory, from the bottom up:
//!
//! - [`settings`]: what the user wants, as plain data
//! - [`config`]: `neonup.toml`; [`draft`] is one that is proposed, or changed; [`toml_value`] changes one value of the text
//! - [`detect`]: what the repository's files tell, in the shape of a configuration; [`init`] makes a draft of it, and [`edit`] of a file that exists
//! - [`proposals`]: what a front end asks for while it shows a draft
//! - [`resolve`]: the settings from flags, environment, configuration and detection
//! - [`workspace`]: the directory where all of them come from, and the ports; `wishes`: what it asks of a Postgres
//! - [`sample`]: the project of the demo

pub(crate) mod config;
pub(crate) mod detect;
pub(crate) mod draft;
pub(crate) mod edit;
pub(crate) mod init;
pub(crate) mod proposals;
pub(crate) mod resolve;
pub(crate) mod sample;
pub(crate) mod service;
pub(crate) mod settings;
pub(crate) mod toml_value;
mod wishes;
pub(crate) mod workspace;

#[cfg(test)]
mod tests;
