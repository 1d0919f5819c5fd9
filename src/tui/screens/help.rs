//! Help: every key, from the same table as the footer.

use ratatui::text::Line;

use crate::tui::screens::Pen;
use crate::tui::{
    dialog,
    keymap::{self, KEYS},
    state::App,
    text,
    theme::Role,
};

/// How many lines are seen at once.
pub(crate) const fn page(size: (u16, u16)) -> usize {
    // a row above and below the frame, the frame, and a blank line inside it
    size.1.saturating_sub(8) as usize
}

/// The lines of the page.
pub(crate) fn lines(pen: Pen<'_>) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for binding in KEYS.iter().filter(|binding| !binding.about.is_empty()) {
        let mut keys = keymap::shown(binding, pen.theme);
        for part in text::wrap(binding.about, pen.width.saturating_sub(11)) {
            lines.push(Line::from(vec![
                pen.span(Role::Accent, text::pad(keys, 11)),
                pen.span(Role::Text, part),
            ]));
            keys = "";
        }
    }
    lines
}

/// How many lines the page of this app has.
pub(crate) fn count(app: &App) -> usize {
    lines(Pen {
        app,
        theme: app.theme,
        width: usize::from(dialog::text_width(app.size.0)),
    })
    .len()
}
