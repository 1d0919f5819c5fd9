//! A masked diff: a sign and a colour for each line.

use ratatui::text::{Line, Span};

use crate::{
    core::facts::{DiffLine, DiffSign},
    tui::{screens::Pen, text, theme::Role},
};

/// The lines of a diff of values: a long one loses its middle.
pub(crate) fn lines(pen: Pen<'_>, diff: &[DiffLine]) -> Vec<Line<'static>> {
    diff.iter()
        .map(|line| {
            let (sign, role) = sign(line.sign);
            let value = text::elide(&line.text, pen.width.saturating_sub(INDENT));
            one(pen, role, sign, value)
        })
        .collect()
}

/// The lines of a diff of code: a long one is broken.
pub(crate) fn code(pen: Pen<'_>, diff: &[DiffLine]) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for line in diff {
        let (mut sign, role) = sign(line.sign);
        for piece in text::pieces(&line.text, pen.width.saturating_sub(INDENT)) {
            lines.push(one(pen, role, sign, piece));
            sign = "·";
        }
    }
    lines
}

/// The columns before the text: blanks around the sign.
const INDENT: usize = 4;

const fn sign(sign: DiffSign) -> (&'static str, Role) {
    match sign {
        DiffSign::Same => (" ", Role::Dim),
        DiffSign::Add => ("+", Role::Added),
        DiffSign::Remove => ("-", Role::Removed),
    }
}

fn one(pen: Pen<'_>, role: Role, sign: &'static str, text: String) -> Line<'static> {
    Line::from(vec![
        Span::raw("  "),
        pen.span(role, sign),
        Span::raw(" "),
        pen.span(role, text),
    ])
}
