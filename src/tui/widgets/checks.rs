//! Lists of checks: a glyph, a name, what was seen, how long it took.

use ratatui::text::{Line, Span};

use crate::{
    core::facts::{Check, CheckState},
    domain::duration,
    tui::{
        text,
        text_context::TextContext,
        theme::{Role, Theme},
    },
};

/// The lines of a list of checks, in columns.
pub(crate) fn list(context: TextContext<'_>, checks: &[Check]) -> Vec<Line<'static>> {
    rows(context, checks, 0, |_| None)
}

/// The columns of a list, as wide as its widest entries.
struct CheckColumns {
    label: usize,
    bar: usize,
    time: usize,
}

/// The same, with a bar of `bar` columns beside the time of those that have one.
pub(crate) fn rows(
    context: TextContext<'_>,
    checks: &[Check],
    bar: usize,
    draw: impl Fn(&Check) -> Option<Span<'static>>,
) -> Vec<Line<'static>> {
    let widest = |texts: &mut dyn Iterator<Item = String>| {
        texts.map(|text| text::width(&text)).max().unwrap_or(0)
    };
    let columns = CheckColumns {
        label: widest(&mut checks.iter().map(|check| check.label.clone()))
            .min(context.width * 2 / 5),
        bar,
        time: widest(&mut checks.iter().map(time)),
    };
    checks
        .iter()
        .flat_map(|check| one(context, check, &columns, draw(check)))
        .collect()
}

fn time(check: &Check) -> String {
    match (check.elapsed, check.state) {
        (Some(elapsed), _) => duration::format(elapsed),
        (None, CheckState::Skipped) => "skipped".to_owned(),
        (
            None,
            CheckState::Waiting
            | CheckState::Running
            | CheckState::Ok
            | CheckState::Warning
            | CheckState::Gap,
        ) => String::new(),
    }
}

fn one(
    context: TextContext<'_>,
    check: &Check,
    columns: &CheckColumns,
    bar: Option<Span<'static>>,
) -> Vec<Line<'static>> {
    let (glyph, role) = Theme::check(check.state);
    let time = time(check);
    let used = columns.label + 4;
    let mut right = Vec::new();
    if let Some(bar) = bar.filter(|_| columns.bar > 0) {
        let gap = columns.time.saturating_sub(text::width(&time)) + 2;
        right.push(bar);
        right.push(context.span(Role::Dim, format!("{}{time}", " ".repeat(gap))));
    } else if !time.is_empty() {
        right.push(context.span(Role::Dim, time));
    }
    let taken: usize = right.iter().map(Span::width).sum();
    let room = context
        .width
        .saturating_sub(used + if taken == 0 { 0 } else { taken + 2 });
    let quiet = matches!(check.state, CheckState::Waiting | CheckState::Skipped);
    let text_role = if quiet { Role::Dim } else { Role::Text };
    let mut left = vec![
        context.span(role, glyph),
        Span::raw(" "),
        context.span(text_role, text::pad(&check.label, columns.label)),
        Span::raw("  "),
    ];
    // a sentence is worth its whole; a single value loses its middle
    let seen = text::without_backticks(&check.text);
    let (first, rest) = if seen.trim().contains(' ') {
        text::wrap_first(&seen, room, context.width.saturating_sub(used))
    } else {
        (text::shorten(&seen, room), Vec::new())
    };
    left.push(context.span(text_role, first));
    let gap = context
        .width
        .saturating_sub(left.iter().map(Span::width).sum::<usize>() + taken);
    if taken > 0 {
        left.push(Span::raw(" ".repeat(gap.max(1))));
        left.extend(right);
    }
    let indent = " ".repeat(used);
    let mut lines = vec![Line::from(left)];
    lines.extend(
        rest.into_iter()
            .map(|part| Line::from(context.span(text_role, format!("{indent}{part}")))),
    );
    lines
}

/// The glyphs of a few checks in one line: `ignored ✓  untracked ✓  0600 ✓`.
pub(crate) fn inline(context: TextContext<'_>, checks: &[Check]) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    for check in checks {
        let (glyph, role) = Theme::check(check.state);
        if !spans.is_empty() {
            spans.push(Span::raw("  "));
        }
        spans.push(context.span(Role::Dim, format!("{} ", text::clean(&check.label))));
        spans.push(context.span(role, glyph));
    }
    spans
}
