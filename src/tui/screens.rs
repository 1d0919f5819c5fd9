//! The screens: one module each, and one for each dialog. Here is what a page is made of, whatever its screen.

pub(crate) mod activity;
pub(crate) mod backend;
pub(crate) mod confirm;
pub(crate) mod dialog;
pub(crate) mod env;
pub(crate) mod health;
pub(crate) mod help;
pub(crate) mod login;
pub(crate) mod palette;
pub(crate) mod progress;
pub(crate) mod project;
pub(crate) mod prompt;
pub(crate) mod proposal;
pub(crate) mod schema;
pub(crate) mod secrets;
pub(crate) mod summary;

use ratatui::text::Line;

use crate::{
    core::{
        plan::{Status, StepState},
        step::StepId,
    },
    domain::{counted::counted, duration},
    tui::{
        choices,
        presenter::redact,
        state::{App, Screen},
        text_context::TextContext,
        theme::{Role, Theme},
        widgets::findings,
    },
};

/// The heading, and the sentence below it.
pub(crate) fn title(app: &App) -> (&'static str, &'static str) {
    match app.screen {
        Screen::Proposal => proposal::title(app),
        Screen::Step(step) => (step.title(), step.summary()),
        Screen::Summary => ("Summary", summary::sentence(app)),
    }
}

/// The lines of the heading and its sentence.
pub(crate) fn head(context: TextContext<'_>) -> Vec<Line<'static>> {
    let (heading, sentence) = title(context.app);
    let heading = context.span(Role::Heading, heading);
    let mut lines = vec![match status(context) {
        Some((role, status)) => context.justified(vec![heading], context.span(role, status)),
        None => Line::from(heading),
    }];
    // the sentence may use the margin, where that keeps it in one line
    let wider = context.with_width(context.width + 1);
    lines.extend(wider.wrapped(Role::Dim, sentence, 0));
    lines
}

/// The status at the right end of the heading.
fn status(context: TextContext<'_>) -> Option<(Role, String)> {
    let (step, state) = context.app.state()?;
    let status = context.app.status(step);
    let warnings = state.warnings();
    let (glyph, role, word) = Theme::standing(status, warnings);
    let time = state
        .elapsed
        .filter(|_| matches!(status, Status::Done | Status::Todo | Status::Failed))
        .map(|elapsed| format!(" · {}", duration::format(elapsed)));
    (!word.is_empty()).then(|| {
        let word = if word == "run" { "running" } else { word };
        let with = match (status, warnings) {
            (Status::Done, 1..) => {
                format!(" with {}", counted(warnings, "warning"))
            }
            _ => String::new(),
        };
        let time = time.unwrap_or_default();
        (role, format!("{glyph} {word}{with}{time}"))
    })
}

/// The text of the page.
pub(crate) fn body(context: TextContext<'_>) -> Vec<Line<'static>> {
    let Some((step, state)) = context.app.state() else {
        return match context.app.screen {
            Screen::Proposal => proposal::body(context),
            Screen::Step(_) | Screen::Summary => summary::body(context),
        };
    };
    let state = redact::step_state(context.app, state);
    let state = state.as_ref();
    if context.app.waiting_here().is_some() {
        return login::waiting(context, state);
    }
    let mut lines = Vec::new();
    let settled = context.app.settled(step);
    if !context.app.is_working(step) && choices::is_exhausted(context.app) {
        let again = "Nothing has changed since you last pressed Enter here.";
        lines.extend(context.wrapped(Role::Dim, again, 0));
    }
    match (&state.failure, settled) {
        (Some(failure), Status::Failed) => lines.extend(findings::failure(context, failure)),
        _ => lines.extend(evidence(context, settled, state)),
    }
    let facts = match step {
        StepId::Login => login::facts(context, state),
        StepId::Project => project::facts(context, state),
        StepId::Env => env::facts(context, state),
        StepId::Backend => backend::facts(context, state),
        StepId::Schema => schema::facts(context, state),
        StepId::Health => health::facts(context, state),
        StepId::Secrets => secrets::facts(context, state),
    };
    let found = if settled == Status::Failed {
        Vec::new()
    } else {
        findings::list(context, &state.findings)
    };
    // the checks explain their own findings, so they go first; a diff is the answer to them, so it goes last. A command that waits
    // for consent comes before everything, so that it is read before it is agreed to
    let asks = state
        .findings
        .iter()
        .any(|finding| finding.untrusted.is_some());
    let blocks = match step {
        StepId::Health | StepId::Login if !asks => [facts, found],
        StepId::Login
        | StepId::Project
        | StepId::Env
        | StepId::Backend
        | StepId::Schema
        | StepId::Health
        | StepId::Secrets => [found, facts],
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

fn evidence(context: TextContext<'_>, status: Status, state: &StepState) -> Vec<Line<'static>> {
    // a finding that stands alone says it better, or says the same
    let mut gaps = state.own_gaps();
    let alone = gaps.next().is_some() && gaps.next().is_none();
    let said = state.own_gaps().any(|gap| gap.title == state.evidence);
    let repeated = status == Status::Todo && (alone || said);
    if state.evidence.is_empty() || repeated {
        return Vec::new();
    }
    let (glyph, role, _) = Theme::status(status);
    let sign = context.span(role, format!("{glyph} "));
    context.signed(Role::Text, &state.evidence, &sign)
}

/// The field of the screen, between the text and the choices.
pub(crate) fn field(context: TextContext<'_>) -> Vec<Line<'static>> {
    if !context.app.has_field() {
        return Vec::new();
    }
    match context.app.screen {
        Screen::Step(StepId::Login) if context.app.waiting().is_some() => {
            login::address_field(context)
        }
        Screen::Step(StepId::Login) => login::field(context),
        Screen::Step(StepId::Project) => project::field(context),
        Screen::Step(
            StepId::Env | StepId::Backend | StepId::Schema | StepId::Health | StepId::Secrets,
        )
        | Screen::Proposal
        | Screen::Summary => Vec::new(),
    }
}
