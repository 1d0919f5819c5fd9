//! The seven steps: a column on the left, or one line on narrow screens.

use ratatui::{
    style::Modifier,
    text::{Line, Span},
};

use crate::{
    plan::{Status, StepId},
    tui::{
        app::{App, SPINNER_AFTER, Screen},
        screens::Pen,
        text,
        theme::{Role, Theme},
        widgets::spinner,
    },
};

/// The width of the column.
pub const WIDTH: u16 = 20;

/// The sign, role and word of a step, as it stands now.
fn sign(app: &App, theme: Theme, step: StepId) -> (&'static str, Role, &'static str) {
    let status = app.status(step);
    let (mut glyph, role, word) = theme.status(status);
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

/// The column.
pub fn column(pen: Pen<'_>) -> Vec<Line<'static>> {
    let mut lines: Vec<_> = StepId::ALL
        .into_iter()
        .map(|step| {
            let (glyph, role, word) = sign(pen.app, pen.theme, step);
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
pub fn row(pen: Pen<'_>) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    for step in StepId::ALL {
        let (glyph, role, word) = sign(pen.app, pen.theme, step);
        let here = pen.app.screen == Screen::Step(step);
        if here {
            spans.push(pen.span(
                Role::Accent,
                format!("▸{} {} ", step.number(), step.label()),
            ));
        } else {
            spans.push(pen.span(Role::Dim, format!("{} ", step.number())));
        }
        spans.push(pen.span(role, glyph));
        if here && !word.is_empty() {
            spans.push(pen.span(role, format!(" {word}")));
        }
        spans.push(Span::raw("  "));
    }
    if pen.app.screen == Screen::Summary {
        spans.push(Span::styled(
            "▸Summary",
            pen.theme.style(Role::Accent).add_modifier(Modifier::BOLD),
        ));
    }
    Line::from(spans)
}
