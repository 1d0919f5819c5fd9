//! The model: a choice, what it does, and a list of choices with the projects in it.

use std::sync::Arc;

use crate::core::{
    answer::{Answer, KeyStorage, LoginAnswer, ProjectAnswer},
    choices::matches::ProjectMatches,
    facts::ListedProject,
    invocation::Invocation,
    step::StepId,
};

/// A part of `neonup.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SettingsPart {
    /// What a new project is made with.
    NewProject,
    /// The branch and the database that are used.
    Branch,
    /// The keys of the env files.
    Env,
    /// The migration.
    Schema,
    /// The application.
    Backend,
}

impl SettingsPart {
    /// The part that a step works with.
    pub(crate) const fn of_step(step: StepId) -> Self {
        match step {
            StepId::Login | StepId::Project => Self::Branch,
            StepId::Env | StepId::Secrets => Self::Env,
            StepId::Schema => Self::Schema,
            StepId::Backend | StepId::Health => Self::Backend,
        }
    }
}

/// What a choice does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Applies the step with this answer.
    Apply(Answer),
    /// Login: applies the step with a key that has to be typed, and stores it there.
    ApplyKey(KeyStorage),
    /// Project: creates one whose name has to be typed.
    Create,
    /// Secrets: rotates the password, after a second question.
    Rotate,
    /// Probes the step.
    Probe,
    /// Probes every step.
    ProbeAll,
    /// Gives each of these steps, which can fix something, its safe default.
    FixAll(Vec<StepId>),
    /// Shows the step's choices although it is done.
    Change,
    /// Continues to what comes next.
    GoOn,
    /// Goes to another step.
    GoTo(StepId),
    /// Skips the step for this reason.
    Skip(String),
    /// Skips the step for a reason that has to be typed.
    AskToSkip,
    /// Hands out a command that has to be run elsewhere.
    Run(Invocation),
    /// Hands out the receipt.
    Receipt,
    /// Health: probes once a second. The screens have a key for it.
    Watch,
    /// Starts the application and keeps it running.
    KeepApp,
    /// Stops the application that is kept running.
    StopApp,
    /// Opens this address of the application in the browser.
    Open(String),
    /// Writes the proposed `neonup.toml`.
    WriteConfig,
    /// Goes on without a `neonup.toml`.
    LeaveProposal,
    /// Proposes for the next application of the repository.
    NextApp,
    /// Asks for the value of this place in the proposal.
    EditValue(usize),
    /// Shows the values of `neonup.toml`, to change them; the first one of this part is selected.
    Settings(SettingsPart),
    /// Opens psql on the database, in this terminal.
    OpenPsql,
    /// Env: opens what would be written to this file in the user's editor.
    EditFile(String),
    /// Leaves the wizard.
    Quit,
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub label: String,
    /// What it adds, less loudly.
    pub note: String,
    /// The word for Enter.
    pub verb: &'static str,
    pub action: Action,
    /// The command that does the same.
    pub command: Invocation,
}

impl Choice {
    #[must_use]
    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Whether the note is the name of an account.
    pub(crate) const fn names_account(&self) -> bool {
        matches!(
            self.action,
            Action::Apply(Answer::Login(LoginAnswer::NeonCli(_)))
        )
    }
}

/// One row of a list of choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChoiceRow<'a> {
    /// Something to choose.
    Choice(&'a Choice),
    /// A project to join.
    Project(&'a ListedProject),
}

impl ChoiceRow<'_> {
    /// The word for Enter.
    pub(crate) const fn verb(self) -> &'static str {
        match self {
            Self::Choice(choice) => choice.verb,
            Self::Project(_) => "join",
        }
    }

    /// What it does.
    pub(crate) fn action(self) -> Action {
        match self {
            Self::Choice(choice) => choice.action.clone(),
            Self::Project(project) => {
                Action::Apply(Answer::Project(ProjectAnswer::Join(project.id.clone())))
            }
        }
    }

    /// The command that does the same.
    pub(crate) fn command(self) -> Invocation {
        match self {
            Self::Choice(choice) => choice.command.clone(),
            Self::Project(project) => Invocation::JoinProject(project.id.clone()),
        }
    }
}

/// What there is to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choices {
    /// All but the projects.
    others: Vec<Choice>,
    /// The projects to join. There may be thousands, so that none is made a choice before it is shown.
    projects: Option<Arc<ProjectMatches>>,
    /// How many choices are above the projects.
    above: usize,
    /// The row that a bare Enter means; none where each could be the wrong one.
    pub default: Option<usize>,
    /// The command that does the same where no row is chosen.
    pub command: Invocation,
}

impl From<Vec<Choice>> for Choices {
    /// A list whose default is the first choice.
    fn from(choices: Vec<Choice>) -> Self {
        Self {
            default: (!choices.is_empty()).then_some(0),
            above: choices.len(),
            others: choices,
            projects: None,
            command: Invocation::Check,
        }
    }
}

impl Choices {
    /// Lists projects between these choices. The first row is the default.
    pub(super) fn with_projects(
        mut above: Vec<Choice>,
        projects: Option<Arc<ProjectMatches>>,
        below: Vec<Choice>,
    ) -> Self {
        let count = above.len();
        above.extend(below);
        let choices = Self::from(above);
        if projects.is_none() {
            return choices;
        }
        Self {
            projects,
            above: count,
            ..choices
        }
    }

    pub(super) fn push(&mut self, choice: Choice) {
        if self.projects.is_none() {
            self.above += 1;
        }
        self.others.push(choice);
    }

    /// Puts choices above all others, and makes the first of them the default.
    pub(super) fn put_first(&mut self, choices: Vec<Choice>) {
        self.above += choices.len();
        self.others.splice(0..0, choices);
        self.default = Some(0);
    }

    /// Puts a choice before the one of this action, or at the end.
    pub(super) fn insert_before(&mut self, action: &Action, choice: Choice) {
        let at = self.position(action).unwrap_or(self.others.len());
        if at <= self.above {
            self.above += 1;
        }
        self.others.insert(at, choice);
    }

    /// Removes the choice of this action, where there is one.
    pub(super) fn remove(&mut self, action: &Action) {
        if let Some(at) = self.position(action) {
            self.others.remove(at);
            if at < self.above {
                self.above -= 1;
            }
        }
    }

    /// The row of the choice that does this. The projects are not among them.
    pub(crate) fn position(&self, action: &Action) -> Option<usize> {
        self.others
            .iter()
            .position(|choice| choice.action == *action)
    }

    /// Whether one of the choices does this.
    pub(crate) fn has(&self, action: &Action) -> bool {
        self.position(action).is_some()
    }

    /// The choices above the projects.
    pub(crate) fn above_projects(&self) -> &[Choice] {
        self.others.get(..self.above).unwrap_or_default()
    }

    fn project_count(&self) -> usize {
        self.projects
            .as_ref()
            .map_or(0, |projects| projects.count())
    }

    /// The row that a bare Enter means.
    pub(crate) fn default_row(&self) -> Option<ChoiceRow<'_>> {
        self.get(self.default?)
    }

    /// How many rows there are.
    pub(crate) fn count(&self) -> usize {
        self.others.len() + self.project_count()
    }

    /// One of the rows.
    pub(crate) fn get(&self, row: usize) -> Option<ChoiceRow<'_>> {
        let Some(below) = row.checked_sub(self.above) else {
            return self.others.get(row).map(ChoiceRow::Choice);
        };
        let projects = self.projects.as_ref();
        if let Some(project) = projects.and_then(|projects| projects.get(below)) {
            return Some(ChoiceRow::Project(project));
        }
        let other = row - self.project_count();
        self.others.get(other).map(ChoiceRow::Choice)
    }

    /// All rows.
    pub(crate) fn rows(&self) -> impl Iterator<Item = ChoiceRow<'_>> {
        (0..self.count()).filter_map(|row| self.get(row))
    }
}
