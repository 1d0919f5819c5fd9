//! Which implementation each of the seven steps has.

use crate::core::{answer::Answer, event::Report, failure::Result, step::StepId};
use crate::engine::{
    backend::BackendStep, context::Cx, env::EnvStep, health::HealthStep, login::LoginStep,
    project::ProjectStep, schema::SchemaStep, secrets::SecretsStep, step::Step,
};

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
        Answer::Schema(answer) => SchemaStep.apply(cx, answer).await,
        Answer::Health(answer) => HealthStep.apply(cx, answer).await,
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
