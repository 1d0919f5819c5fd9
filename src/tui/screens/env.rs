//! Env: each file with what protects it, and the masked diff of what a write would change.

use ratatui::text::Line;

use crate::tui::screens::Pen;
use crate::{
    core::{
        facts::{EnvFacts, EnvFile, Facts},
        plan::StepState,
    },
    tui::{
        text,
        theme::Role,
        widgets::{checks, diff},
    },
};

fn detail(state: &StepState) -> Option<&EnvFacts> {
    match &state.facts {
        Some(Facts::Env(env)) => Some(env),
        _ => None,
    }
}

/// What is known.
pub(crate) fn facts(pen: Pen<'_>, state: &StepState) -> Vec<Line<'static>> {
    let Some(env) = detail(state) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for file in &env.files {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(one(pen, file));
    }
    lines
}

fn one(pen: Pen<'_>, file: &EnvFile) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let signs = checks::inline(pen, &file.checks);
    let signs_width: usize = signs.iter().map(ratatui::text::Span::width).sum();
    let room = pen.width.saturating_sub(signs_width + 2);
    if room >= text::width(&file.file) {
        let mut line = Line::from(pen.span(Role::Heading, text::pad(&file.file, room)));
        line.push_span("  ");
        line.extend(signs);
        lines.push(line);
    } else {
        lines.push(pen.line(Role::Heading, &file.file));
        let mut line = Line::from("  ");
        line.extend(signs);
        lines.push(line);
    }
    if file.diff.is_empty() {
        lines.push(pen.line(Role::Dim, "  nothing to write"));
        return lines;
    }
    lines.extend(diff::lines(pen, &file.diff));
    let mut words = Vec::new();
    if file.changed > 0 {
        words.push(format!("{} changed", file.changed));
    }
    if file.added > 0 {
        words.push(format!("{} added", file.added));
    }
    words.push(format!("{} untouched", file.untouched));
    lines.extend(pen.wrapped(
        Role::Dim,
        &format!("{}; an undo copy is kept", words.join(", ")),
        2,
    ));
    lines
}
