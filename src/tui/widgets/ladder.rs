//! The ladder: a check for each rung, and a bar that shows at a glance where the time goes.

use std::time::Duration;

use ratatui::text::Line;

use crate::tui::widgets::{bar, checks};
use crate::{
    core::facts::{Check, CheckState, HealthFacts},
    domain::duration,
    tui::{screens::Pen, text, theme::Role},
};

/// From this width on there is room for bars beside the words.
const BARS_FROM: usize = 52;
/// From this width on they may be long.
const WIDE_FROM: usize = 70;
/// A cell of waiting for a compute to wake up.
const COLD: &str = "░";

/// The lines of the ladder. A bar's length grows with the square root of the time, so that an application that takes
/// seconds to start does not hide the milliseconds of the network. A cold start is hatched, and is no measure for the others:
/// it is not what the next connection will take.
pub(crate) fn lines(pen: Pen<'_>, health: &HealthFacts) -> Vec<Line<'static>> {
    let room = match pen.width {
        ..BARS_FROM => 0,
        BARS_FROM..WIDE_FROM => 6,
        WIDE_FROM.. => (pen.width / 7).min(20),
    };
    let longest = health
        .rungs
        .iter()
        .filter(|rung| !cold(health, rung))
        .filter_map(|rung| rung.elapsed)
        .max()
        .unwrap_or_default();
    checks::rows(pen, &health.rungs, room, |rung| {
        let elapsed = rung.elapsed?;
        let (bar, role) = if cold(health, rung) {
            (COLD.repeat(room), Role::Accent)
        } else {
            (
                bar::cells(root(elapsed), root(longest), room),
                role(rung.state),
            )
        };
        Some(pen.span(role, text::pad(&bar, room)))
    })
}

/// Whether the time of this rung is a compute's waking up.
fn cold(health: &HealthFacts, rung: &Check) -> bool {
    health.cold && rung.label == "Login"
}

const fn role(state: CheckState) -> Role {
    match state {
        CheckState::Waiting | CheckState::Running | CheckState::Ok | CheckState::Skipped => {
            Role::Ok
        }
        CheckState::Warning => Role::Warn,
        CheckState::Gap => Role::Bad,
    }
}

/// The square root of its microseconds.
fn root(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros())
        .unwrap_or(u64::MAX)
        .isqrt()
}

/// Round trips as little bars, the last ones that fit, with their median and their worst.
pub(crate) fn sparkline(pen: Pen<'_>, samples: &[Duration]) -> Option<Line<'static>> {
    const BARS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let worst = *sorted.last()?;
    let median = *sorted.get(sorted.len() / 2)?;
    let words = format!(
        "median {}, worst {}",
        duration::words(median),
        duration::words(worst)
    );
    let room = pen
        .width
        .saturating_sub(text::width(&words) + 17)
        .clamp(8, 40);
    let skipped = samples.len().saturating_sub(room);
    // a usual round trip is no more than half a bar: samples that are all alike are low and level, not a wall
    let full = worst.max(median * 2).as_micros().max(1);
    let bars: String = samples
        .iter()
        .skip(skipped)
        .map(|sample| {
            let share = sample.as_micros() * 7 / full;
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
