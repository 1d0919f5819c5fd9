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
mod target;

use async_trait::async_trait;

pub use context::{Cx, KnownKey, Project, Shared};
pub use runtime::Runtime;

use crate::core::{answer::Answer, event::Report, failure::Result, step::StepId};

/// One phase of the set-up.
#[async_trait]
pub trait Step: Send + Sync {
    /// Which step it is.
    fn id(&self) -> StepId;

    /// Looks; never changes anything.
    async fn probe(&self, cx: &Cx) -> Result<Report>;

    /// Changes the world until the probe says done. Idempotent; ends by probing.
    async fn apply(&self, cx: &Cx, answer: Answer) -> Result<Report>;

    /// Whether a probe begins before the steps that it needs have been probed. It then waits for them itself, with
    /// [`Cx::needed`], before it uses what they have learned.
    fn begins_early(&self) -> bool {
        false
    }

    /// Whether an apply must not be cut off in the middle when the program ends.
    fn must_finish(&self) -> bool {
        false
    }
}

/// The implementation of a step.
pub fn step(id: StepId) -> &'static dyn Step {
    match id {
        StepId::Login => &login::LoginStep,
        StepId::Project => &project::ProjectStep,
        StepId::Env => &env::EnvStep,
        StepId::Backend => &backend::BackendStep,
        StepId::Schema => &schema::SchemaStep,
        StepId::Health => &health::HealthStep,
        StepId::Secrets => &secrets::SecretsStep,
    }
}
