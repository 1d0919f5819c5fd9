//! The guided tour of a workshop: its words, the mishaps that can be shown, and the stage on which they happen.
//!
//! Both front ends tell the same [`talk`]. A [`Stage`] is there in the demo only: elsewhere nothing is ever arranged or reset.

pub mod script;

use std::{future::Future, pin::Pin, sync::Arc};

use async_trait::async_trait;

use crate::core::{
    failure::{Failure, Result},
    finding::Code,
    plan::StepId,
};

/// Something that goes wrong in real projects, prepared so that it can be shown and cured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// Git tracks the env file.
    TrackedEnv,
    /// The live password stands in a committed Markdown file.
    LeakedPassword,
    /// The compute is asleep.
    SleepingCompute,
    /// Two projects have the wanted name.
    DuplicateProject,
}

impl Mishap {
    /// All of them, in the order of the menu.
    pub const ALL: [Self; 4] = [
        Self::TrackedEnv,
        Self::LeakedPassword,
        Self::SleepingCompute,
        Self::DuplicateProject,
    ];

    /// The step on whose screen it is seen.
    pub const fn step(self) -> StepId {
        match self {
            Self::TrackedEnv | Self::LeakedPassword => StepId::Secrets,
            Self::SleepingCompute => StepId::Health,
            Self::DuplicateProject => StepId::Project,
        }
    }

    /// The steps that see something else because of it. Nothing but the health step may wake a sleeping compute.
    pub const fn seen_by(self) -> &'static [StepId] {
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
pub enum Order {
    /// Everything as at the beginning.
    Reset,
    /// A mishap.
    Arrange(Mishap),
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Staged {
    /// The order.
    pub order: Order,
    /// Whether it was carried out.
    pub result: Result<()>,
}

/// Work on a stage that is under way.
pub type Staging = Pin<Box<dyn Future<Output = Staged> + Send>>;

/// The place where a tour is given: a sample project and a sandbox that may be changed at will.
#[async_trait]
pub trait Stage: Send + Sync {
    /// Puts the project's files, its repository and the sandbox back to the beginning.
    async fn reset(&self) -> Result<()>;
    /// Lets a mishap happen. What it needs and does not find is the failure.
    async fn arrange(&self, mishap: Mishap) -> Result<()>;
}

/// Gives an order to the stage, where there is one.
pub async fn carry_out(stage: Option<Arc<dyn Stage>>, order: Order) -> Staged {
    let result = match (stage, order) {
        (None, _) => Err(no_stage()),
        (Some(stage), Order::Reset) => stage.reset().await,
        (Some(stage), Order::Arrange(mishap)) => stage.arrange(mishap).await,
    };
    Staged { order, result }
}

/// What is said where there is no stage.
pub fn no_stage() -> Failure {
    Failure::new(
        Code::BackendNotFound,
        "nothing is arranged in a real project",
    )
    .hint("mishaps and the reset are for the sample project: `neonup demo --present`")
}
