//! The steps, and the runtime that drives them.
//!
//! A step looks ([`step::Step::probe`]) and does ([`step::Step::apply`]), both only through the ports in its [`context::Cx`]. It keeps no state: the
//! world is the state, so a run that was killed is resumed by probing again. To add a step, add a variant to
//! [`crate::core::step::StepId`] and follow the compiler.

pub(crate) mod backend;
mod connection;
pub(crate) mod context;
pub(crate) mod env;
mod failures;
pub(crate) mod health;
mod key;
pub(crate) mod login;
mod neon_operations;
pub(crate) mod project;
mod project_id;
mod registry;
mod rotate;
pub(crate) mod runtime;
pub(crate) mod schema;
pub(crate) mod secrets;
pub(crate) mod step;
pub(crate) mod temporary;
#[cfg(test)]
mod tests;

pub(crate) use registry::must_finish;
pub(crate) use runtime::Runtime;
