//! The steps and the runtime against a world in memory.

mod health;
mod login_and_project;
mod project;
mod refusals;
mod rotate;
mod runtime;
mod secrets;
mod temporary;
