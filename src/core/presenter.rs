//! The guided tour of a workshop: its words, the mishaps that can be shown, and the stage on which they happen.
//!
//! Both front ends tell the same [`talk`]. A [`DemoEnvironment`] is there in the demo only: elsewhere nothing is ever arranged or reset.

pub(crate) mod script;

use std::{future::Future, pin::Pin, sync::Arc};

use async_trait::async_trait;

use crate::core::{
    code::Code,
    failure::{Failure, Result},
    step::StepId,
};

/// Something that goes wrong in real projects, prepared so that it can be shown and cured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Incident {
    /// Git tracks the env file.
    TrackedEnv,
    /// The live password stands in a committed Markdown file.
    LeakedPassword,
    /// The compute is asleep.
    SleepingCompute,
    /// Two projects have the wanted name.
    DuplicateProject,
}

impl Incident {
    /// All of them, in the order of the menu.
    pub(crate) const ALL: [Self; 4] = [
        Self::TrackedEnv,
        Self::LeakedPassword,
        Self::SleepingCompute,
        Self::DuplicateProject,
    ];

    /// The step on whose screen it is seen.
    pub(crate) const fn step(self) -> StepId {
        match self {
            Self::TrackedEnv | Self::LeakedPassword => StepId::Secrets,
            Self::SleepingCompute => StepId::Health,
            Self::DuplicateProject => StepId::Project,
        }
    }

    /// The steps that see something else because of it. Nothing but the health step may wake a sleeping compute.
    pub(crate) const fn seen_by(self) -> &'static [StepId] {
        match self {
            Self::TrackedEnv => &[StepId::Env, StepId::Secrets],
            Self::LeakedPassword => &[StepId::Secrets],
            Self::SleepingCompute => &[StepId::Health],
            Self::DuplicateProject => &[
                StepId::Project,
                StepId::Env,
                StepId::Schema,
                StepId::Health,
                StepId::Secrets,
            ],
        }
    }
}

/// What a stage is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DemoRequest {
    /// Everything as at the beginning.
    Reset,
    /// A mishap.
    Arrange(Incident),
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DemoOutcome {
    /// The order.
    pub order: DemoRequest,
    /// Whether it was carried out.
    pub result: Result<()>,
}

/// Work on a stage that is under way.
pub(crate) type DemoWork = Pin<Box<dyn Future<Output = DemoOutcome> + Send>>;

/// The place where a tour is given: a sample project and a sandbox that may be changed at will.
#[async_trait]
pub(crate) trait DemoEnvironment: Send + Sync {
    /// Puts the project's files, its repository and the sandbox back to the beginning.
    async fn reset(&self) -> Result<()>;
    /// Lets a mishap happen. What it needs and does not find is the failure.
    async fn arrange(&self, incident: Incident) -> Result<()>;
}

/// Gives an order to the stage, where there is one.
pub(crate) async fn carry_out(
    stage: Option<Arc<dyn DemoEnvironment>>,
    order: DemoRequest,
) -> DemoOutcome {
    let result = match (stage, order) {
        (None, _) => Err(no_stage()),
        (Some(stage), DemoRequest::Reset) => stage.reset().await,
        (Some(stage), DemoRequest::Arrange(incident)) => stage.arrange(incident).await,
    };
    DemoOutcome { order, result }
}

/// What is said where there is no stage.
pub(crate) fn no_stage() -> Failure {
    Failure::new(
        Code::BackendNotFound,
        "nothing is arranged in a real project",
    )
    .hint("mishaps and the reset are for the sample project: `neonup demo --present`")
}
