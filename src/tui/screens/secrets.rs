//! Secrets: what was looked through, what was found, and the cure first.

use ratatui::text::Line;

use super::Pen;
use crate::{
    answer::Answer,
    detail::Detail,
    finding::Code,
    plan::StepState,
    tui::{
        app::{Action, Ask, Choice},
        widgets::checks,
    },
};

/// The choices.
pub fn ask(state: &StepState) -> Ask {
    let mut choices = Vec::new();
    let leaked =
        state.has(Code::SecretsLiveSecretInHistory) || state.has(Code::SecretsLiveSecretInTree);
    let fixable = state.findings.iter().any(|finding| finding.fixable);
    if fixable {
        choices.push(
            Choice::new(
                "Mend the repository",
                "mend",
                Action::Apply(Answer::Default),
            )
            .note("files stay; nothing is committed"),
        );
    }
    if leaked {
        // what is reset or revoked, is so in the console; this is the part that a command does
        let (command, note) = if of_key(state) {
            ("neonup login", "stores the new key")
        } else {
            ("neonup setup env", "ends the cure above")
        };
        choices.push(
            Choice::new(
                format!("Copy: {command}"),
                "copy",
                Action::Copy(command.to_owned()),
            )
            .note(note),
        );
    }
    if choices.is_empty() {
        choices.push(Choice::new("Look again", "look again", Action::Probe));
    }
    choices.push(Choice::new(
        "Accept it, with a reason",
        "accept",
        Action::AskWhy,
    ));
    Ask::first(choices)
}

/// Whether what leaked is the API key alone.
fn of_key(state: &StepState) -> bool {
    state
        .findings
        .iter()
        .filter(|finding| {
            matches!(
                finding.code,
                Code::SecretsLiveSecretInHistory | Code::SecretsLiveSecretInTree
            )
        })
        .all(|finding| finding.hint.contains("`neonup login`"))
}

/// What is known.
pub fn facts(pen: Pen<'_>, state: &StepState) -> Vec<Line<'static>> {
    match &state.detail {
        Some(Detail::Secrets(secrets)) => checks::list(pen, &secrets.checks),
        _ => Vec::new(),
    }
}
