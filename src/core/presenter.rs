//! Presenter mode, as plain data: the incidents that the demo can show, what it is asked to do, and what came of that.
//!
//! Both front ends announce the same [`script`].

pub(crate) mod notes;
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

/// Why a request was not carried out. Displays what failed; [`Self::why`] and [`Self::hint`] say the rest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DemoError {
    /// This is a real project, where nothing is broken or reset.
    #[error("a real project is never staged")]
    NotTheDemo,
    #[error("can't reset `{project}`")]
    NotReset { project: String, why: String },
    /// Somebody's own project is where the demo's should be.
    #[error("can't reset `{project}`")]
    NotTheSample { project: String },
    #[error("`{0}` has no connection URL yet")]
    NoConnectionUrl(&'static str),
    #[error("can't write `{file}`")]
    NotWritten { file: &'static str, why: String },
    #[error("the demo's git repository reported an error")]
    RepositoryRefused { why: String },
    #[error("couldn't prepare the demo")]
    Panicked { why: String },
    /// The sandbox refused what the incident needs.
    #[error("{}", .0.what)]
    Neon(#[from] Failure),
}

impl DemoError {
    /// Why; empty where that is not known.
    pub(crate) fn why(&self) -> &str {
        match self {
            Self::NotTheDemo | Self::NoConnectionUrl(_) => "",
            Self::NotTheSample { .. } => {
                "its first commit isn't the demo's, so this is somebody's own project"
            }
            Self::NotReset { why, .. }
            | Self::NotWritten { why, .. }
            | Self::RepositoryRefused { why }
            | Self::Panicked { why } => why,
            Self::Neon(failure) => &failure.why,
        }
    }

    /// What to do next; empty where nothing helps.
    pub(crate) fn hint(&self) -> &str {
        match self {
            Self::NotTheDemo => {
                "mishaps and reset work only in the sample project: `neonup demo --present`"
            }
            Self::NotReset { .. } | Self::NotTheSample { .. } => {
                "quit neonup and run `neonup demo --present` again with another --dir"
            }
            Self::NoConnectionUrl(_) => "finish the env step first, then press m again",
            Self::RepositoryRefused { .. } => "press R to reset the demo",
            Self::NotWritten { .. } | Self::Panicked { .. } => "",
            Self::Neon(failure) => &failure.hint,
        }
    }
}
