//! The screens, and their parts.

use crate::core::step::StepId;

/// Every screen there is: the proposal, one for each step, and the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Screen {
    /// The `neonup.toml` that is proposed, before the first step.
    Proposal,
    Step(StepId),
    /// What was done, and what to do next.
    Summary,
}

impl Screen {
    /// The step it shows.
    pub(crate) const fn step(self) -> Option<StepId> {
        match self {
            Self::Step(step) => Some(step),
            Self::Proposal | Self::Summary => None,
        }
    }

    pub(crate) fn next(self) -> Option<Self> {
        match self {
            Self::Step(step) => Some(step.next().map_or(Self::Summary, Self::Step)),
            Self::Proposal => Some(Self::Step(StepId::Login)),
            Self::Summary => None,
        }
    }

    pub(crate) fn previous(self) -> Option<Self> {
        match self {
            Self::Proposal => None,
            Self::Step(step) => step.previous().map(Self::Step),
            Self::Summary => Some(Self::Step(StepId::Secrets)),
        }
    }
}

/// The part of the screen that the keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Focus {
    /// The text field.
    Field,
    Choices,
    /// The text, for scrolling.
    Body,
}
