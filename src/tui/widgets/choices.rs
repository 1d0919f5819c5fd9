//! The choices: a window around the chosen one where there are more than fit.

use ratatui::text::{Line, Span};

use crate::{
    core::{
        choices::{Action, ChoiceRow, Choices},
        facts::ListedProject,
        redact::REDACTED,
    },
    tui::{
        choices, layout,
        state::{App, Focus},
        text,
        text_context::TextContext,
        theme::Role,
    },
};

/// The first row that is shown where there is room for `height` of them.
pub(crate) fn first_shown(app: &App, choices: &Choices, height: usize) -> usize {
    choices::chosen_index(app, choices)
        .unwrap_or(0)
        .saturating_sub(height.saturating_sub(1) / 2)
        .min(choices.count().saturating_sub(height))
}

/// The lines of the choices, at most `height` of them.
pub(crate) fn lines(
    context: TextContext<'_>,
    choices: &Choices,
    height: usize,
) -> Vec<Line<'static>> {
    let chosen = choices::chosen_index(context.app, choices);
    let columns = ProjectColumns::new(context.app, choices);
    let count = choices.count();
    let first = first_shown(context.app, choices, height);
    let step = context.app.screen.step();
    let quiet = step.is_some_and(|step| context.app.is_working(step));
    (first..count)
        .take(height)
        .filter_map(|index| Some((index, choices.get(index)?)))
        .map(|(index, row)| {
            let above = index == first && first > 0;
            let below = index + 1 == first + height && first + height < count;
            let mark = match (above, below) {
                (true, _) => "↑",
                (_, true) => "↓",
                _ => " ",
            };
            let (label, note) = match row {
                ChoiceRow::Choice(choice) if choice.names_account() && context.app.presenter => {
                    (choice.label.clone(), REDACTED.to_owned())
                }
                ChoiceRow::Choice(choice) => (choice.label.clone(), choice.note.clone()),
                ChoiceRow::Project(project) => columns.texts(project),
            };
            line(context, &label, &note, chosen == Some(index), quiet, mark)
        })
        .collect()
}

/// What is before a project's name where creating one is a choice, too.
const JOIN: &str = "Join ";

/// The columns of the projects.
#[derive(Debug, Default)]
struct ProjectColumns {
    prefix: &'static str,
    name: usize,
    region: usize,
}

impl ProjectColumns {
    fn new(app: &App, choices: &Choices) -> Self {
        let Some(found) = app.project_matches() else {
            return Self::default();
        };
        let region = found.region_width.min(20);
        // what is left beside the region, the version and the age
        let room = usize::from(layout::text_width(app.size.0)).saturating_sub(region + 27);
        let name = found.name_width.min(room.clamp(12, 48));
        let above = choices.above_projects();
        if above.iter().any(|choice| choice.action == Action::Create) {
            Self {
                prefix: JOIN,
                name: name.min(room.saturating_sub(JOIN.len()).max(12)),
                region,
            }
        } else {
            Self {
                prefix: "",
                name,
                region,
            }
        }
    }

    /// A project's label and note.
    fn texts(&self, project: &ListedProject) -> (String, String) {
        let name = text::pad(&project.name, self.name);
        let region = text::pad(&project.region, self.region);
        (
            format!("{}{name}", self.prefix),
            format!("{region}  pg {}  {}", project.postgres, project.age),
        )
    }
}

fn line(
    context: TextContext<'_>,
    label: &str,
    note: &str,
    chosen: bool,
    quiet: bool,
    mark: &'static str,
) -> Line<'static> {
    let room = context.width.saturating_sub(2);
    let label = &text::without_backticks(label);
    let note_width = text::width(&text::clean(note));
    let label_width = text::width(&text::clean(label)).min(room);
    let (label_room, note_room) = if note_width == 0 {
        (room, 0)
    } else if label_width + 2 + note_width <= room {
        (label_width, note_width)
    } else {
        // the label is the answer; the note gives way first
        let note = room
            .saturating_sub(label_width + 2)
            .max(room / 3)
            .min(note_width);
        (room.saturating_sub(note + 2), note)
    };
    let role = match (quiet, chosen) {
        (true, _) => Role::Dim,
        (false, true) => Role::Accent,
        (false, false) => Role::Text,
    };
    let sign = if chosen && !quiet { "❯" } else { mark };
    let sign_role = if chosen && context.app.focus != Focus::Body {
        Role::Accent
    } else {
        Role::Dim
    };
    let mut spans = vec![
        context.span(sign_role, sign),
        Span::raw(" "),
        context.span(role, text::elide(label, label_room)),
    ];
    if note_room > 0 {
        spans.push(Span::raw("  "));
        spans.push(context.span(Role::Dim, text::elide(note, note_room)));
    }
    Line::from(spans)
}
