//! Health: the ladder from the host's name to the application's own answer; each rung with its time.

use ratatui::text::Line;

use super::Pen;
use crate::{
    answer::Answer,
    detail::{CheckState, Detail, Health},
    plan::StepState,
    tui::{
        app::{Action, Ask, Choice},
        widgets::checks,
    },
};

fn detail(state: &StepState) -> Option<&Health> {
    match &state.detail {
        Some(Detail::Health(health)) => Some(health),
        _ => None,
    }
}

/// The choices.
pub fn ask(state: &StepState) -> Ask {
    let waiting = detail(state).is_some_and(|health| {
        health.rungs.iter().all(|rung| {
            matches!(
                rung.state,
                CheckState::Ok | CheckState::Waiting | CheckState::Skipped | CheckState::Warning
            )
        })
    });
    let label = if waiting {
        "Start the app, and ask it"
    } else {
        "Climb the whole ladder again"
    };
    Ask::first(vec![Choice::new(
        label,
        "climb",
        Action::Apply(Answer::Default),
    )])
}

/// What is known.
pub fn facts(pen: Pen<'_>, state: &StepState) -> Vec<Line<'static>> {
    let Some(health) = detail(state) else {
        return Vec::new();
    };
    let mut lines = checks::list(pen, &health.rungs);
    if health.samples.len() > 1
        && let Some(line) = checks::sparkline(pen, &health.samples)
    {
        lines.push(Line::default());
        lines.push(line);
    }
    lines
}
