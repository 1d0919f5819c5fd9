//! Project: the one that is joined, and the filter of the others.

use ratatui::text::Line;

use crate::{
    core::{facts::Facts, plan::StepState},
    domain::counted::counted,
    tui::{state::Focus, text, text_context::TextContext, theme::Role, widgets::field},
};

/// From so many projects on, the filter is shown before it is asked for.
const MANY: usize = 7;

/// The lines of the step's facts.
pub(crate) fn facts(context: TextContext<'_>, state: &StepState) -> Vec<Line<'static>> {
    let Some(Facts::Project(list)) = &state.facts else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if let Some(joined) = &list.joined {
        lines.push(context.fact("Project", &format!("{}  {}", joined.name, joined.id)));
        lines.push(context.fact(
            "Runs",
            &format!("Postgres {} in {}", joined.postgres, joined.region),
        ));
        lines.push(context.fact("Branch", &joined.branch));
        lines.push(context.fact(
            "Database",
            &format!("{}, role {}", joined.database, joined.role),
        ));
        lines.push(context.fact("Host", &joined.host));
        let compute = match joined.compute.as_str() {
            "idle" => "asleep; wakes at the next connection",
            other => other,
        };
        lines.push(context.fact("Compute", compute));
    }
    if list.unlisted > 0 {
        lines.extend(context.wrapped(
            Role::Warn,
            &format!(
                "! Neon couldn't list {}, so a duplicate can't be ruled out",
                counted(list.unlisted, "project")
            ),
            0,
        ));
    }
    lines
}

/// The filter's field, and how many match.
pub(crate) fn field(context: TextContext<'_>) -> Vec<Line<'static>> {
    let Some(list) = context.app.project_facts() else {
        return Vec::new();
    };
    let filter = &context.app.project.filter;
    let focused = context.app.focus == Focus::Field;
    if !focused && filter.value().is_empty() && list.choices.len() < MANY {
        return Vec::new();
    }
    let matches = context.app.project_matches();
    let count = matches.map_or(0, |found| found.matches.count());
    let words = format!("{count} of {}", list.choices.len());
    let room = context.width.saturating_sub(13 + text::width(&words) + 2);
    let cells = if !focused && filter.value().is_empty() {
        vec![context.span(Role::Dim, "/ to filter")]
    } else {
        field::input(context, filter, focused, room)
    };
    let line = field::named(context, "Filter", cells);
    vec![context.justified(line.spans, context.span(Role::Dim, words))]
}
