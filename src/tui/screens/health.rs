//! Health: the checks, from the host's name to the application's own answer, each with its time.

use ratatui::text::Line;

use crate::{
    core::{facts::Facts, plan::StepState},
    tui::{text_context::TextContext, theme::Role, widgets::timed_checks},
};

/// The lines of the step's facts.
pub(crate) fn facts(context: TextContext<'_>, state: &StepState) -> Vec<Line<'static>> {
    let Some(Facts::Health(health)) = &state.facts else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if let Some(watch) = &context.app.watch {
        // above the checks, where no window is too small for it
        lines.push(context.line(Role::Accent, &watch.summary()));
        let samples: Vec<_> = watch.samples.iter().copied().collect();
        lines.extend(timed_checks::sparkline(context, &samples));
        lines.push(Line::default());
        lines.extend(timed_checks::lines(context, health));
        return lines;
    }
    lines.extend(timed_checks::lines(context, health));
    if health.samples.len() > 1
        && let Some(line) = timed_checks::sparkline(context, &health.samples)
    {
        lines.push(Line::default());
        lines.push(line);
    }
    lines
}
