//! What lies over a screen.

use std::{mem, time::Duration};

use tui_input::Input;

use crate::core::{
    answer::Answer,
    presenter::{DemoError, DemoRequest, Incident},
    step::StepId,
};
use crate::tui::{
    msg::ExitReason,
    state::{activity::ActivityPane, palette::Palette, screen::Screen},
};

/// What lies over the screen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Overlay {
    /// The keys, from the line at `scroll` on.
    Help {
        scroll: usize,
    },
    Confirm(ConfirmDialog),
    Prompt(PromptDialog),
    /// What is asked of others, and heard from them.
    Activity(ActivityPane),
    /// The actions by their names.
    Palette(Palette),
    /// A pause of presenter mode.
    Slide(Slide),
}

impl Overlay {
    /// What it asks, whatever is typed or chosen in it.
    pub(crate) fn asked(&self) -> Asked {
        match self {
            Self::Help { .. } => Asked::Help,
            Self::Confirm(dialog) => Asked::Confirm(dialog.purpose.clone()),
            Self::Prompt(dialog) => Asked::Prompt(dialog.purpose),
            Self::Activity(_) => Asked::Activity,
            // Enter does what is found, so that this has to be seen first
            Self::Palette(palette) => {
                Asked::Palette(palette.search.value().to_owned(), palette.chosen)
            }
            Self::Slide(Slide::Before(screen)) => Asked::Announced(*screen),
            Self::Slide(slide) => Asked::Slide(mem::discriminant(slide)),
        }
    }
}

/// What lies over a screen asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    Help,
    Confirm(ConfirmPurpose),
    Prompt(PromptPurpose),
    Activity,
    Palette(String, usize),
    Announced(Screen),
    Slide(mem::Discriminant<Slide>),
}

/// A question whose careful answer, no, is preselected.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConfirmDialog {
    pub purpose: ConfirmPurpose,
    /// Whether yes is chosen.
    pub yes: bool,
}

impl ConfirmDialog {
    pub(crate) const fn new(purpose: ConfirmPurpose) -> Self {
        Self {
            purpose,
            yes: false,
        }
    }
}

/// What has to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfirmPurpose {
    /// Leave while this step is being applied.
    Leave(StepId, ExitReason),
    /// Create a second project of this name.
    Duplicate(String),
    /// Replace the password that everybody uses.
    Rotate,
    /// Reset the whole demo.
    Reset,
    /// End the demo, or the presentation.
    Finish(ExitReason),
}

/// One line to type.
#[derive(Debug, Clone)]
pub(crate) struct PromptDialog {
    pub purpose: PromptPurpose,
    pub input: Input,
    /// Whether the text is a proposal: then the first typed character replaces it.
    pub proposed: bool,
    /// What is wrong with the text.
    pub problem: Option<String>,
}

impl PartialEq for PromptDialog {
    fn eq(&self, other: &Self) -> bool {
        self.purpose == other.purpose
            && self.input.value() == other.input.value()
            && self.problem == other.problem
    }
}

/// What a line is typed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PromptPurpose {
    /// Why this step is skipped.
    SkipReason(StepId),
    /// The name of a new project.
    ProjectName,
    /// The value of this place in the proposal.
    DraftValue(usize),
}

/// A pause of presenter mode, which lies over the screen until it is answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Slide {
    /// Before everything.
    Opening,
    /// Before a screen that was not announced yet.
    Before(Screen),
    /// Before a step is applied with this answer.
    BeforeApply(Answer),
    /// The menu of incidents, and which one is chosen.
    Incidents(usize),
    /// An incident has happened, and its step was not probed again yet.
    AfterIncident(Incident),
    /// The demo is carrying out a request, since then.
    Preparing(DemoRequest, Duration),
    /// The demo could not carry it out.
    Failed(DemoError),
}
