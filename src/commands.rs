//! The commands without a screen.
//!
//! They run the same probes and applies through the same [`crate::engine::Runtime`] as the wizard, and fold the same events
//! into the same [`crate::core::plan::Plan`]; only the reporter differs: lines, or one JSON document.

pub mod check;
pub mod claim;
pub mod cli;
pub mod demo;
pub mod generate;
pub mod hook;
pub mod init;
pub mod login;
pub mod plain;
pub mod prompt;
pub mod rotate;
pub mod sandbox;
mod session;
pub mod setup;
pub mod status;
pub mod undo;
pub mod wizard;

pub use crate::report::output::Output;
