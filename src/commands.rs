//! The commands without a screen.
//!
//! They run the same probes and applies through the same [`crate::engine::Runtime`] as the wizard, and fold the same events
//! into the same [`crate::core::plan::Plan`]; only the reporter differs: lines, or one JSON document.

pub(crate) mod check;
pub(crate) mod claim;
pub(crate) mod cli;
pub(crate) mod demo;
pub(crate) mod generate;
pub(crate) mod hook;
pub(crate) mod init;
pub(crate) mod login;
pub(crate) mod plain;
pub(crate) mod prompt;
pub(crate) mod rotate;
pub(crate) mod sandbox;
mod session;
pub(crate) mod setup;
pub(crate) mod status;
pub(crate) mod undo;
pub(crate) mod wizard;

pub(crate) use crate::report::output::Output;
