//! Secrets: what was searched, and what was found.

use ratatui::text::Line;

use crate::{
    core::{facts::Facts, plan::StepState},
    tui::{text_context::TextContext, widgets::checks},
};

/// The lines of the step's facts.
pub(crate) fn facts(context: TextContext<'_>, state: &StepState) -> Vec<Line<'static>> {
    match &state.facts {
        Some(Facts::Secrets(secrets)) => checks::list(context, &secrets.checks),
        _ => Vec::new(),
    }
}
