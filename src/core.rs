//! The words of the program: plain data that every other room speaks. No IO, no clock, no environment.

pub mod answer;
pub mod choices;
pub mod code;
pub mod environment;
pub mod event;
pub mod exit;
pub mod facts;
pub mod failure;
pub mod finding;
pub mod invocation;
pub mod plan;
pub mod presenter;
pub mod remedy;
pub mod secret;
pub mod step;
