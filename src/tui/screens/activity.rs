//! The pane of what is asked and heard, as it happens.

use ratatui::text::{Line, Span};

use crate::core::event::ActivityKind;
use crate::tui::{
    presenter::redact,
    state::{App, activity::ActivityPane},
    text,
    text_context::TextContext,
    theme::Role,
    widgets::field,
};

/// The columns before the text: the time, the step, the kind.
const COLUMNS: usize = 24;

/// The lines of the pane: a heading, the search where there is one, and the last lines that fit into `rows`.
pub(crate) fn lines(
    context: TextContext<'_>,
    log: &ActivityPane,
    rows: usize,
) -> Vec<Line<'static>> {
    let text = body(context, log);
    let page = page(log, rows);
    let below = log.below.min(text.len().saturating_sub(page));
    let end = text.len() - below;
    let start = end.saturating_sub(page);
    let count = match (below, text.len()) {
        (_, 0) => String::new(),
        (0, _) => "live".to_owned(),
        (below, _) => format!("↓ {below} more"),
    };
    let mut lines = vec![context.justified(
        vec![context.span(Role::Heading, "Activity")],
        context.span(Role::Dim, count),
    )];
    if has_search(log) {
        let room = context.width.saturating_sub(14);
        let cells = field::input(context, &log.search, log.typing, room);
        lines.push(field::named(context, "Search", cells));
    }
    lines.push(Line::default());
    if text.is_empty() {
        let nothing = if has_search(log) {
            "Nothing matches."
        } else {
            "Nothing has been asked yet. Requests, SQL, git and the app's log appear here."
        };
        lines.extend(context.wrapped(Role::Dim, nothing, 0));
    }
    lines.extend(text.into_iter().skip(start).take(end - start));
    lines
}

fn has_search(log: &ActivityPane) -> bool {
    log.typing || !log.search.value().is_empty()
}

/// How many rows of text are seen at once.
fn page(log: &ActivityPane, rows: usize) -> usize {
    rows.saturating_sub(if has_search(log) { 3 } else { 2 })
}

/// The furthest that the text can be scrolled back, and how many rows of it are seen at once.
pub(crate) fn extent(context: TextContext<'_>, log: &ActivityPane, rows: usize) -> (usize, usize) {
    let page = page(log, rows);
    (body(context, log).len().saturating_sub(page), page)
}

fn body(context: TextContext<'_>, log: &ActivityPane) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for entry in context.app.activity.matching(log.search.value()) {
        let shown = redact::text(context.app, &entry.text);
        let room = context.width.saturating_sub(COLUMNS).max(8);
        let seconds = entry.at.as_secs_f64();
        let pieces = match entry.kind {
            // what a program prints is shown as it is
            ActivityKind::Log => text::pieces(&shown, room),
            ActivityKind::Request
            | ActivityKind::Sql
            | ActivityKind::Git
            | ActivityKind::Program => text::wrap(&shown, room),
        };
        for (at, piece) in pieces.into_iter().enumerate() {
            let mut spans = if at == 0 {
                vec![
                    context.span(Role::Dim, format!("{seconds:>7.1} s  ")),
                    context.span(Role::Dim, text::pad(entry.step.name(), 8)),
                    context.span(Role::Keyword, text::pad(entry.kind.word(), 5)),
                ]
            } else {
                vec![Span::raw(" ".repeat(COLUMNS))]
            };
            spans.push(context.span(Role::Text, piece));
            lines.push(Line::from(spans));
        }
    }
    lines
}

/// What is shown, as text without colors: for the clipboard.
pub(crate) fn copied(app: &App, log: &ActivityPane) -> String {
    let lines = app.activity.matching(log.search.value()).map(|entry| {
        let text = redact::text(app, &entry.text);
        let seconds = entry.at.as_secs_f64();
        format!("{seconds:.1} s {} {} {text}", entry.step, entry.kind.word())
    });
    lines.collect::<Vec<_>>().join("\n")
}
