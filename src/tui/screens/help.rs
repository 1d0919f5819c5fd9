//! Help: every key, from the same table as the footer.

use ratatui::text::{Line, Span};

use crate::tui::{
    keymap::{self, KEYS},
    text,
    theme::{Role, Theme},
};

/// How many lines are seen at once.
pub const fn page(size: (u16, u16)) -> usize {
    // a row above and below the frame, the frame, and a blank line inside it
    size.1.saturating_sub(8) as usize
}

/// The lines of the page.
pub fn lines(theme: Theme) -> Vec<Line<'static>> {
    KEYS.iter()
        .filter(|binding| !binding.about.is_empty())
        .map(|binding| {
            Line::from(vec![
                Span::styled(
                    text::pad(keymap::shown(binding, theme), 11),
                    theme.style(Role::Accent),
                ),
                Span::styled(binding.about, theme.style(Role::Text)),
            ])
        })
        .collect()
}
