//! Prompt: one line to type.

use ratatui::text::Line;

use crate::tui::{
    state::overlay::{PromptDialog, PromptPurpose},
    text_context::TextContext,
    theme::Role,
    widgets::field,
};

/// The heading and the lines of the dialog.
pub(crate) fn lines(
    context: TextContext<'_>,
    prompt: &PromptDialog,
) -> (String, Vec<Line<'static>>) {
    let (heading, why) = match prompt.purpose {
        PromptPurpose::SkipReason(step) => (
            format!("Skip {}", step.title()),
            "Reason (shown in the summary and receipt)",
        ),
        PromptPurpose::ProjectName => {
            ("New project".to_owned(), "Teammates will join this project")
        }
        PromptPurpose::DraftValue(index) => {
            let proposal = context.app.proposal.as_ref();
            let value = proposal.and_then(|proposal| proposal.draft.value(index));
            let name = value.map_or("Value", |value| value.name());
            (name.to_owned(), "Enter accepts it, Esc leaves it unchanged")
        }
    };
    let mut lines = context.wrapped(Role::Text, why, 0);
    lines.push(Line::default());
    let mut cells = vec![context.span(Role::Accent, "❯ ")];
    cells.extend(field::input(
        context,
        &prompt.input,
        true,
        context.width.saturating_sub(2),
    ));
    lines.push(Line::from(cells));
    lines.push(match &prompt.problem {
        Some(problem) => context.line(Role::Bad, &format!("! {problem}")),
        None => Line::default(),
    });
    (heading, lines)
}
