//! Presenter mode, as plain data: the incidents that the demo can show, what it is asked to do, and what came of that.
//!
//! Both front ends announce the same [`script`].

pub(crate) mod script;

use crate::core::{failure::Failure, step::StepId};

/// Something that goes wrong in real projects, prepared so that it can be shown and fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Incident {
    /// Git tracks the env file.
    TrackedEnv,
    /// The live password is in a committed Markdown file.
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

/// What the demo is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DemoRequest {
    /// Restore the beginning.
    Reset,
    /// Let this happen.
    Cause(Incident),
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DemoOutcome {
    pub request: DemoRequest,
    pub result: Result<(), DemoError>,
}

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DemoError {
    /// This is a real project, where nothing is broken or reset.
    NotTheDemo,
    /// The demo tried, and failed.
    Failed(Failure),
}

impl From<Failure> for DemoError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl DemoError {
    /// What failed.
    pub(crate) fn what(&self) -> &str {
        match self {
            Self::NotTheDemo => "nothing is arranged in a real project",
            Self::Failed(failure) => &failure.what,
        }
    }

    /// Why; empty where that is not known.
    pub(crate) fn why(&self) -> &str {
        match self {
            Self::NotTheDemo => "",
            Self::Failed(failure) => &failure.why,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> &str {
        match self {
            Self::NotTheDemo => {
                "mishaps and the reset are for the sample project: `neonup demo --present`"
            }
            Self::Failed(failure) => &failure.hint,
        }
    }
}
