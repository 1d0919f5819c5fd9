//! The last line: the keys that work here, and the command that does the same. Whole items go, never half of one.

use ratatui::text::{Line, Span};

use crate::tui::{choices, keymap, screens::Pen, text, theme::Role};

/// The line, for the width of the screen.
pub(crate) fn line(pen: Pen<'_>) -> Line<'static> {
    let items = keymap::footer(pen.app);
    let command = format!(
        "$ {}",
        choices::command(pen.app, &choices::of_screen(pen.app))
    );
    let command_width = text::width(&command) + 2;
    let size = |item: &(&str, String)| text::width(item.0) + 1 + text::width(&item.1) + 2;
    let total: usize = items.iter().map(size).sum::<usize>() + 1;
    let with_command = pen.app.overlay.is_none() && pen.width > command_width + 34;
    let room = if with_command {
        pen.width - command_width
    } else {
        pen.width
    };
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    // help is the last item, and the one that must never give way
    let last = items.last().map_or(0, size);
    let count = items.len();
    for (index, item) in items.iter().enumerate() {
        let is_last = index + 1 == count;
        let fits = used + size(item)
            <= room.saturating_sub(if is_last || total <= room { 0 } else { last });
        if !(fits || is_last) {
            continue;
        }
        spans.push(pen.span(Role::Accent, item.0));
        spans.push(Span::raw(" "));
        spans.push(pen.span(Role::Dim, item.1.clone()));
        spans.push(Span::raw("  "));
        used += size(item);
    }
    if with_command {
        let gap = pen.width.saturating_sub(used + command_width - 1);
        spans.push(Span::raw(" ".repeat(gap)));
        spans.push(pen.span(Role::Text, command));
    }
    Line::from(spans)
}
