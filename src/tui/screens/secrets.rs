//! Secrets: what was looked through, what was found, and the cure first.

use ratatui::text::Line;

use super::Pen;
use crate::{detail::Detail, plan::StepState, tui::widgets::checks};

/// What is known.
pub fn facts(pen: Pen<'_>, state: &StepState) -> Vec<Line<'static>> {
    match &state.detail {
        Some(Detail::Secrets(secrets)) => checks::list(pen, &secrets.checks),
        _ => Vec::new(),
    }
}
