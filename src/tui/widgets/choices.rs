//! The choices: a window around the chosen one where there are more than fit.

use ratatui::text::{Line, Span};

use crate::tui::{
    screens::Pen,
    state::{App, Ask, Choice, Focus},
    text,
    theme::Role,
};

/// The first choice that is shown where there is room for `height` of them.
pub(crate) fn first(app: &App, ask: &Ask, height: usize) -> usize {
    ask.index(app)
        .unwrap_or(0)
        .saturating_sub(height.saturating_sub(1) / 2)
        .min(ask.count().saturating_sub(height))
}

/// The lines of the choices, at most `height` of them.
pub(crate) fn lines(pen: Pen<'_>, ask: &Ask, height: usize) -> Vec<Line<'static>> {
    let chosen = ask.index(pen.app);
    let count = ask.count();
    let first = first(pen.app, ask, height);
    let quiet = pen
        .app
        .screen
        .step()
        .is_some_and(|step| pen.app.busy(step).is_some() && !pen.app.watching(step));
    (first..count)
        .take(height)
        .filter_map(|index| Some((index, ask.get(index)?)))
        .map(|(index, choice)| {
            let above = index == first && first > 0;
            let below = index + 1 == first + height && first + height < count;
            let mark = match (above, below) {
                (true, _) => "↑",
                (_, true) => "↓",
                _ => " ",
            };
            one(pen, &choice, chosen == Some(index), quiet, mark)
        })
        .collect()
}

fn one(
    pen: Pen<'_>,
    choice: &Choice,
    chosen: bool,
    quiet: bool,
    mark: &'static str,
) -> Line<'static> {
    let room = pen.width.saturating_sub(2);
    let note_width = text::width(&text::clean(&choice.note));
    let label_width = text::width(&text::clean(&choice.label)).min(room);
    let (label_room, note_room) = if note_width == 0 {
        (room, 0)
    } else if label_width + 2 + note_width <= room {
        (label_width, note_width)
    } else {
        // the label is the answer; the note gives way first
        let note = room
            .saturating_sub(label_width + 2)
            .max(room / 3)
            .min(note_width);
        (room.saturating_sub(note + 2), note)
    };
    let role = match (quiet, chosen) {
        (true, _) => Role::Dim,
        (false, true) => Role::Accent,
        (false, false) => Role::Text,
    };
    let sign = if chosen && !quiet { "❯" } else { mark };
    let sign_role = if chosen && pen.app.focus != Focus::Body {
        Role::Accent
    } else {
        Role::Dim
    };
    let mut spans = vec![
        pen.span(sign_role, sign),
        Span::raw(" "),
        pen.span(role, text::elide(&choice.label, label_room)),
    ];
    if note_room > 0 {
        spans.push(Span::raw("  "));
        spans.push(pen.span(Role::Dim, text::elide(&choice.note, note_room)));
    }
    Line::from(spans)
}
