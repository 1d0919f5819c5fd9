//! Prompt: one line to type.

use ratatui::text::Line;

use crate::tui::screens::Pen;
use crate::tui::{
    state::{Prompt, PromptAbout},
    theme::Role,
    widgets::field,
};

/// The heading and the lines of the dialog.
pub(crate) fn lines(pen: Pen<'_>, prompt: &Prompt) -> (String, Vec<Line<'static>>) {
    let (heading, why) = match prompt.about {
        PromptAbout::Skip(step) => (
            format!("Skip {}", step.title()),
            "Why? The reason stands in the summary and the receipt.",
        ),
        PromptAbout::Name => (
            "A new project".to_owned(),
            "It is created once, with this name. Joining it later needs nothing but the name.",
        ),
    };
    let mut lines = pen.wrapped(Role::Text, why, 0);
    lines.push(Line::default());
    let mut cells = vec![pen.span(Role::Accent, "❯ ")];
    cells.extend(field::input(
        pen,
        &prompt.input,
        true,
        pen.width.saturating_sub(2),
    ));
    lines.push(Line::from(cells));
    lines.push(match &prompt.problem {
        Some(problem) => pen.line(Role::Bad, &format!("! {problem}")),
        None => Line::default(),
    });
    (heading, lines)
}
