//! The palette's dialog.

use ratatui::text::Line;

use crate::tui::{
    choices::palette, presenter::redact, state::palette::Palette, text, text_context::TextContext,
    theme::Role, widgets::field,
};

/// The most entries that are shown at once.
const SHOWN: usize = 10;

/// The lines of the dialog.
pub(crate) fn lines(context: TextContext<'_>, palette: &Palette) -> Vec<Line<'static>> {
    let entries = palette::entries(context.app, palette.search.value());
    let rows = SHOWN.min(usize::from(context.app.size.1).saturating_sub(11).max(3));
    let chosen = palette.chosen.min(entries.len().saturating_sub(1));
    let first = (chosen + 1).saturating_sub(rows);
    let mut cells = vec![context.span(Role::Accent, "❯ ")];
    let room = context.width.saturating_sub(2);
    cells.extend(field::input(context, &palette.search, true, room));
    let mut lines = vec![Line::from(cells), Line::default()];
    for (at, entry) in entries.iter().enumerate().skip(first).take(rows) {
        let role = if at == chosen {
            Role::Accent
        } else {
            Role::Text
        };
        let sign = if at == chosen { "❯ " } else { "  " };
        let label = redact::text(context.app, &entry.label);
        let label = text::without_backticks(&label);
        let keys = text::width(entry.keys);
        let label = text::elide(&label, context.width.saturating_sub(keys + 4));
        lines.push(context.justified(
            vec![context.span(role, sign), context.span(role, label)],
            context.span(Role::Dim, entry.keys),
        ));
    }
    if entries.is_empty() {
        lines.push(context.line(Role::Dim, "  No action has this name here"));
    }
    // the dialog keeps its height while the list becomes shorter
    lines.resize(rows + 2, Line::default());
    lines
}
