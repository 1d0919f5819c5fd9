//! The words of the program: plain data that every other room speaks. No IO, no clock, no environment.

pub(crate) mod answer;
pub(crate) mod app_proof;
pub(crate) mod app_run;
mod causes;
pub(crate) mod children;
pub(crate) mod choices;
pub(crate) mod code;
pub(crate) mod environment;
pub(crate) mod event;
pub(crate) mod exit;
pub(crate) mod facts;
pub(crate) mod failure;
pub(crate) mod finding;
pub(crate) mod invocation;
pub(crate) mod plan;
pub(crate) mod presenter;
pub(crate) mod proof;
pub(crate) mod redact;
pub(crate) mod remedy;
pub(crate) mod schema_run;
pub(crate) mod secret;
pub(crate) mod skip;
pub(crate) mod step;
pub(crate) mod texts;
pub(crate) mod trust;

#[cfg(test)]
mod tests;
