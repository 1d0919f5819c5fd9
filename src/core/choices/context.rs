//! What the choices of a step depend on, and the choices that several steps have.

use std::sync::Arc;

use crate::core::{
    answer::Answer,
    choices::{
        choice::{Action, Choice, SettingsPart},
        commands,
        matches::ProjectMatches,
    },
    invocation::Invocation,
    plan::{Status, StepState},
    step::StepId,
};

/// How the choices are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Medium {
    /// Full screens, with a key for much that isn't a choice.
    Screens,
    /// Numbered lines, where whatever can be done has a number.
    Lines,
}

/// What the choices of a step depend on.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of the screen, each independent of the others"
)]
pub(crate) struct StepContext<'a> {
    pub medium: Medium,
    pub step: StepId,
    pub state: &'a StepState,
    /// The step that has to be done before this one.
    pub blocker: Option<StepId>,
    /// Whether the choices are shown although the step is done.
    pub change: bool,
    /// Env: whether the last thing that was done was an undo, so that the next one takes it back.
    pub undone: bool,
    /// Env: whether there is an editor for what is written.
    pub can_edit: bool,
    /// Login: whether a key is typed already.
    pub key_typed: bool,
    /// Project: the projects that the filter matches.
    pub matches: Option<Arc<ProjectMatches>>,
}

impl<'a> StepContext<'a> {
    pub(crate) const fn new(medium: Medium, step: StepId, state: &'a StepState) -> Self {
        Self {
            medium,
            step,
            state,
            blocker: None,
            change: false,
            undone: false,
            can_edit: false,
            key_typed: false,
            matches: None,
        }
    }

    pub(super) fn choice(
        &self,
        label: impl Into<String>,
        verb: &'static str,
        action: Action,
    ) -> Choice {
        let command = match &action {
            Action::Apply(answer) => commands::for_answer(answer, self.state),
            Action::ApplyKey(storage) => commands::login(*storage),
            Action::Create => Invocation::NewProject,
            Action::Rotate => Invocation::RotatePassword,
            Action::Run(command) => command.clone(),
            Action::Probe
            | Action::ProbeAll
            | Action::FixAll(_)
            | Action::Change
            | Action::GoOn
            | Action::GoTo(_)
            | Action::Skip(_)
            | Action::AskToSkip
            | Action::Receipt
            | Action::Watch
            | Action::KeepApp
            | Action::StopApp
            | Action::Open(_)
            | Action::WriteConfig
            | Action::LeaveProposal
            | Action::NextApp
            | Action::EditValue(_)
            | Action::Settings(_)
            | Action::EditFile(_)
            | Action::OpenPsql
            | Action::Quit => self.own_command(),
        };
        Choice {
            label: label.into(),
            note: String::new(),
            verb,
            action,
            command,
        }
    }

    pub(super) fn apply(
        &self,
        label: impl Into<String>,
        verb: &'static str,
        answer: Answer,
    ) -> Choice {
        self.choice(label, verb, Action::Apply(answer))
    }

    /// A command that has to be run elsewhere: the screens copy it, the lines can only show it.
    pub(super) fn run(&self, reason: &str, command: Invocation) -> Choice {
        let (verb, capitalized) = match self.medium {
            Medium::Screens => ("copy", "Copy"),
            Medium::Lines => ("run", "Run"),
        };
        let label = if reason.is_empty() {
            format!("{capitalized}: {command}")
        } else {
            format!("{reason}: {verb} `{command}`")
        };
        self.choice(label, verb, Action::Run(command))
    }

    pub(super) fn go_on(&self) -> Choice {
        let next = self.step.next().map_or("summary", StepId::title);
        self.choice(format!("Continue to {next}"), "next", Action::GoOn)
    }

    pub(super) fn probe_again(&self) -> Choice {
        self.choice("Re-check", "re-check", Action::Probe)
    }

    /// The choice to change a part of `neonup.toml`.
    pub(super) fn settings(&self, label: &str, part: SettingsPart) -> Choice {
        self.choice(label, "change", Action::Settings(part))
    }

    pub(super) fn skip(&self) -> Choice {
        self.choice("Skip this step", "skip", Action::AskToSkip)
    }

    pub(super) fn go_to(&self, step: StepId) -> Choice {
        let label = format!("Go to {} first", step.title());
        self.choice(label, "go there", Action::GoTo(step))
    }

    /// Whether the step can fix something by itself.
    pub(super) fn is_fixable(&self) -> bool {
        self.state.findings.iter().any(|finding| finding.fixable)
    }

    /// The command of the step itself, for what has no command of its own.
    pub(super) fn own_command(&self) -> Invocation {
        let settled = matches!(self.state.known(), Status::Done | Status::Skipped);
        if settled && !self.change {
            Invocation::CheckStep(self.step)
        } else if self.step == StepId::Login {
            Invocation::Login
        } else {
            Invocation::SetupStep(self.step)
        }
    }
}
