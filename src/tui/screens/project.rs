//! Project: what exists under the wanted name is joined; a second one of that name is never made silently.

use std::sync::Arc;

use ratatui::text::Line;
use tui_input::Input;

use crate::tui::screens::Pen;
use crate::{
    core::{
        answer::{Answer, ProjectAnswer},
        choices,
        facts::{self, Facts, ListedProject, ProjectFacts},
        invocation::Invocation,
        plan::{Status, StepState},
        step::StepId,
    },
    tui::{
        state::{Action, App, Choice, Focus},
        text,
        theme::Role,
        view,
        widgets::field,
    },
};

/// From so many on, the filter is shown before it is asked for.
const MANY: usize = 7;

/// What stands before a project's name where creating one is offered, too.
const JOIN: &str = "Join ";

/// What the user has answered here.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// What the list is filtered by.
    pub filter: Input,
    /// Whether another project was asked for although one is joined.
    pub change: bool,
    /// Whether all projects are being listed for that.
    pub listing: bool,
    /// What the filter has found last: a frame asks for it several times.
    found: Option<Arc<Found>>,
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

/// What a filter has found in a list.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    filter: String,
    list: Arc<[ListedProject]>,
    /// The places in the list.
    places: Vec<usize>,
    /// How many of them may be the one that is meant.
    meant: usize,
    /// The columns of the longest name.
    name: usize,
    /// The columns of the longest region.
    region: usize,
}

impl Found {
    fn new(list: &Arc<[ListedProject]>, filter: &str) -> Self {
        let mut found = Self {
            filter: filter.to_owned(),
            list: Arc::clone(list),
            places: Vec::new(),
            meant: 0,
            name: 0,
            region: 0,
        };
        for (place, choice) in facts::matching(list, filter) {
            found.places.push(place);
            found.meant += usize::from(choice.meant);
            found.name = found.name.max(text::width(&choice.name));
            found.region = found.region.max(text::width(&choice.region));
        }
        found
    }

    fn is_of(&self, list: &Arc<[ListedProject]>, filter: &str) -> bool {
        Arc::ptr_eq(&self.list, list) && self.filter == filter
    }
}

/// What the filter finds now: remembered, or looked for.
fn found(app: &App, list: &ProjectFacts) -> Arc<Found> {
    let filter = app.project.filter.value();
    let remembered = app.project.found.as_ref();
    remembered
        .filter(|found| found.is_of(&list.choices, filter))
        .map_or_else(|| Arc::new(Found::new(&list.choices, filter)), Arc::clone)
}

/// Looks once for what the filter finds, so that the frame that follows need not.
pub(crate) fn remember(app: &mut App) {
    if lists(app)
        && let Some(list) = list(app.plan.step(StepId::Project))
    {
        app.project.found = Some(found(app, list));
    }
}

/// The projects that the filter has found, as choices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Rows {
    found: Option<Arc<Found>>,
    /// The columns of the name and of the region.
    columns: (usize, usize),
    /// What stands before each name, where other choices stand above it.
    verb: &'static str,
}

impl Rows {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.found.as_ref().map_or(0, |found| found.places.len())
    }

    /// What the filter has left of them.
    pub(crate) fn meant(&self) -> choices::Found {
        self.found
            .as_ref()
            .map_or_else(choices::Found::default, |found| choices::Found {
                filtered: !found.filter.trim().is_empty(),
                meant: found.meant,
            })
    }

    /// Gives the columns their widths in a window of so many; `creating` says that creating one is offered above them.
    #[must_use]
    pub(crate) fn laid_out(mut self, creating: bool, columns: u16) -> Self {
        let Some(found) = &self.found else {
            return self;
        };
        let region = found.region.min(20);
        // what is left beside the region, the version and the age
        let room = usize::from(view::text_width(columns)).saturating_sub(region + 27);
        let name = found.name.min(room.clamp(12, 48));
        self.columns = (name, region);
        if creating {
            self.verb = JOIN;
            self.columns.0 = name.min(room.saturating_sub(JOIN.len()).max(12));
        }
        self
    }

    /// The choice of one of them.
    pub(crate) fn get(&self, index: usize) -> Option<Choice> {
        let found = self.found.as_ref()?;
        let choice = found.list.get(*found.places.get(index)?)?;
        let (name, region) = self.columns;
        let join = Answer::Project(ProjectAnswer::Join(choice.id.clone()));
        let command = Invocation::JoinProject(choice.id.clone()).to_string();
        Some(
            Choice::new(
                format!("{}{}", self.verb, text::pad(&choice.name, name)),
                "join",
                Action::Apply(join),
            )
            .note(format!(
                "{}  pg {}  {}",
                text::pad(&choice.region, region),
                choice.postgres,
                choice.age
            ))
            .command(command),
        )
    }
}

/// The projects to choose from.
pub(crate) fn rows(app: &App, state: &StepState) -> Rows {
    Rows {
        found: list(state).map(|list| found(app, list)),
        ..Rows::default()
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
    let found = found(pen.app, list).places.len();
    let words = format!("{found} of {}", list.choices.len());
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
    use crate::testing::screens::{Stage, todo};

    /// A key looks through the list once, and the frame after it not at all.
    #[test]
    fn what_a_filter_has_found_is_remembered_for_the_frame() {
        let mut stage = Stage::up_to(StepId::Project);
        stage.keys(&[KeyCode::Char('/')]).types("BILL");
        let app = &stage.app;
        let list = list(app.plan.step(StepId::Project)).unwrap();
        let remembered = app.project.found.clone().unwrap();
        assert_eq!(
            (remembered.filter.as_str(), remembered.places.len()),
            ("BILL", 1)
        );
        assert!(Arc::ptr_eq(&remembered, &found(app, list)));
        let rows = crate::tui::screens::ask(app).projects;
        assert!(Arc::ptr_eq(&remembered, rows.found.as_ref().unwrap()));
        // another filter, and another list, are looked through anew
        stage.types("x");
        assert!(stage.app.project.found.as_ref().unwrap().places.is_empty());
        stage.keys(&[KeyCode::Esc]);
        stage.app.probe(&[StepId::Project]).unwrap();
        stage.probed(StepId::Project, todo(StepId::Project));
        let anew = stage.app.project.found.clone().unwrap();
        assert!(!Arc::ptr_eq(&anew.list, &remembered.list));
    }
}
