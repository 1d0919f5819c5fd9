//! What the wizard in lines knows, and what all of its questions need.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal as _},
    sync::Arc,
};

use crate::{
    commands::{
        input::InputLines,
        opening::Opening,
        plain::numbered,
        session::{CommandSession, Interruption},
    },
    core::{choices::Choices, step::StepId},
    ports::{Ports, demo::DemoEnvironment, editor::TextEditor},
    project::{proposals::Proposals, settings::Settings},
    report::output::Output,
};

/// The wizard in lines.
pub(super) struct LineWizard<'a> {
    pub session: CommandSession,
    pub input: InputLines,
    pub output: &'a mut Output,
    /// Whether presenter mode is on: what happens is announced before it does.
    pub present: bool,
    /// The demo, where this is one.
    pub demo: Option<Arc<dyn DemoEnvironment>>,
    /// What proposes a `neonup.toml`, where it may.
    pub proposals: Option<Arc<dyn Proposals>>,
    /// The user's editor, where it may be opened.
    pub editor: Option<TextEditor>,
    /// The step that was announced last.
    pub announced: Option<StepId>,
    /// The plans in which the default of a step was taken: it is not taken twice while nothing changes.
    pub taken: BTreeSet<(u64, StepId)>,
    /// The steps whose warnings were stopped at.
    pub warned: BTreeSet<StepId>,
    /// Whether the end is a question.
    pub summary: bool,
    /// What the projects are filtered by.
    pub filter: String,
}

/// Where a reply leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Destination {
    /// The same step again.
    Stay,
    /// The same step, with its choices although it is done.
    Change,
    Previous,
    Next,
    Step(StepId),
    /// The first step, of a demo that was reset.
    Beginning,
    /// Out of the wizard.
    End,
}

/// Why the wizard ended early.
pub(super) enum Stopped {
    Interrupted(Interruption),
    /// There is no more input, and a reply is missing.
    InputEnded,
}

impl From<Interruption> for Stopped {
    fn from(interruption: Interruption) -> Self {
        Self::Interrupted(interruption)
    }
}

const HELP: &str = "Type the number of an answer, or press Enter for the default. d shows the details, r re-checks, s skips \
this step, b goes back, g 3 goes to step 3, / and a word filters the projects, c shows the command that does the same as the \
default, c 2 the one for the second answer, q quits.";
const HELP_IN_DEMO: &str =
    "In the demo, m breaks something that you can then fix; reset resets the whole demo.";

impl<'a> LineWizard<'a> {
    pub(super) fn new(
        settings: Settings,
        ports: Ports,
        opening: Opening,
        summary: bool,
        output: &'a mut Output,
    ) -> Self {
        Self {
            session: CommandSession::new(settings, ports),
            input: InputLines::standard(),
            output,
            present: opening.present,
            demo: opening.demo,
            proposals: opening.proposals,
            editor: opening.editor.filter(|_| !opening.present),
            announced: None,
            warned: BTreeSet::new(),
            taken: BTreeSet::new(),
            summary,
            filter: String::new(),
        }
    }

    /// Asks for a line.
    pub(super) async fn ask(&mut self, question: &str) -> Result<String, Stopped> {
        self.output.prompt(question);
        let line = self.session.read_line(&mut self.input).await?;
        let line = line.map(|line| line.trim().to_owned());
        // a terminal has shown what was typed; a log has not
        if line.is_none() || !io::stdin().is_terminal() {
            self.output.line(line.as_deref().unwrap_or_default());
        }
        line.ok_or(Stopped::InputEnded)
    }

    pub(super) async fn probe(&mut self, steps: &[StepId]) -> Result<(), Stopped> {
        self.session.probe(steps, self.output).await?;
        self.redact_learned();
        Ok(())
    }

    /// Hides the identifiers that were learned, too.
    pub(super) fn redact_learned(&mut self) {
        if let Some(redactor) = &mut self.output.redactor {
            redactor.learn(&self.session.plan);
        }
    }

    pub(super) fn print_choices(&mut self, choices: &Choices) {
        for line in numbered::lines(choices) {
            self.output.line(line);
        }
    }

    /// Prints what can be typed at every question.
    pub(super) fn print_help(&mut self) {
        self.output.line(HELP);
        if self.demo.is_some() {
            self.output.line(HELP_IN_DEMO);
        }
    }
}
