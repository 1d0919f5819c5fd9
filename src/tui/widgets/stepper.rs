//! The seven steps: a column on the left, or one line on narrow screens.

use ratatui::{
    style::Modifier,
    text::{Line, Span},
};

use crate::{
    core::{plan::Status, step::StepId},
    tui::{
        screens::Pen,
        state::{App, SPINNER_AFTER, Screen},
        text,
        theme::{Role, Theme},
        widgets::spinner,
    },
};

/// The width of the column.
pub(crate) const WIDTH: u16 = 20;

/// The sign, role and word of a step, as it stands now.
fn sign(app: &App, step: StepId) -> (&'static str, Role, &'static str) {
    let status = app.status(step);
    let (mut glyph, role, word) = Theme::status(status);
    if status == Status::Running
        && let Some(work) = app.busy(step)
    {
        let taken = app.now.saturating_sub(work.since);
        if taken >= SPINNER_AFTER {
            glyph = spinner::frame(taken);
        }
    }
    (glyph, role, word)
}

/// What is shown when a row of the column is pressed.
pub(crate) fn at_row(row: usize) -> Option<Screen> {
    // a blank line lies between the last step and the summary
    match StepId::ALL.get(row) {
        Some(step) => Some(Screen::Step(*step)),
        None => (row == StepId::ALL.len() + 1).then_some(Screen::Summary),
    }
}

/// What is shown when a column of the one line is pressed: each step with the signs that belong to it.
pub(crate) fn at_column(app: &App, column: usize) -> Option<Screen> {
    let pen = Pen {
        app,
        theme: app.theme,
        width: usize::from(app.size.0),
    };
    let mut end = 1;
    for (step, spans) in parts(pen) {
        end += spans.iter().map(Span::width).sum::<usize>();
        if column < end {
            return Some(Screen::Step(step));
        }
    }
    None
}

/// The column.
pub(crate) fn column(pen: Pen<'_>) -> Vec<Line<'static>> {
    let mut lines: Vec<_> = StepId::ALL
        .into_iter()
        .map(|step| {
            let (glyph, role, word) = sign(pen.app, step);
            let here = pen.app.screen == Screen::Step(step);
            let label = if here { Role::Accent } else { Role::Text };
            // the heading of the page has the sign of the step that is shown
            let (mark, mark_role) = if here {
                ("▸", Role::Accent)
            } else {
                (glyph, role)
            };
            Line::from(vec![
                Span::raw("  "),
                pen.span(mark_role, mark),
                Span::raw(" "),
                pen.span(label, text::pad(step.label(), 8)),
                pen.span(role, text::elide(word, 7)),
            ])
        })
        .collect();
    let here = pen.app.screen == Screen::Summary;
    lines.push(Line::default());
    lines.push(Line::from(vec![
        pen.span(Role::Accent, if here { "  ▸ " } else { "    " }),
        pen.span(if here { Role::Accent } else { Role::Dim }, "Summary"),
    ]));
    lines
}

/// One line: the signs of all, and the name and word of the one that is shown.
pub(crate) fn row(pen: Pen<'_>) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    spans.extend(parts(pen).into_iter().flat_map(|(_, spans)| spans));
    if pen.app.screen == Screen::Summary {
        spans.push(Span::styled(
            "▸Summary",
            pen.theme.style(Role::Accent).add_modifier(Modifier::BOLD),
        ));
    }
    Line::from(spans)
}

/// The line's part of each step.
fn parts(pen: Pen<'_>) -> Vec<(StepId, Vec<Span<'static>>)> {
    let part = |step: StepId| {
        let (glyph, role, word) = sign(pen.app, step);
        let here = pen.app.screen == Screen::Step(step);
        let mut spans = vec![if here {
            pen.span(
                Role::Accent,
                format!("▸{} {} ", step.number(), step.label()),
            )
        } else {
            pen.span(Role::Dim, format!("{} ", step.number()))
        }];
        spans.push(pen.span(role, glyph));
        if here && !word.is_empty() {
            spans.push(pen.span(role, format!(" {word}")));
        }
        spans.push(Span::raw("  "));
        (step, spans)
    };
    StepId::ALL.into_iter().map(part).collect()
}
