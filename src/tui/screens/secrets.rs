//! Secrets: what was looked through, what was found, and the cure first.

use ratatui::text::Line;

use crate::tui::screens::Pen;
use crate::{
    core::{facts::Facts, plan::StepState},
    tui::widgets::checks,
};

/// What is known.
pub(crate) fn facts(pen: Pen<'_>, state: &StepState) -> Vec<Line<'static>> {
    match &state.facts {
        Some(Facts::Secrets(secrets)) => checks::list(pen, &secrets.checks),
        _ => Vec::new(),
    }
}
