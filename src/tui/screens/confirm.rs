//! Confirm: a question whose careful answer is preselected.

use ratatui::text::{Line, Span};

use crate::{
    engine,
    tui::{
        state::overlay::{ConfirmDialog, ConfirmPurpose},
        text_context::TextContext,
        theme::Role,
    },
};

/// The heading and the lines of the dialog.
pub(crate) fn lines(
    context: TextContext<'_>,
    confirm: &ConfirmDialog,
) -> (&'static str, Vec<Line<'static>>) {
    let (heading, why, no, yes) = match &confirm.purpose {
        ConfirmPurpose::Leave(step, _) => (
            "Leave now?",
            if engine::must_finish(*step) {
                format!(
                    "{} is being written. Leaving waits until that has ended, so that nothing is left half-done.",
                    step.title()
                )
            } else {
                format!(
                    "{} is under way. Leaving cancels it; the next start looks at what was done and goes on from there.",
                    step.title()
                )
            },
            "Stay",
            "Leave",
        ),
        ConfirmPurpose::Duplicate(name) => (
            "A second one of that name?",
            format!(
                "“{name}” exists already. A second project of the same name confuses everyone who looks for it, and counts towards your limit."
            ),
            "Go back",
            "Create it all the same",
        ),
        ConfirmPurpose::Rotate => (
            "A new password?",
            "Neon gives the role a new password, your env files get it, and the old one is refused. Whatever still uses the old one stops working: colleagues, deployments and CI need the new one.".to_owned(),
            "Go back",
            "Rotate it now",
        ),
        ConfirmPurpose::Reset => (
            "Back to the beginning?",
            "The sample project becomes a fresh clone again, with the files and the git history of the beginning, and the sandbox forgets its projects. Only a Python environment stays.".to_owned(),
            "Go on with the tour",
            "Begin again",
        ),
    };
    let mut lines = context.wrapped(Role::Text, &why, 0);
    lines.push(Line::default());
    for (label, chosen) in [(no, !confirm.yes), (yes, confirm.yes)] {
        let role = if chosen { Role::Accent } else { Role::Text };
        lines.push(Line::from(vec![
            context.span(Role::Accent, if chosen { "❯" } else { " " }),
            Span::raw(" "),
            context.span(role, label),
        ]));
    }
    (heading, lines)
}
