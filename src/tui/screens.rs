//! The screens: one module each. What they share is here: the question of the moment, and the frame of a step's page.

pub mod backend;
pub mod confirm;
pub mod env;
pub mod health;
pub mod help;
pub mod login;
pub mod project;
pub mod prompt;
pub mod schema;
pub mod secrets;
pub mod summary;

use std::borrow::Cow;

use ratatui::text::{Line, Span};

use super::{
    app::{Action, App, Ask, Choice, Focus, Screen},
    presenter, text,
    theme::{Role, Theme},
    widgets::findings,
};
use crate::{
    answer::Answer,
    domain::duration,
    event::Phase,
    plan::{Status, StepId, StepState},
};

/// What a page's text is made from: the facts (hidden ones hidden), how things look, and how wide it may be.
#[derive(Debug, Clone, Copy)]
pub struct Pen<'a> {
    /// The state.
    pub app: &'a App,
    /// How things look.
    pub theme: Theme,
    /// The columns.
    pub width: usize,
}

impl Pen<'_> {
    /// A piece of text.
    pub fn span(self, role: Role, text: impl Into<Cow<'static, str>>) -> Span<'static> {
        Span::styled(text, self.theme.style(role))
    }

    /// A line of one role, cut in its middle where it is too long.
    pub fn line(self, role: Role, text: &str) -> Line<'static> {
        Line::from(self.span(role, text::elide(text, self.width)))
    }

    /// Lines of one role, wrapped, with an indent.
    pub fn wrapped(self, role: Role, text: &str, indent: usize) -> Vec<Line<'static>> {
        text::wrap(text, self.width.saturating_sub(indent))
            .into_iter()
            .map(|line| Line::from(self.span(role, format!("{}{line}", " ".repeat(indent)))))
            .collect()
    }

    /// A name and its value, aligned.
    pub fn fact(self, name: &str, value: &str) -> Line<'static> {
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
    pub fn ends(self, left: Vec<Span<'static>>, right: Span<'static>) -> Line<'static> {
        let mut line = Line::from(left);
        let used = line.width() + right.width();
        let gap = self.width.saturating_sub(used).max(1);
        line.push_span(" ".repeat(gap));
        line.push_span(right);
        line
    }
}

/// Whether the step can mend something by itself.
pub fn fixable(app: &App) -> bool {
    app.state().is_some_and(|(step, state)| {
        // which project it is, is a question
        step != StepId::Project
            && app.settled(step) == Status::Todo
            && state.findings.iter().any(|finding| finding.fixable)
    })
}

/// The question of the screen that is shown.
pub fn ask(app: &App) -> Ask {
    let Screen::Step(step) = app.screen else {
        return summary::ask(app);
    };
    let state = app.plan.step(step);
    match app.settled(step) {
        Status::Unknown | Status::Running => Ask::default(),
        Status::Done => match step {
            StepId::Login if app.login.change => login::ask(app),
            StepId::Project if app.project.change => project::ask(app, state),
            StepId::Login
            | StepId::Project
            | StepId::Env
            | StepId::Backend
            | StepId::Schema
            | StepId::Health
            | StepId::Secrets => done(app, step),
        },
        Status::Skipped => {
            let mut choices = vec![onward(app)];
            if app.plan.step(step).declined.is_some() {
                choices.push(Choice::new("Do it after all", "look", Action::Probe));
            } else {
                choices.push(Choice::new("Look again", "look", Action::Probe));
            }
            Ask::first(choices)
        }
        Status::Failed => failed(app, step, state),
        Status::Todo => todo(app, step, state),
    }
}

/// On to the next screen.
pub(super) fn onward(app: &App) -> Choice {
    let next = app.screen.next().unwrap_or(Screen::Summary);
    let name = match next {
        Screen::Step(step) => step.title(),
        Screen::Summary => "the summary",
    };
    Choice::new(format!("Go on to {name}"), "next", Action::Go(next))
}

fn done(app: &App, step: StepId) -> Ask {
    let mut choices = vec![onward(app)];
    match step {
        StepId::Login => choices.push(Choice::new("Use another key", "change", Action::Change)),
        // without an account there is none to choose
        StepId::Project
            if project::list(app.plan.step(step)).is_some_and(|list| list.temporary) => {}
        StepId::Project => choices.push(Choice::new(
            "Choose another project",
            "change",
            Action::Change,
        )),
        StepId::Env if env::undo(app) => choices.push(env::undo_last()),
        StepId::Health => choices.push(Choice::new("Climb again", "look", Action::Probe)),
        StepId::Secrets => {
            choices.extend(secrets::hook(app.plan.step(step)));
            choices.push(Choice::new("Look again", "look", Action::Probe));
        }
        StepId::Backend | StepId::Schema | StepId::Env => {
            choices.push(Choice::new("Look again", "look", Action::Probe));
        }
    }
    Ask::first(choices)
}

fn skip() -> Choice {
    Choice::new("Skip this step", "skip", Action::AskWhy)
}

fn failed(app: &App, step: StepId, state: &StepState) -> Ask {
    if step == StepId::Login {
        return login::ask(app);
    }
    let mut choices = vec![Choice::new("Look again", "look again", Action::Probe)];
    if step == StepId::Env {
        choices.extend(env::in_place(state));
    }
    if let Some(blocker) = app.plan.blocker(step) {
        choices.push(go_first(blocker));
    }
    if step != StepId::Project || project::list(state).is_none_or(|list| list.choices.is_empty()) {
        choices.push(skip());
        return Ask::first(choices);
    }
    let mut ask = project::ask(app, state);
    ask.above += choices.len();
    ask.choices.splice(0..0, choices);
    ask.choices.push(skip());
    ask.default = Some(0);
    ask
}

fn go_first(blocker: StepId) -> Choice {
    Choice::new(
        format!("Go to {} first", blocker.title()),
        "go there",
        Action::Go(Screen::Step(blocker)),
    )
}

fn todo(app: &App, step: StepId, state: &StepState) -> Ask {
    if step == StepId::Login {
        return login::ask(app);
    }
    // a step that found nothing yet waits for the one before it
    if state.findings.is_empty()
        && let Some(blocker) = app.plan.blocker(step)
    {
        return Ask::first(vec![
            go_first(blocker),
            Choice::new("Look again", "look again", Action::Probe),
            skip(),
        ]);
    }
    let mut ask = match step {
        StepId::Login => login::ask(app),
        StepId::Project => project::ask(app, state),
        StepId::Env => env::ask(state),
        StepId::Backend => backend::ask(state),
        StepId::Schema => schema::ask(state),
        StepId::Health => health::ask(state),
        StepId::Secrets => secrets::ask(state),
    };
    if !ask
        .choices
        .iter()
        .any(|choice| choice.action == Action::AskWhy)
    {
        ask.choices.push(skip());
    }
    ask
}

/// Whether the screen has a text field.
pub fn has_field(app: &App) -> bool {
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
pub fn first_focus(app: &App) -> Focus {
    if app.screen == Screen::Step(StepId::Login) && login::wants_key(app) {
        Focus::Field
    } else {
        Focus::Choices
    }
}

/// The command that does the same without the wizard: what the selected choice names, or else the step's own.
pub fn command(app: &App) -> String {
    let ask = ask(app);
    if let Some(choice) = ask.selected(app)
        && !choice.command.is_empty()
    {
        if let Action::Apply(Answer::Join(id)) = &choice.action
            && app.presenter
        {
            return choice.command.replace(id.as_str(), presenter::HIDDEN);
        }
        return choice.command.clone();
    }
    let Screen::Step(step) = app.screen else {
        return "neonup check".to_owned();
    };
    let open = matches!(
        app.settled(step),
        Status::Todo | Status::Failed | Status::Unknown | Status::Running
    );
    if step == StepId::Login && (open || app.login.change) {
        "neonup login".to_owned()
    } else if open {
        format!("neonup setup {step}")
    } else {
        format!("neonup check {step}")
    }
}

/// The heading, and the sentence below it.
pub fn title(app: &App) -> (&'static str, &'static str) {
    match app.screen {
        Screen::Step(step) => (step.title(), step.summary()),
        Screen::Summary => ("Summary", summary::sentence(app)),
    }
}

/// The status at the right end of the heading.
pub fn standing(pen: Pen<'_>) -> Option<(Role, String)> {
    let (step, state) = pen.app.state()?;
    let status = pen.app.status(step);
    let (glyph, role, word) = pen.theme.status(status);
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
pub fn body(pen: Pen<'_>) -> Vec<Line<'static>> {
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
    let (glyph, role, _) = pen.theme.status(status);
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
pub fn field(pen: Pen<'_>) -> Vec<Line<'static>> {
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
pub fn working(step: StepId, phase: Phase) -> &'static str {
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
