//! Project: what exists under the wanted name is joined; a second one of that name is never made silently.

use std::sync::Arc;

use ratatui::text::Line;
use tui_input::Input;

use crate::tui::screens::Pen;
use crate::{
    core::{
        choices::ProjectMatches,
        facts::{Facts, ListedProject, ProjectFacts},
        plan::{Status, StepState},
        step::StepId,
    },
    tui::{
        state::{App, Focus},
        text,
        theme::Role,
        widgets::field,
    },
};

/// From so many on, the filter is shown before it is asked for.
const MANY: usize = 7;

/// What the user has answered here.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// What the list is filtered by.
    pub filter: Input,
    /// Whether another project was asked for although one is joined.
    pub change: bool,
    /// Whether all projects are being listed for that.
    pub listing: bool,
    /// What the filter has matched last.
    matches: Option<Arc<ListMatches>>,
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.filter.value() == other.filter.value()
            && (self.change, self.listing) == (other.change, other.listing)
    }
}

/// The list, if there is one.
pub(crate) fn list(state: &StepState) -> Option<&ProjectFacts> {
    match &state.facts {
        Some(Facts::Project(project)) => Some(project),
        _ => None,
    }
}

/// Whether the screen lists projects to choose from.
pub(crate) fn lists(app: &App) -> bool {
    let asks = match app.settled(StepId::Project) {
        Status::Todo | Status::Failed => true,
        Status::Done => app.project.change,
        Status::Unknown | Status::Running | Status::Skipped => false,
    };
    app.screen.step() == Some(StepId::Project)
        && asks
        && list(app.plan.step(StepId::Project)).is_some_and(|list| !list.choices.is_empty())
}

/// Whether a project of this name exists.
pub(crate) fn exists(app: &App, name: &str) -> bool {
    list(app.plan.step(StepId::Project)).is_some_and(|list| list.has(name))
}

/// The wanted name, or the first `name-2` that no project has.
pub(crate) fn free_name(app: &App) -> String {
    let wanted = list(app.plan.step(StepId::Project))
        .map_or_else(|| app.options.project.clone(), |list| list.wanted.clone());
    if !exists(app, &wanted) {
        return wanted;
    }
    (2..100)
        .map(|number| format!("{wanted}-{number}"))
        .find(|name| !exists(app, name))
        .unwrap_or_default()
}

/// The projects that the filter matches, and the columns that the longest of them take.
#[derive(Debug)]
pub(crate) struct ListMatches {
    pub matches: Arc<ProjectMatches>,
    pub name_width: usize,
    pub region_width: usize,
}

impl ListMatches {
    fn new(matches: ProjectMatches) -> Self {
        let widest = |text: fn(&ListedProject) -> &str| {
            let widths = matches.iter().map(|project| text::width(text(project)));
            widths.max().unwrap_or(0)
        };
        Self {
            name_width: widest(|project| &project.name),
            region_width: widest(|project| &project.region),
            matches: Arc::new(matches),
        }
    }
}

/// The projects that the filter matches, where projects are listed: remembered, or looked for.
pub(crate) fn matches(app: &App) -> Option<Arc<ListMatches>> {
    if !lists(app) {
        return None;
    }
    let list = &list(app.plan.step(StepId::Project))?.choices;
    let filter = app.project.filter.value();
    let remembered = app.project.matches.as_ref();
    let remembered = remembered.filter(|found| found.matches.are_of(list, filter));
    Some(remembered.map_or_else(
        || Arc::new(ListMatches::new(ProjectMatches::new(list, filter))),
        Arc::clone,
    ))
}

/// Looks once for what the filter matches, so that the frame that follows need not.
pub(crate) fn remember(app: &mut App) {
    if let Some(matches) = matches(app) {
        app.project.matches = Some(matches);
    }
}

/// What is known.
pub(crate) fn facts(pen: Pen<'_>, state: &StepState) -> Vec<Line<'static>> {
    let Some(list) = list(state) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if let Some(joined) = &list.joined {
        lines.push(pen.fact("Project", &format!("{}  {}", joined.name, joined.id)));
        lines.push(pen.fact(
            "Runs",
            &format!("Postgres {} in {}", joined.postgres, joined.region),
        ));
        lines.push(pen.fact("Branch", &joined.branch));
        lines.push(pen.fact(
            "Database",
            &format!("{}, role {}", joined.database, joined.role),
        ));
        lines.push(pen.fact("Host", &joined.host));
        let compute = match joined.compute.as_str() {
            "idle" => "asleep; wakes when it is first asked",
            other => other,
        };
        lines.push(pen.fact("Compute", compute));
    }
    if list.unlisted > 0 {
        lines.extend(pen.wrapped(
            Role::Warn,
            &format!(
                "! Neon could not list {}, so a duplicate cannot be ruled out",
                text::count(list.unlisted, "project", "projects")
            ),
            0,
        ));
    }
    lines
}

/// The filter's field, and how many match.
pub(crate) fn field(pen: Pen<'_>) -> Vec<Line<'static>> {
    let Some(list) = list(pen.app.plan.step(StepId::Project)) else {
        return Vec::new();
    };
    let filter = &pen.app.project.filter;
    let focused = pen.app.focus == Focus::Field;
    if !focused && filter.value().is_empty() && list.choices.len() < MANY {
        return Vec::new();
    }
    let count = matches(pen.app).map_or(0, |found| found.matches.count());
    let words = format!("{count} of {}", list.choices.len());
    let room = pen.width.saturating_sub(13 + text::width(&words) + 2);
    let cells = if !focused && filter.value().is_empty() {
        vec![pen.span(Role::Dim, "/ to filter")]
    } else {
        field::input(pen, filter, focused, room)
    };
    let line = field::named(pen, "Filter", cells);
    vec![pen.ends(line.spans, pen.span(Role::Dim, words))]
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyCode;

    use super::*;
    use crate::testing::screens::{AppDriver, todo};

    #[test]
    fn a_filter_is_matched_once_for_a_key_and_its_frame() {
        let mut stage = AppDriver::up_to(StepId::Project);
        stage.press(&[KeyCode::Char('/')]).type_text("BILL");
        let remembered = stage.app.project.matches.clone().unwrap();
        assert_eq!(remembered.matches.count(), 1);
        assert!(Arc::ptr_eq(&remembered, &matches(&stage.app).unwrap()));
        // another filter, and another list, are matched anew
        stage.type_text("x");
        let other = stage.app.project.matches.clone().unwrap();
        assert_eq!(other.matches.count(), 0);
        stage.press(&[KeyCode::Esc]);
        let before = stage.app.project.matches.clone().unwrap();
        stage.app.probe(&[StepId::Project]).unwrap();
        stage.probe(StepId::Project, todo(StepId::Project));
        let after = stage.app.project.matches.clone().unwrap();
        assert!(!Arc::ptr_eq(&before, &after));
    }
}
