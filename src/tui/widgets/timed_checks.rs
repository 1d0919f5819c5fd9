//! The health checks with their times, and bars that show at a glance where the time goes.

use std::time::Duration;

use ratatui::{symbols, text::Line};

use crate::tui::widgets::{bar, checks};
use crate::{
    core::{
        facts::{Check, CheckState, HealthFacts},
        step::StepId,
    },
    domain::duration,
    tui::{state::work::SPINNER_AFTER, text, text_context::TextContext, theme::Role},
};

/// From this width on there is room for bars beside the words.
const BARS_FROM: usize = 52;
/// From this width on they may be long.
const WIDE_FROM: usize = 70;
/// A cell of waiting for a compute to wake up.
const COLD: &str = "░";

/// The lines of the checks. A bar's length grows with the square root of the time, so that an application that takes
/// seconds to start does not hide the milliseconds of the network. A cold start is hatched, and says nothing about the others:
/// it is not what the next connection will take.
pub(crate) fn lines(context: TextContext<'_>, health: &HealthFacts) -> Vec<Line<'static>> {
    let room = match context.width {
        ..BARS_FROM => 0,
        BARS_FROM..WIDE_FROM => 6,
        WIDE_FROM.. => (context.width / 7).min(20),
    };
    let checks = growing(context, &health.checks);
    let longest = checks
        .iter()
        .filter(|check| !is_cold(health, check))
        .filter_map(|check| check.elapsed)
        .max()
        .unwrap_or_default();
    checks::rows(context, &checks, room, |check| {
        let elapsed = check.elapsed?;
        let (bar, role) = if is_cold(health, check) {
            (COLD.repeat(room), Role::Accent)
        } else {
            (
                bar::cells(root(elapsed), root(longest), room),
                role(check.state),
            )
        };
        Some(context.span(role, text::pad(&bar, room)))
    })
}

/// The checks, where the one that is being measured has the time that it has taken up to now: what the others haven't.
fn growing(context: TextContext<'_>, checks: &[Check]) -> Vec<Check> {
    let mut checks = checks.to_vec();
    let app = context.app;
    if let Some(work) = app.busy(StepId::Health).filter(|_| app.watch.is_none()) {
        let measured: Duration = checks.iter().filter_map(|check| check.elapsed).sum();
        let taken = app.now.saturating_sub(work.since).saturating_sub(measured);
        let running = checks
            .iter_mut()
            .find(|check| check.state == CheckState::Running);
        if let Some(running) = running.filter(|_| taken >= SPINNER_AFTER) {
            running.elapsed = Some(taken);
        }
    }
    checks
}

/// Whether this check has waited for a compute to wake up.
fn is_cold(health: &HealthFacts, check: &Check) -> bool {
    health.cold && check.label == "Login"
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

/// The square root of the microseconds.
fn root(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros())
        .unwrap_or(u64::MAX)
        .isqrt()
}

/// Round trips as little bars, the last ones that fit, with their median and their worst.
pub(crate) fn sparkline(context: TextContext<'_>, samples: &[Duration]) -> Option<Line<'static>> {
    const BARS: [&str; 8] = [
        symbols::bar::ONE_EIGHTH,
        symbols::bar::ONE_QUARTER,
        symbols::bar::THREE_EIGHTHS,
        symbols::bar::HALF,
        symbols::bar::FIVE_EIGHTHS,
        symbols::bar::THREE_QUARTERS,
        symbols::bar::SEVEN_EIGHTHS,
        symbols::bar::FULL,
    ];
    let worst = *samples.iter().max()?;
    let median = duration::median(samples)?;
    let words = format!(
        "median {}, worst {}",
        duration::format(median),
        duration::format(worst)
    );
    let room = context
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
                .unwrap_or(symbols::bar::FULL)
        })
        .collect();
    Some(Line::from(vec![
        context.span(Role::Dim, text::pad("Round trips", 13)),
        context.span(Role::Ok, bars),
        context.span(Role::Dim, format!("  {words}")),
    ]))
}
