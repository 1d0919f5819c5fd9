//! The seven steps: a column on the left, or one line on narrow screens.

use ratatui::{
    style::Modifier,
    text::{Line, Span},
};

use crate::{
    core::{plan::Status, step::StepId},
    tui::{
        state::{App, Screen, work::SPINNER_AFTER},
        text,
        text_context::TextContext,
        theme::{Role, Theme},
        widgets::spinner,
    },
};

/// The glyph, role and word of a step.
fn sign(app: &App, step: StepId) -> (&'static str, Role, &'static str) {
    let status = app.status(step);
    let (mut glyph, role, word) = Theme::standing(status, app.plan.step(step).warnings());
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

/// The screen that a row of the column stands for.
pub(crate) fn at_row(row: usize) -> Option<Screen> {
    // a blank line is between the last step and the summary
    match StepId::ALL.get(row) {
        Some(step) => Some(Screen::Step(*step)),
        None => (row == StepId::ALL.len() + 1).then_some(Screen::Summary),
    }
}

/// The screen that a column of the one line stands for: each step with the glyphs that belong to it.
pub(crate) fn at_column(app: &App, column: usize) -> Option<Screen> {
    let mut end = 1;
    for (step, spans) in parts(TextContext::new(app, app.size.0)) {
        end += spans.iter().map(Span::width).sum::<usize>();
        if column < end {
            return Some(Screen::Step(step));
        }
    }
    None
}

/// The column.
pub(crate) fn column(context: TextContext<'_>) -> Vec<Line<'static>> {
    let mut lines: Vec<_> = StepId::ALL
        .into_iter()
        .map(|step| {
            let (glyph, role, word) = sign(context.app, step);
            let here = context.app.screen == Screen::Step(step);
            let label = if here { Role::Accent } else { Role::Text };
            // the heading of the page has the glyph of the step that is shown
            let (mark, mark_role) = if here {
                ("▸", Role::Accent)
            } else {
                (glyph, role)
            };
            Line::from(vec![
                Span::raw("  "),
                context.span(mark_role, mark),
                Span::raw(" "),
                context.span(label, text::pad(step.label(), 8)),
                context.span(role, text::elide(word, 7)),
            ])
        })
        .collect();
    let here = context.app.screen == Screen::Summary;
    lines.push(Line::default());
    lines.push(Line::from(vec![
        context.span(Role::Accent, if here { "  ▸ " } else { "    " }),
        context.span(if here { Role::Accent } else { Role::Dim }, "Summary"),
    ]));
    lines
}

/// One line: the glyphs of all, and the name and word of the one that is shown.
pub(crate) fn row(context: TextContext<'_>) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    spans.extend(parts(context).into_iter().flat_map(|(_, spans)| spans));
    if context.app.screen == Screen::Summary {
        spans.push(Span::styled(
            "▸Summary",
            context.style(Role::Accent).add_modifier(Modifier::BOLD),
        ));
    }
    Line::from(spans)
}

/// The line's part of each step.
fn parts(context: TextContext<'_>) -> Vec<(StepId, Vec<Span<'static>>)> {
    let part = |step: StepId| {
        let (glyph, role, word) = sign(context.app, step);
        let here = context.app.screen == Screen::Step(step);
        let mut spans = vec![if here {
            context.span(
                Role::Accent,
                format!("▸{} {} ", step.number(), step.label()),
            )
        } else {
            context.span(Role::Dim, format!("{} ", step.number()))
        }];
        spans.push(context.span(role, glyph));
        if here && !word.is_empty() {
            spans.push(context.span(role, format!(" {word}")));
        }
        spans.push(Span::raw("  "));
        (step, spans)
    };
    StepId::ALL.into_iter().map(part).collect()
}
