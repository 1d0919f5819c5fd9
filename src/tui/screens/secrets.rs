//! Secrets: what was looked through, what was found, and the cure first.

use ratatui::text::Line;

use super::Pen;
use crate::{
    answer::Answer,
    detail::Detail,
    finding::Cure,
    plan::StepState,
    tui::{
        app::{Action, Ask, Choice},
        widgets::checks,
    },
};

/// The choices.
pub fn ask(state: &StepState) -> Ask {
    let mut choices = Vec::new();
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
    match state.cure() {
        Some(Cure::Password) => choices.push(
            Choice::new("Rotate the password", "rotate", Action::AskRotate)
                .note("the only cure; asks once more")
                .command("neonup rotate"),
        ),
        Some(Cure::Key) => {
            let rotate = "neonup rotate --api-key";
            choices.push(
                Choice::new(
                    format!("Copy: {rotate}"),
                    "copy",
                    Action::Copy(rotate.to_owned()),
                )
                .note("a new key; the old one is revoked")
                .command(rotate),
            );
        }
        Some(Cure::InPlace) | None => {}
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

/// The offer of the pre-commit check, where it can be installed and is not.
pub fn hook(state: &StepState) -> Option<Choice> {
    matches!(&state.detail, Some(Detail::Secrets(secrets)) if secrets.hook == Some(false)).then(
        || {
            Choice::new(
                "Install the pre-commit check",
                "install",
                Action::Apply(Answer::Hook),
            )
            .note("stops leaks at commit")
            .command("neonup hook install")
        },
    )
}

/// What is known.
pub fn facts(pen: Pen<'_>, state: &StepState) -> Vec<Line<'static>> {
    match &state.detail {
        Some(Detail::Secrets(secrets)) => checks::list(pen, &secrets.checks),
        _ => Vec::new(),
    }
}
