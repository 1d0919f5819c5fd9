//! Help: every key, from the same table as the footer.

use ratatui::text::Line;

use crate::tui::{
    keymap::{self, KEYS},
    layout,
    state::App,
    text,
    text_context::TextContext,
    theme::Role,
};

/// The lines of the page.
pub(crate) fn lines(context: TextContext<'_>) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for binding in KEYS.iter().filter(|binding| !binding.about.is_empty()) {
        let mut keys = keymap::shown(binding, context.theme());
        for part in text::wrap(binding.about, context.width.saturating_sub(11)) {
            lines.push(Line::from(vec![
                context.span(Role::Accent, text::pad(keys, 11)),
                context.span(Role::Text, part),
            ]));
            keys = "";
        }
    }
    lines
}

/// How many lines the page has in this window.
pub(crate) fn count(app: &App) -> usize {
    let width = layout::dialog_text_width(app.size.0);
    lines(TextContext::new(app, width)).len()
}
