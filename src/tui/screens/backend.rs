//! Backend: what the application has, what would be written, and the exact change to what exists already.

use ratatui::text::Line;

use crate::tui::screens::Pen;
use crate::{
    core::{
        facts::{BackendFacts, Facts},
        plan::StepState,
    },
    tui::{
        text,
        theme::Role,
        widgets::{checks, diff},
    },
};

fn detail(state: &StepState) -> Option<&BackendFacts> {
    match &state.facts {
        Some(Facts::Backend(backend)) => Some(backend),
        _ => None,
    }
}

/// What is known.
pub(crate) fn facts(pen: Pen<'_>, state: &StepState) -> Vec<Line<'static>> {
    let Some(backend) = detail(state) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if !backend.stack.is_empty() {
        lines.push(pen.fact("Application", &backend.stack));
        lines.push(Line::default());
    }
    lines.extend(checks::list(pen, &backend.checks));
    for change in &backend.changes {
        lines.push(Line::default());
        let word = if change.exists { "change" } else { "new file" };
        let room = pen.width.saturating_sub(text::width(word) + 2);
        lines.push(pen.ends(
            vec![pen.span(Role::Heading, text::elide(&change.path, room))],
            pen.span(if change.exists { Role::Warn } else { Role::Ok }, word),
        ));
        lines.extend(pen.wrapped(Role::Dim, &change.why, 2));
        lines.extend(diff::code(pen, &change.diff));
    }
    lines
}
