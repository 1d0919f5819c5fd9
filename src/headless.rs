//! The commands without a screen.
//!
//! They run the same probes and applies through the same [`crate::engine::Runtime`] as the wizard, and fold the same events
//! into the same [`crate::plan::Plan`]; only the reporter differs: lines, or one JSON document.

pub mod ask;
pub mod check;
pub mod claim;
pub mod demo;
pub mod generate;
pub mod hook;
pub mod init;
pub mod login;
pub mod output;
pub mod plain;
pub mod report;
pub mod rotate;
pub mod sandbox;
pub mod sarif;
pub mod setup;
pub mod status;
pub mod undo;
pub mod wizard;
mod work;

pub use output::Output;
