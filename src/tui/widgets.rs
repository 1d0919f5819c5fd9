//! The pieces that screens are made of.

pub(crate) mod bar;
pub(crate) mod checks;
pub(crate) mod choices;
pub(crate) mod diff;
pub(crate) mod field;
pub(crate) mod findings;
pub(crate) mod lines;
pub(crate) mod spinner;
pub(crate) mod sql;
pub(crate) mod stepper;
pub(crate) mod timed_checks;
