//! Summary: each step with its evidence and time, what is left, and what to do next.

use ratatui::text::{Line, Span};

use crate::{
    core::{code::Severity, plan::Status, step::StepId},
    domain::{counted::counted, duration},
    tui::{
        layout,
        presenter::redact,
        state::{App, kept_app::KeptState},
        text,
        text_context::TextContext,
        theme::{Role, Theme},
    },
};

/// From so many rows on, evidence may take more than one line.
const TALL: u16 = 30;

/// How many lines of the application's log are shown in a small window, and in another.
const FEW_LOG: usize = 6;
const MUCH_LOG: usize = 8;

/// Whether a step has left a warning.
fn warns(app: &App, step: StepId) -> bool {
    let mut findings = app.plan.step(step).findings.iter();
    findings.any(|finding| finding.severity != Severity::Note)
}

/// The names of the steps that have left a warning.
fn warned_steps(app: &App) -> String {
    let places: Vec<_> = StepId::ALL
        .into_iter()
        .filter(|step| warns(app, *step))
        .map(StepId::title)
        .collect();
    places.join(", ")
}

/// The sentence below the heading.
pub(crate) fn sentence(app: &App) -> &'static str {
    let open = StepId::ALL.iter().any(|step| app.is_open(*step));
    let failed = StepId::ALL
        .iter()
        .any(|step| app.status(*step) == Status::Failed);
    match (open, failed) {
        (false, _) if StepId::ALL.into_iter().any(|step| warns(app, step)) => {
            "All done. Read the warnings first."
        }
        (false, _)
            if StepId::ALL
                .into_iter()
                .any(|step| app.plan.step(step).left_out() > 0) =>
        {
            "All done, except what was skipped."
        }
        (false, _) if app.status(StepId::Health) != Status::Done => {
            "Everything that applies here is done."
        }
        (false, _) if app.keeps_app() => "All done. Your app is running.",
        (false, _) => "All done. Your app is ready to start.",
        (true, true) => "A step failed. Completed steps stay done.",
        (true, false) => "Some steps are left. Completed steps stay done.",
    }
}

/// The application that is kept running, and the end of its log.
fn kept(context: TextContext<'_>) -> Vec<Line<'static>> {
    let app = context.app;
    let Some(kept) = &app.kept else {
        return Vec::new();
    };
    let (role, text) = match &kept.state {
        // it may hold a path of this machine
        KeptState::Starting(Some(command)) if !app.presenter => {
            (Role::Text, format!("App: starting with {command}"))
        }
        KeptState::Starting(_) => (Role::Text, "App: starting…".to_owned()),
        KeptState::Answers(address) => (Role::Ok, format!("App: running at {}", address.root)),
        KeptState::Ended(why) => (Role::Bad, format!("App: {why}")),
    };
    let tall = app.size.1 >= TALL;
    let mut lines: Vec<_> = tall.then(Line::default).into_iter().collect();
    lines.extend(context.wrapped(role, &redact::text(app, &text), 0));
    let most = if tall { MUCH_LOG } else { FEW_LOG };
    for line in app.activity.of_app(kept.since, most) {
        let shown = redact::text(app, &line.text);
        let shown = text::beginning(&shown, context.width.saturating_sub(2));
        lines.push(context.line(Role::Dim, &format!("  {shown}")));
    }
    lines
}

/// Each step with its evidence and time.
fn table(context: TextContext<'_>) -> Vec<Line<'static>> {
    let app = context.app;
    let mut lines = Vec::new();
    for step in StepId::ALL {
        let state = redact::step_state(app, app.plan.step(step));
        let status = app.status(step);
        let (glyph, role, word) = Theme::standing(status, state.warnings());
        let time = state
            .elapsed
            .filter(|_| status != Status::Running)
            .map(duration::format)
            .unwrap_or_default();
        // beside the column of the steps, which has the words, the room goes to the evidence
        let words = context.width >= 70 || app.size.0 < layout::WIDE;
        let used = if words { 19 } else { 11 };
        let room = context.width.saturating_sub(used + text::width(&time) + 2);
        let evidence = text::without_backticks(&state.evidence);
        // the table and what comes next are seen at once: a small window has one line for each step
        let parts = if app.size.1 < TALL {
            vec![text::beginning(&evidence, room)]
        } else {
            text::wrap(&evidence, room)
        };
        let mut parts = parts.into_iter();
        let mut left = vec![
            context.span(role, glyph),
            Span::raw(" "),
            context.span(Role::Text, text::pad(step.label(), 9)),
        ];
        if words {
            left.push(context.span(role, text::pad(word, 8)));
        }
        left.push(context.span(Role::Text, parts.next().unwrap_or_default()));
        lines.push(context.justified(left, context.span(Role::Dim, time)));
        let indent = " ".repeat(used);
        lines.extend(
            parts.map(|part| Line::from(context.span(Role::Text, format!("{indent}{part}")))),
        );
    }
    lines
}

/// The table, and what to do next.
pub(crate) fn body(context: TextContext<'_>) -> Vec<Line<'static>> {
    let app = context.app;
    let mut lines = kept(context);
    // in a small window the log takes the table's room: the steps are named beside it, or one key away
    if lines.is_empty() || app.size.1 >= TALL {
        lines.splice(0..0, table(context));
    }
    let count = |severity: Severity| {
        StepId::ALL
            .iter()
            .flat_map(|step| &app.plan.step(*step).findings)
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let (gaps, warnings) = (count(Severity::Gap), count(Severity::Warning));
    let mut words = Vec::new();
    if gaps > 0 {
        words.push(counted(gaps, "gap"));
    }
    if warnings > 0 {
        words.push(counted(warnings, "warning"));
    }
    if !words.is_empty() {
        lines.push(Line::default());
        let role = if gaps > 0 { Role::Bad } else { Role::Warn };
        // the table shows where a gap is; a step that is done hides its warnings
        let place = if gaps > 0 {
            String::new()
        } else {
            format!(", in {}", warned_steps(app))
        };
        let left = format!("! {} left{place}", words.join(" and "));
        lines.extend(context.wrapped(role, &left, 0));
    }
    let next = app.plan.next_commands(&StepId::ALL);
    if !next.is_empty() {
        lines.push(Line::default());
        for (index, command) in next.iter().enumerate() {
            lines.push(context.fact(if index == 0 { "Next" } else { "" }, &command.to_string()));
        }
    } else if !app.options.start.is_empty()
        && app.open_from(StepId::Login).is_none()
        && app.kept.is_none()
    {
        lines.push(Line::default());
        // to be typed or copied, so that nothing of it is left out
        lines.push(context.line(Role::Dim, "Start the app:"));
        lines.extend(context.wrapped(Role::Text, &redact::text(app, &app.options.start), 0));
    }
    if !app.options.notes.is_empty() {
        lines.push(Line::default());
        for note in &app.options.notes {
            lines.extend(context.wrapped(Role::Dim, &redact::text(app, note), 0));
        }
    }
    lines
}
