//! Lists of checks, and the ladder: a sign, a name, what was seen, how long it took.

use std::time::Duration;

use ratatui::text::{Line, Span};

use crate::{
    detail::{Check, CheckState},
    tui::{screens::Pen, text, theme::Role},
};

/// The lines of a list of checks, in columns.
pub fn list(pen: Pen<'_>, checks: &[Check]) -> Vec<Line<'static>> {
    let label = checks
        .iter()
        .map(|check| text::width(&check.label))
        .max()
        .unwrap_or(0)
        .min(pen.width / 3);
    checks
        .iter()
        .flat_map(|check| one(pen, check, label))
        .collect()
}

fn one(pen: Pen<'_>, check: &Check, label: usize) -> Vec<Line<'static>> {
    let (glyph, role) = pen.theme.check(check.state);
    let time = match (check.elapsed, check.state) {
        (Some(elapsed), _) => text::elapsed(elapsed),
        (None, CheckState::Skipped) => "skipped".to_owned(),
        (
            None,
            CheckState::Waiting
            | CheckState::Running
            | CheckState::Ok
            | CheckState::Warning
            | CheckState::Gap,
        ) => String::new(),
    };
    let used = label + 4;
    let time_room = if time.is_empty() {
        0
    } else {
        text::width(&time) + 2
    };
    let room = pen.width.saturating_sub(used + time_room);
    let quiet = matches!(check.state, CheckState::Waiting | CheckState::Skipped);
    let said = if quiet { Role::Dim } else { Role::Text };
    let mut left = vec![
        pen.span(role, glyph),
        Span::raw(" "),
        pen.span(said, text::pad(&check.label, label)),
        Span::raw("  "),
    ];
    // a sentence is worth its whole; a single value loses its middle
    if check.text.trim().contains(' ') && text::width(&text::clean(&check.text)) > room {
        let mut parts = text::wrap(&check.text, room).into_iter();
        left.push(pen.span(said, parts.next().unwrap_or_default()));
        let mut lines = vec![pen.ends(left, pen.span(Role::Dim, time))];
        let indent = " ".repeat(used);
        lines.extend(parts.map(|part| Line::from(pen.span(said, format!("{indent}{part}")))));
        return lines;
    }
    left.push(pen.span(said, text::elide(&check.text, room)));
    if time.is_empty() {
        vec![Line::from(left)]
    } else {
        vec![pen.ends(left, pen.span(Role::Dim, time))]
    }
}

/// The signs of a few checks in one line: `ignored ✓  untracked ✓  0600 ✓`.
pub fn inline(pen: Pen<'_>, checks: &[Check]) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    for check in checks {
        let (glyph, role) = pen.theme.check(check.state);
        if !spans.is_empty() {
            spans.push(Span::raw("  "));
        }
        spans.push(pen.span(Role::Dim, format!("{} ", text::clean(&check.label))));
        spans.push(pen.span(role, glyph));
    }
    spans
}

/// Round trips as little bars, the last ones that fit, with their median and their worst.
pub fn sparkline(pen: Pen<'_>, samples: &[Duration]) -> Option<Line<'static>> {
    const BARS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let worst = *sorted.last()?;
    let median = *sorted.get(sorted.len() / 2)?;
    let words = format!(
        "median {}, worst {}",
        text::elapsed(median),
        text::elapsed(worst)
    );
    let room = pen
        .width
        .saturating_sub(text::width(&words) + 17)
        .clamp(8, 40);
    let skipped = samples.len().saturating_sub(room);
    let bars: String = samples
        .iter()
        .skip(skipped)
        .map(|sample| {
            let share = sample.as_micros() * 7 / worst.as_micros().max(1);
            BARS.get(usize::try_from(share).unwrap_or(7))
                .copied()
                .unwrap_or("█")
        })
        .collect();
    Some(Line::from(vec![
        pen.span(Role::Dim, text::pad("Round trips", 13)),
        pen.span(Role::Ok, bars),
        pen.span(Role::Dim, format!("  {words}")),
    ]))
}
