//! The steps and the runtime against a world in memory.

mod health;
mod project;
mod refusals;
mod rotate;
mod runtime;
mod secrets;
mod steps;
mod temporary;
