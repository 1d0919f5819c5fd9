//! Backend: what the application has, what would be written, and the exact change to what exists already.

use ratatui::text::Line;

use crate::{
    core::{facts::Facts, plan::StepState},
    tui::{
        text,
        text_context::TextContext,
        theme::Role,
        widgets::{checks, diff},
    },
};

/// The lines of the step's facts.
pub(crate) fn facts(context: TextContext<'_>, state: &StepState) -> Vec<Line<'static>> {
    let Some(Facts::Backend(backend)) = &state.facts else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if !backend.stack.is_empty() {
        lines.push(context.fact("Application", &backend.stack));
        lines.push(Line::default());
    }
    lines.extend(checks::list(context, &backend.checks));
    for change in &backend.changes {
        lines.push(Line::default());
        let word = if change.exists { "change" } else { "new file" };
        let room = context.width.saturating_sub(text::width(word) + 2);
        lines.push(context.justified(
            vec![context.span(Role::Heading, text::elide(&change.path, room))],
            context.span(if change.exists { Role::Warn } else { Role::Ok }, word),
        ));
        lines.extend(context.wrapped(Role::Dim, &change.why, 2));
        lines.extend(diff::code(context, &change.diff));
    }
    lines
}
