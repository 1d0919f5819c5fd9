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
            "Quit now?",
            if !context.app.is_working(*step) {
                format!("{} has finished. Nothing else is running.", step.title())
            } else if engine::must_finish(*step) {
                format!(
                    "Still writing {}. neonup quits when that has finished, so nothing is left half-done.",
                    step.title()
                )
            } else {
                format!(
                    "Still working on {}. If you quit, it stops; next time neonup resumes.",
                    step.title()
                )
            },
            "Stay",
            "Quit",
        ),
        ConfirmPurpose::Duplicate(name) => (
            "Create a second project with this name?",
            format!(
                "“{name}” already exists. A second project with the same name is confusing, and it counts towards your limit."
            ),
            "Go back",
            "Create it anyway",
        ),
        ConfirmPurpose::Rotate => (
            "Rotate the password?",
            "Neon sets a new password for the role, neonup updates your env files, and the old password stops working. \
            Everything that still uses the old one fails: colleagues, deployments and CI need the new one.".to_owned(),
            "Go back",
            "Rotate it now",
        ),
        ConfirmPurpose::Finish(_) if context.app.options.demo => (
            "End the demo?",
            {
                let stops = if context.app.keeps_app() {
                    "The app and the sandbox stop."
                } else {
                    "The sandbox stops."
                };
                let note = context.app.options.notes.last();
                note.map_or_else(|| stops.to_owned(), |note| format!("{stops} {note}."))
            },
            "Stay",
            "End the demo",
        ),
        ConfirmPurpose::Finish(_) if context.app.keeps_app() => (
            "Stop the app and quit?",
            "The app runs only as long as neonup. To keep it without neonup, start it in another terminal.".to_owned(),
            "Stay",
            "Stop it and quit",
        ),
        ConfirmPurpose::Finish(_) => (
            "End the presentation?",
            "neonup quits and the audience sees your shell again. `p` only turns presenter mode off.".to_owned(),
            "Stay",
            "Quit",
        ),
        ConfirmPurpose::Reset => (
            "Reset the demo?",
            "The sample project becomes a fresh clone again, with its original files and git history, and the sandbox forgets \
            its projects. Only the Python environment stays.".to_owned(),
            "Continue the tour",
            "Start over",
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
