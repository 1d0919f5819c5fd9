//! The steps, and the runtime that drives them.
//!
//! A step looks ([`Step::probe`]) and does ([`Step::apply`]), both only through the ports in its [`Cx`]. It keeps no state: the
//! world is the state, so a run that was killed is resumed by probing again. To add a step, add a variant to
//! [`crate::core::step::StepId`] and follow the compiler.

pub(crate) mod backend;
pub(crate) mod context;
pub(crate) mod env;
mod failures;
pub(crate) mod health;
pub(crate) mod login;
mod operations;
pub(crate) mod project;
mod rotate;
pub(crate) mod runtime;
pub(crate) mod schema;
pub(crate) mod secrets;
pub(crate) mod step;
mod target;
#[cfg(test)]
mod tests;

pub(crate) use context::{Cx, KnownKey, Project, Shared};
pub(crate) use runtime::Runtime;
pub(crate) use step::Step;
