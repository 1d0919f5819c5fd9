//! What text on the screen is made from.

use std::borrow::Cow;

use ratatui::{
    style::Style,
    text::{Line, Span},
};

use crate::domain::visible;
use crate::tui::{
    state::App,
    text,
    theme::{Role, Theme},
};

/// What text on the screen is made from: the state, and how wide the text may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextContext<'a> {
    pub app: &'a App,
    /// The columns.
    pub width: usize,
}

impl<'a> TextContext<'a> {
    pub(crate) fn new(app: &'a App, width: u16) -> Self {
        Self {
            app,
            width: usize::from(width),
        }
    }

    /// The same with another width.
    pub(crate) const fn with_width(self, width: usize) -> Self {
        Self { width, ..self }
    }

    pub(crate) const fn theme(self) -> Theme {
        self.app.theme
    }

    pub(crate) const fn style(self, role: Role) -> Style {
        self.app.theme.style(role)
    }

    /// A piece of text, safe to show.
    pub(crate) fn span(self, role: Role, text: impl Into<Cow<'static, str>>) -> Span<'static> {
        let text = text.into();
        let safe = match visible::line(&text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(safe) => Some(Cow::Owned(safe)),
        };
        Span::styled(safe.unwrap_or(text), self.style(role))
    }

    /// A line of one role, cut in its middle where it is too long.
    pub(crate) fn line(self, role: Role, text: &str) -> Line<'static> {
        Line::from(self.span(role, text::elide(text, self.width)))
    }

    /// Lines of one role, wrapped, with an indent.
    pub(crate) fn wrapped(self, role: Role, text: &str, indent: usize) -> Vec<Line<'static>> {
        self.signed(role, text, &Span::raw(" ".repeat(indent)))
    }

    /// Lines of one role, wrapped, with a sign before the first one and blanks before the others. Code in them has a color of its own
    /// in place of its backticks.
    pub(crate) fn signed(self, role: Role, text: &str, sign: &Span<'static>) -> Vec<Line<'static>> {
        let indent = sign.width();
        text::prose(text, self.width.saturating_sub(indent))
            .into_iter()
            .enumerate()
            .map(|(at, parts)| {
                let mut line = Line::from(if at == 0 {
                    sign.clone()
                } else {
                    Span::raw(" ".repeat(indent))
                });
                for (is_code, part) in parts {
                    line.push_span(self.span(if is_code { Role::Keyword } else { role }, part));
                }
                line
            })
            .collect()
    }

    /// A name and its value, aligned.
    pub(crate) fn fact(self, name: &str, value: &str) -> Line<'static> {
        let column = 13.min(self.width / 2);
        Line::from(vec![
            self.span(Role::Dim, text::pad(name, column)),
            self.span(
                Role::Text,
                text::shorten(value, self.width.saturating_sub(column)),
            ),
        ])
    }

    /// A text on the left, and another one at the right end.
    pub(crate) fn justified(self, left: Vec<Span<'static>>, right: Span<'static>) -> Line<'static> {
        let mut line = Line::from(left);
        let used = line.width() + right.width();
        let gap = self.width.saturating_sub(used).max(1);
        line.push_span(" ".repeat(gap));
        line.push_span(right);
        line
    }
}
