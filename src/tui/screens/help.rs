//! Help: every key, from the same table as the footer.

use ratatui::text::{Line, Span};

use crate::tui::{
    keymap::KEYS,
    text,
    theme::{Role, Theme},
};

/// The lines of the page.
pub fn lines(theme: Theme) -> Vec<Line<'static>> {
    KEYS.iter()
        .filter(|binding| !binding.about.is_empty())
        .map(|binding| {
            Line::from(vec![
                Span::styled(text::pad(binding.shown, 11), theme.style(Role::Accent)),
                Span::styled(binding.about, theme.style(Role::Text)),
            ])
        })
        .collect()
}
