//! The steps, and the runtime that drives them.
//!
//! A step looks ([`Step::probe`]) and does ([`Step::apply`]), both only through the ports in its [`Cx`]. It keeps no state: the
//! world is the state, so a run that was killed is resumed by probing again. To add a step, add a variant to
//! [`crate::core::step::StepId`] and follow the compiler.

pub mod backend;
pub mod context;
pub mod env;
pub mod health;
pub mod login;
mod operations;
pub mod project;
mod rotate;
pub mod runtime;
pub mod schema;
pub mod secrets;
pub mod step;
mod target;
#[cfg(test)]
mod tests;

pub use context::{Cx, KnownKey, Project, Shared};
pub use runtime::Runtime;
pub use step::Step;
