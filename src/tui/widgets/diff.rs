//! A masked diff: a sign and a colour for each line.

use ratatui::text::{Line, Span};

use crate::{
    detail::{DiffLine, Sign},
    tui::{screens::Pen, text, theme::Role},
};

/// The lines of a diff.
pub fn lines(pen: Pen<'_>, diff: &[DiffLine]) -> Vec<Line<'static>> {
    diff.iter()
        .map(|line| {
            let (sign, role) = match line.sign {
                Sign::Same => (" ", Role::Dim),
                Sign::Add => ("+", Role::Added),
                Sign::Remove => ("-", Role::Removed),
            };
            Line::from(vec![
                Span::raw("  "),
                pen.span(role, sign),
                Span::raw(" "),
                pen.span(role, text::elide(&line.text, pen.width.saturating_sub(4))),
            ])
        })
        .collect()
}
