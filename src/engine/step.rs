//! What a step is, and which implementation each of the seven has.

use async_trait::async_trait;

use crate::core::{answer::Answer, event::Report, failure::Result, step::StepId};
use crate::engine::{
    Cx, backend::BackendStep, env::EnvStep, health::HealthStep, login::LoginStep,
    project::ProjectStep, schema::SchemaStep, secrets::SecretsStep,
};

/// One phase of the setup.
#[async_trait]
pub(crate) trait Step: Send + Sync {
    /// What it can be told to do.
    type Answer: Send;

    /// Whether a probe begins before the steps that it needs have been probed. It then waits for them itself, with
    /// [`Cx::needed`], before it uses what they have learned.
    const BEGINS_EARLY: bool = false;

    /// Whether an apply must not be cut off in the middle when the program ends.
    const MUST_FINISH: bool = false;

    /// Looks; never changes anything.
    async fn probe(&self, cx: &Cx) -> Result<Report>;

    /// Changes the world until the probe says done. Idempotent; ends by probing.
    async fn apply(&self, cx: &Cx, answer: Self::Answer) -> Result<Report>;
}

/// Evaluates an expression with the implementation of a step.
macro_rules! with_step {
    ($id:expr, $step:ident => $body:expr) => {
        match $id {
            StepId::Login => {
                let $step = LoginStep;
                $body
            }
            StepId::Project => {
                let $step = ProjectStep;
                $body
            }
            StepId::Env => {
                let $step = EnvStep;
                $body
            }
            StepId::Backend => {
                let $step = BackendStep;
                $body
            }
            StepId::Schema => {
                let $step = SchemaStep;
                $body
            }
            StepId::Health => {
                let $step = HealthStep;
                $body
            }
            StepId::Secrets => {
                let $step = SecretsStep;
                $body
            }
        }
    };
}

/// Probes a step.
pub(crate) async fn probe(id: StepId, cx: &Cx) -> Result<Report> {
    with_step!(id, step => step.probe(cx).await)
}

/// Gives an answer to its step.
pub(crate) async fn apply(cx: &Cx, answer: Answer) -> Result<Report> {
    match answer {
        Answer::Login(answer) => LoginStep.apply(cx, answer).await,
        Answer::Project(answer) => ProjectStep.apply(cx, answer).await,
        Answer::Env(answer) => EnvStep.apply(cx, answer).await,
        Answer::Backend(answer) => BackendStep.apply(cx, answer).await,
        Answer::Schema => SchemaStep.apply(cx, ()).await,
        Answer::Health => HealthStep.apply(cx, ()).await,
        Answer::Secrets(answer) => SecretsStep.apply(cx, answer).await,
    }
}

/// Whether a probe of the step [begins early](Step::BEGINS_EARLY).
pub(crate) fn begins_early(id: StepId) -> bool {
    fn of<S: Step>(_: &S) -> bool {
        S::BEGINS_EARLY
    }
    with_step!(id, step => of(&step))
}

/// Whether an apply of the step [must finish](Step::MUST_FINISH).
pub(crate) fn must_finish(id: StepId) -> bool {
    fn of<S: Step>(_: &S) -> bool {
        S::MUST_FINISH
    }
    with_step!(id, step => of(&step))
}
