//! What is under way, with its time.

use ratatui::text::{Line, Span};

use crate::{
    core::{event::Phase, step::StepId},
    domain::duration,
    tui::{
        presenter::redact,
        state::work::SPINNER_AFTER,
        text,
        text_context::TextContext,
        theme::Role,
        widgets::{bar, spinner},
    },
};

/// The columns of the bar beside work whose amount is known.
const BAR: usize = 10;

/// The line that says what is under way on the screen that is shown.
pub(crate) fn lines(context: TextContext<'_>) -> Vec<Line<'static>> {
    let app = context.app;
    let Some((step, state)) = app.state() else {
        return Vec::new();
    };
    let Some(work) = app.busy(step) else {
        // the line stays between two probes of a watch, too
        return if app.is_watching(step) {
            vec![Line::default()]
        } else {
            Vec::new()
        };
    };
    let taken = app.now.saturating_sub(work.since);
    if taken < SPINNER_AFTER {
        // the line is there, so that nothing jumps when the spinner comes
        return vec![Line::default()];
    }
    let state = redact::step_state(app, state);
    let mut label = default_label(step, work.phase).to_owned();
    let mut amount = None;
    if let Some(progress) = &state.progress {
        if !progress.label.is_empty() {
            label = text::without_backticks(&progress.label);
        }
        match progress.total {
            Some(total) => {
                label = format!("{label}  {} of {total}", progress.done);
                amount = Some((progress.done, total));
            }
            None if progress.done > 0 => label = format!("{label}  {}", progress.done),
            None => {}
        }
    }
    if work.cancelled {
        "canceling".clone_into(&mut label);
    }
    let time = duration::running(taken);
    let mut left = vec![
        context.span(Role::Accent, spinner::frame(taken)),
        Span::raw(" "),
    ];
    let mut room = context.width.saturating_sub(text::width(&time) + 4);
    if let Some((done, total)) = amount.filter(|_| room > BAR * 3) {
        let cells = bar::cells(done, total, BAR);
        let track = bar::track(&cells, BAR);
        left.push(context.span(Role::Accent, cells));
        left.push(context.span(Role::Rule, track));
        left.push(Span::raw("  "));
        room = room.saturating_sub(BAR + 2);
    }
    left.push(context.span(Role::Text, text::elide(&label, room)));
    vec![context.justified(left, context.span(Role::Dim, time))]
}

/// What a step is doing, until it reports something more exact.
pub(crate) const fn default_label(step: StepId, phase: Phase) -> &'static str {
    match (step, phase) {
        (StepId::Login, Phase::Probe) => "finding a key and asking Neon whose it is",
        (StepId::Login, Phase::Apply) => "checking the key with Neon",
        (StepId::Project, Phase::Probe) => "listing your Neon projects",
        (StepId::Project, Phase::Apply) => "waiting for Neon",
        (StepId::Env, Phase::Probe) => "reading the env files",
        (StepId::Env, Phase::Apply) => "writing the env files",
        (StepId::Backend, Phase::Probe) => "reading the application",
        (StepId::Backend, Phase::Apply) => "writing the files",
        (StepId::Schema, Phase::Probe) => "comparing tables and columns",
        (StepId::Schema, Phase::Apply) => "running the SQL in one transaction",
        (StepId::Health, Phase::Probe) => "running the checks",
        (StepId::Health, Phase::Apply) => "running the checks and starting the app",
        (StepId::Secrets, Phase::Probe) => "scanning the repository",
        (StepId::Secrets, Phase::Apply) => "fixing the repository",
    }
}
