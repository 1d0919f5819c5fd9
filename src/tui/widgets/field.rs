//! Fields of one line: a name, the text, a cursor of our own.

use ratatui::{
    style::Modifier,
    text::{Line, Span},
};
use tui_input::Input;

use crate::tui::{text, text_context::TextContext, theme::Role};

/// The cells of an input, scrolled so that the cursor is visible.
pub(crate) fn input(
    context: TextContext<'_>,
    input: &Input,
    focused: bool,
    room: usize,
) -> Vec<Span<'static>> {
    let room = room.max(2);
    let value = text::typed(input.value());
    if !focused {
        return vec![context.span(Role::Text, text::elide(&value, room))];
    }
    let chars: Vec<char> = value.chars().collect();
    let cursor = input.cursor().min(chars.len());
    let first = cursor.saturating_sub(room.saturating_sub(2));
    let before: String = chars.iter().skip(first).take(cursor - first).collect();
    let at = chars.get(cursor).copied().unwrap_or(' ').to_string();
    let rest = room.saturating_sub(text::width(&before) + 1);
    let after: String = chars.iter().skip(cursor + 1).take(rest).collect();
    vec![
        context.span(Role::Text, before),
        Span::styled(
            at,
            context.style(Role::Text).add_modifier(Modifier::REVERSED),
        ),
        context.span(Role::Text, after),
    ]
}

/// A line with a name and cells.
pub(crate) fn named(
    context: TextContext<'_>,
    name: &str,
    cells: Vec<Span<'static>>,
) -> Line<'static> {
    let mut spans = vec![context.span(Role::Dim, text::pad(name, 13.min(context.width / 2)))];
    spans.extend(cells);
    Line::from(spans)
}
