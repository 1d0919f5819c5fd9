//! Env: each file with what protects it, and the masked diff of what a write would change.

use ratatui::text::Line;

use super::Pen;
use crate::{
    answer::Answer,
    detail::{Detail, Env, EnvFile},
    finding::{Code, Cure},
    plan::{StepId, StepState},
    tui::{
        app::{Action, App, Ask, Choice, Screen},
        text,
        theme::Role,
        widgets::{checks, diff},
    },
};

fn detail(state: &StepState) -> Option<&Env> {
    match &state.detail {
        Some(Detail::Env(env)) => Some(env),
        _ => None,
    }
}

/// Whether the last write can be taken back.
pub fn undo(app: &App) -> bool {
    detail(app.plan.step(StepId::Env)).is_some_and(|env| env.files.iter().any(|file| file.undo))
}

/// The choices.
pub fn ask(state: &StepState) -> Ask {
    let changed: Vec<&EnvFile> = detail(state)
        .map(|env| {
            env.files
                .iter()
                .filter(|file| !file.diff.is_empty())
                .collect()
        })
        .unwrap_or_default();
    let fixable = state.findings.iter().any(|finding| finding.fixable);
    let ignored_elsewhere = state
        .findings
        .iter()
        .any(|finding| finding.code == Code::EnvNotIgnored && !finding.fixable);
    let mut choices = Vec::new();
    if ignored_elsewhere {
        choices.push(
            Choice::new(
                "Go to Secrets first",
                "go there",
                Action::Go(Screen::Step(StepId::Secrets)),
            )
            .note("it makes git ignore the file"),
        );
    }
    let write = match changed.as_slice() {
        [one] => Some(format!("Write {}", one.file)),
        [] if fixable => Some("Mend what was found".to_owned()),
        [] => None,
        many => Some(format!("Write {} files", many.len())),
    };
    if let Some(label) = write {
        choices.push(Choice::new(label, "write", Action::Apply(Answer::Default)));
    }
    if choices.is_empty() {
        choices.push(Choice::new("Look again", "look again", Action::Probe));
    }
    if detail(state).is_some_and(|env| env.files.iter().any(|file| file.undo)) {
        choices.push(undo_last());
    }
    Ask::first(choices)
}

/// Brings back what the last write replaced.
pub fn undo_last() -> Choice {
    let undo = Action::Apply(Answer::Undo);
    Choice::new("Undo the last write", "undo", undo).command("neonup undo")
}

/// The offer to overwrite a file where it lies, where the failure says that this is the way.
pub fn in_place(state: &StepState) -> Option<Choice> {
    (state.cure() == Some(Cure::InPlace)).then(|| {
        Choice::new(
            "Overwrite it where it lies",
            "overwrite",
            Action::Apply(Answer::InPlace),
        )
        .note("not safe against a power cut")
        .command(Cure::InPlace.command())
    })
}

/// What is known.
pub fn facts(pen: Pen<'_>, state: &StepState) -> Vec<Line<'static>> {
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
