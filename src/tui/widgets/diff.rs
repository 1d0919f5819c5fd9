//! Diffs: a sign and a color for each line.

use ratatui::text::{Line, Span};

use crate::{
    core::facts::{DiffLine, DiffSign},
    tui::{text, text_context::TextContext, theme::Role},
};

/// The lines of a diff of values. A long one is shortened.
pub(crate) fn lines(context: TextContext<'_>, diff: &[DiffLine]) -> Vec<Line<'static>> {
    diff.iter()
        .map(|line| {
            let (sign, role) = sign(line.sign);
            let value = text::shorten(&line.text, context.width.saturating_sub(INDENT));
            one(context, role, sign, value)
        })
        .collect()
}

/// The lines of a diff of code. A long one is broken.
pub(crate) fn code(context: TextContext<'_>, diff: &[DiffLine]) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for line in diff {
        let (mut sign, role) = sign(line.sign);
        for piece in text::pieces(&line.text, context.width.saturating_sub(INDENT)) {
            lines.push(one(context, role, sign, piece));
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

fn one(context: TextContext<'_>, role: Role, sign: &'static str, text: String) -> Line<'static> {
    Line::from(vec![
        Span::raw("  "),
        context.span(role, sign),
        Span::raw(" "),
        context.span(role, text),
    ])
}
