//! The screens: one module each. What they share is here: the question of the moment, and the frame of a step's page.

pub(crate) mod backend;
pub(crate) mod confirm;
pub(crate) mod env;
pub(crate) mod health;
pub(crate) mod help;
pub(crate) mod login;
pub(crate) mod project;
pub(crate) mod prompt;
pub(crate) mod schema;
pub(crate) mod secrets;
pub(crate) mod summary;

use std::borrow::Cow;

use ratatui::text::{Line, Span};

use crate::tui::{
    presenter,
    state::{App, Focus, Screen},
    text,
    theme::{Role, Theme},
    widgets::findings,
};
use crate::{
    core::{
        choices,
        event::Phase,
        plan::{Status, StepState},
        step::StepId,
    },
    domain::duration,
};

/// What a page's text is made from: the facts (hidden ones hidden), how things look, and how wide it may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pen<'a> {
    /// The state.
    pub app: &'a App,
    /// How things look.
    pub theme: Theme,
    /// The columns.
    pub width: usize,
}

impl Pen<'_> {
    /// A piece of text.
    pub(crate) fn span(self, role: Role, text: impl Into<Cow<'static, str>>) -> Span<'static> {
        Span::styled(text, self.theme.style(role))
    }

    /// A line of one role, cut in its middle where it is too long.
    pub(crate) fn line(self, role: Role, text: &str) -> Line<'static> {
        Line::from(self.span(role, text::elide(text, self.width)))
    }

    /// Lines of one role, wrapped, with an indent.
    pub(crate) fn wrapped(self, role: Role, text: &str, indent: usize) -> Vec<Line<'static>> {
        text::wrap(text, self.width.saturating_sub(indent))
            .into_iter()
            .map(|line| Line::from(self.span(role, format!("{}{line}", " ".repeat(indent)))))
            .collect()
    }

    /// A name and its value, aligned.
    pub(crate) fn fact(self, name: &str, value: &str) -> Line<'static> {
        let column = 13.min(self.width / 2);
        Line::from(vec![
            self.span(Role::Dim, text::pad(name, column)),
            self.span(
                Role::Text,
                text::elide(value, self.width.saturating_sub(column)),
            ),
        ])
    }

    /// A text on the left, another at the right end.
    pub(crate) fn ends(self, left: Vec<Span<'static>>, right: Span<'static>) -> Line<'static> {
        let mut line = Line::from(left);
        let used = line.width() + right.width();
        let gap = self.width.saturating_sub(used).max(1);
        line.push_span(" ".repeat(gap));
        line.push_span(right);
        line
    }
}

/// Whether the step can mend something by itself.
pub(crate) fn fixable(app: &App) -> bool {
    app.state().is_some_and(|(step, state)| {
        // which project it is, is a question
        step != StepId::Project
            && app.settled(step) == Status::Todo
            && state.findings.iter().any(|finding| finding.fixable)
    })
}

/// Whether the last write of the env files can be taken back.
pub(crate) fn undoable(app: &App) -> bool {
    choices::can_undo(app.plan.step(StepId::Env))
}

/// Whether the screen has a text field.
pub(crate) fn has_field(app: &App) -> bool {
    match app.screen {
        Screen::Step(StepId::Login) => login::asks(app),
        Screen::Step(StepId::Project) => project::lists(app),
        Screen::Step(
            StepId::Env | StepId::Backend | StepId::Schema | StepId::Health | StepId::Secrets,
        )
        | Screen::Summary => false,
    }
}

/// Where the keys go when a screen opens: into the field only where typing is what it asks for.
pub(crate) fn first_focus(app: &App) -> Focus {
    if app.screen == Screen::Step(StepId::Login) && login::wants_key(app) {
        Focus::Field
    } else {
        Focus::Choices
    }
}

/// The heading, and the sentence below it.
pub(crate) fn title(app: &App) -> (&'static str, &'static str) {
    match app.screen {
        Screen::Step(step) => (step.title(), step.summary()),
        Screen::Summary => ("Summary", summary::sentence(app)),
    }
}

/// The status at the right end of the heading.
pub(crate) fn standing(pen: Pen<'_>) -> Option<(Role, String)> {
    let (step, state) = pen.app.state()?;
    let status = pen.app.status(step);
    let (glyph, role, word) = Theme::status(status);
    let time = state
        .elapsed
        .filter(|_| matches!(status, Status::Done | Status::Todo | Status::Failed))
        .map(|elapsed| format!(" · {}", duration::words(elapsed)));
    (!word.is_empty()).then(|| {
        let word = if word == "run" { "running" } else { word };
        (role, format!("{glyph} {word}{}", time.unwrap_or_default()))
    })
}

/// The text of the page.
pub(crate) fn body(pen: Pen<'_>) -> Vec<Line<'static>> {
    let Some((step, state)) = pen.app.state() else {
        return summary::body(pen);
    };
    let state = presenter::veil(pen.app, state);
    let state = state.as_ref();
    let mut lines = Vec::new();
    let settled = pen.app.settled(step);
    match (&state.failure, settled) {
        (Some(failure), Status::Failed) => lines.extend(findings::failure(pen, failure)),
        _ => lines.extend(evidence(pen, settled, state)),
    }
    let facts = match step {
        StepId::Login => login::facts(pen, state),
        StepId::Project => project::facts(pen, state),
        StepId::Env => env::facts(pen, state),
        StepId::Backend => backend::facts(pen, state),
        StepId::Schema => schema::facts(pen, state),
        StepId::Health => health::facts(pen, state),
        StepId::Secrets => secrets::facts(pen, state),
    };
    let found = if settled == Status::Failed {
        Vec::new()
    } else {
        findings::list(pen, &state.findings)
    };
    // the ladder explains its own findings, so it goes first; a diff is the answer to them, so it goes last
    let blocks = match step {
        StepId::Health | StepId::Login => [facts, found],
        StepId::Project | StepId::Env | StepId::Backend | StepId::Schema | StepId::Secrets => {
            [found, facts]
        }
    };
    for block in blocks {
        if !block.is_empty() {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.extend(block);
        }
    }
    lines
}

fn evidence(pen: Pen<'_>, status: Status, state: &StepState) -> Vec<Line<'static>> {
    // a single finding says it better
    let told = status == Status::Todo && state.findings.len() == 1;
    if state.evidence.is_empty() || told {
        return Vec::new();
    }
    let (glyph, role, _) = Theme::status(status);
    let mut lines = Vec::new();
    for (index, line) in text::wrap(&state.evidence, pen.width.saturating_sub(2))
        .into_iter()
        .enumerate()
    {
        let sign = if index == 0 { glyph } else { " " };
        lines.push(Line::from(vec![
            pen.span(role, sign),
            Span::raw(" "),
            pen.span(Role::Text, line),
        ]));
    }
    lines
}

/// What stands between the text and the choices: the field of the screen.
pub(crate) fn field(pen: Pen<'_>) -> Vec<Line<'static>> {
    if !has_field(pen.app) {
        return Vec::new();
    }
    match pen.app.screen {
        Screen::Step(StepId::Login) => login::field(pen),
        Screen::Step(StepId::Project) => project::field(pen),
        Screen::Step(
            StepId::Env | StepId::Backend | StepId::Schema | StepId::Health | StepId::Secrets,
        )
        | Screen::Summary => Vec::new(),
    }
}

/// What the step says while it works.
pub(crate) fn working(step: StepId, phase: Phase) -> &'static str {
    match (step, phase) {
        (StepId::Login, Phase::Probe) => "looking for a key, and asking Neon whose it is",
        (StepId::Login, Phase::Apply) => "asking Neon who this is",
        (StepId::Project, Phase::Probe) => "looking through your Neon projects",
        (StepId::Project, Phase::Apply) => "talking to Neon",
        (StepId::Env, Phase::Probe) => "reading the env files",
        (StepId::Env, Phase::Apply) => "writing the env files",
        (StepId::Backend, Phase::Probe) => "reading the application",
        (StepId::Backend, Phase::Apply) => "writing the files",
        (StepId::Schema, Phase::Probe) => "comparing tables and columns",
        (StepId::Schema, Phase::Apply) => "running the SQL in one transaction",
        (StepId::Health, Phase::Probe) => "climbing the ladder",
        (StepId::Health, Phase::Apply) => "climbing the ladder, starting the app",
        (StepId::Secrets, Phase::Probe) => "looking through the repository",
        (StepId::Secrets, Phase::Apply) => "mending the repository",
    }
}
