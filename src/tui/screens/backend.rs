//! Backend: what the application has, what would be written, and the exact change to what exists already.

use ratatui::text::Line;

use super::Pen;
use crate::{
    answer::Answer,
    detail::{Backend, Detail},
    plan::StepState,
    tui::{
        app::{Action, Ask, Choice},
        text,
        theme::Role,
        widgets::{checks, diff},
    },
};

fn detail(state: &StepState) -> Option<&Backend> {
    match &state.detail {
        Some(Detail::Backend(backend)) => Some(backend),
        _ => None,
    }
}

/// The choices. A change to existing code is never the default.
pub fn ask(state: &StepState) -> Ask {
    let changes = detail(state).map_or(&[][..], |backend| &backend.changes);
    let new: Vec<_> = changes.iter().filter(|change| !change.exists).collect();
    let existing: Vec<_> = changes.iter().filter(|change| change.exists).collect();
    let fixable = state.findings.iter().any(|finding| finding.fixable);
    let mut choices = Vec::new();
    match new.as_slice() {
        [] if existing.is_empty() && fixable => choices.push(Choice::new(
            "Mend what was found",
            "mend",
            Action::Apply(Answer::Default),
        )),
        [] => {}
        [one] => choices.push(
            Choice::new(
                format!("Write {}", one.path),
                "write",
                Action::Apply(Answer::Default),
            )
            .note("a new file"),
        ),
        many => choices.push(Choice::new(
            format!("Write the {} new files", many.len()),
            "write",
            Action::Apply(Answer::Default),
        )),
    }
    let named = match existing.as_slice() {
        [one] => one.path.clone(),
        many => format!("{} files", many.len()),
    };
    if new.is_empty() && !existing.is_empty() {
        choices.push(Choice::new(
            "Leave the code as it is, and go on",
            "leave it",
            Action::Decline("existing code is left as it is".to_owned()),
        ));
    }
    if !existing.is_empty() {
        let also = if new.is_empty() {
            "Change"
        } else {
            "Write, and change"
        };
        choices.push(
            Choice::new(
                format!("{also} {named}"),
                "change",
                Action::Apply(Answer::EditCode),
            )
            .note("as shown")
            .command("neonup setup backend --edit-code"),
        );
    }
    if choices.is_empty() {
        choices.push(Choice::new("Look again", "look again", Action::Probe));
    }
    Ask::first(choices)
}

/// What is known.
pub fn facts(pen: Pen<'_>, state: &StepState) -> Vec<Line<'static>> {
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
        lines.extend(diff::lines(pen, &change.diff));
    }
    lines
}
