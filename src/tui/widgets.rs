//! The pieces that screens are made of.

pub mod bar;
pub mod checks;
pub mod choices;
pub mod diff;
pub mod field;
pub mod findings;
pub mod footer;
pub mod ladder;
pub mod spinner;
pub mod sql;
pub mod stepper;
