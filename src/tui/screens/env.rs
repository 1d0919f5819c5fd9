//! Env: each file with what protects it, and the masked diff of what a write would change.

use ratatui::text::Line;

use crate::{
    core::{
        facts::{EnvFile, Facts},
        plan::StepState,
    },
    tui::{
        text,
        text_context::TextContext,
        theme::Role,
        widgets::{checks, diff},
    },
};

/// The lines of the step's facts.
pub(crate) fn facts(context: TextContext<'_>, state: &StepState) -> Vec<Line<'static>> {
    let Some(Facts::Env(env)) = &state.facts else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for file in &env.files {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(file_lines(context, file));
    }
    lines
}

fn file_lines(context: TextContext<'_>, file: &EnvFile) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let signs = checks::inline(context, &file.checks);
    let signs_width: usize = signs.iter().map(ratatui::text::Span::width).sum();
    let room = context.width.saturating_sub(signs_width + 2);
    if room >= text::width(&file.file) {
        let mut line = Line::from(context.span(Role::Heading, text::pad(&file.file, room)));
        line.push_span("  ");
        line.extend(signs);
        lines.push(line);
    } else {
        lines.push(context.line(Role::Heading, &file.file));
        let mut line = Line::from("  ");
        line.extend(signs);
        lines.push(line);
    }
    if file.diff.is_empty() {
        lines.push(context.line(Role::Dim, "  nothing to write"));
        return lines;
    }
    lines.extend(diff::lines(context, &file.diff));
    let mut words = Vec::new();
    if file.changed > 0 {
        words.push(format!("{} changed", file.changed));
    }
    if file.added > 0 {
        words.push(format!("{} added", file.added));
    }
    words.push(format!("{} untouched", file.untouched));
    lines.extend(context.wrapped(
        Role::Dim,
        &format!("{} · a backup is kept for undo", words.join(", ")),
        2,
    ));
    lines
}
