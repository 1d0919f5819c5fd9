//! The mouse: what lies under it means what a key would. It is off until asked for, since a terminal whose mouse is taken no
//! longer selects text.

use ratatui::layout::{Position, Rect};

use crate::tui::{
    choices::{chosen_index, of_screen},
    dialog,
    keymap::Command,
    state::{App, Focus, Overlay, Screen},
    view::{self, Place},
    widgets::{choices, stepper},
};

/// What the mouse did. Where: column and row, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mouse {
    /// The first button was pressed.
    Press(u16, u16),
    /// The wheel was turned away from the user.
    WheelUp,
    /// The wheel was turned towards the user.
    WheelDown,
}

/// What a press means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The same as a key.
    Command(Command),
    /// This choice is chosen; a second press does it.
    Choose(usize),
    /// This answer to the question that lies over the page is chosen: yes, or no; a second press gives it.
    Answer(bool),
    /// The keys go there.
    Focus(Focus),
}

/// What a press at this place means; nothing where nothing can be pressed. What lies over the page takes every press.
pub(crate) fn meaning(app: &App, column: u16, row: u16) -> Option<Meaning> {
    let at = Position::new(column, row);
    if let Some(overlay) = &app.overlay {
        return answer(app, overlay, at);
    }
    let place = view::place(app);
    step(app, &place, at)
        .map(Meaning::Command)
        .or_else(|| choice(app, &place, at))
        .or_else(|| {
            let parts = app.parts();
            let part = |focus: Focus, area: Rect| {
                (area.contains(at) && parts.contains(&focus)).then_some(Meaning::Focus(focus))
            };
            part(Focus::Field, place.field).or_else(|| part(Focus::Body, place.body))
        })
}

fn answer(app: &App, overlay: &Overlay, at: Position) -> Option<Meaning> {
    let Overlay::Confirm(confirm) = overlay else {
        return None;
    };
    let answers = dialog::answers(app).filter(|answers| answers.contains(at))?;
    let yes = at.y > answers.y;
    Some(if confirm.yes == yes {
        Meaning::Command(Command::Enter)
    } else {
        Meaning::Answer(yes)
    })
}

fn step(app: &App, place: &Place, at: Position) -> Option<Command> {
    let screen = if place.steps.contains(at) {
        stepper::at_row(usize::from(at.y - place.steps.y))
    } else if place.steps.is_empty() && at.y == 1 {
        stepper::at_column(app, usize::from(at.x))
    } else {
        None
    }?;
    Some(match screen {
        Screen::Step(step) => Command::Jump(step),
        Screen::Summary => Command::Summary,
    })
}

fn choice(app: &App, place: &Place, at: Position) -> Option<Meaning> {
    if !place.ask.contains(at) {
        return None;
    }
    let choices = of_screen(app);
    let first = choices::first(app, &choices, usize::from(place.ask.height));
    let index = first + usize::from(at.y - place.ask.y);
    if index >= choices.count() {
        return None;
    }
    Some(if chosen_index(app, &choices) == Some(index) {
        Meaning::Command(Command::Enter)
    } else {
        Meaning::Choose(index)
    })
}
