//! The mouse: what lies under it means what a key would. It is off until asked for, since a terminal whose mouse is taken no
//! longer selects text.

use ratatui::layout::{Position, Rect};

use crate::tui::{
    choices,
    keymap::KeyCommand,
    msg::{Effect, MouseInput},
    page::Page,
    screens::dialog,
    state::{App, Focus, Screen, overlay::Overlay},
    update::{movement, overlay, screen},
    widgets::{choices as choice_lines, stepper},
};

pub(super) fn input(app: &mut App, input: MouseInput) -> Vec<Effect> {
    app.toast = None;
    match (input, &app.overlay) {
        (MouseInput::Press(column, row), Some(overlay)) => {
            let target = over_page(app, overlay, Position::new(column, row));
            press_dialog(app, target)
        }
        (MouseInput::Press(column, row), None) => {
            let page = Page::new(app, app.size);
            let target = on_page(app, &page, Position::new(column, row));
            press_page(app, &page, target)
        }
        (MouseInput::WheelUp, _) => wheel(app, -1),
        (MouseInput::WheelDown, _) => wheel(app, 1),
    }
}

/// What can be pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClickTarget {
    /// The same as a key.
    Command(KeyCommand),
    /// A row of the choices. A second press does what it says.
    Row(usize),
    /// An answer to the question that lies over the page, yes or no. A second press gives it.
    Answer(bool),
    /// A part that can have the focus.
    Part(Focus),
}

/// What is at a position of a dialog, which takes every press.
fn over_page(app: &App, overlay: &Overlay, at: Position) -> Option<ClickTarget> {
    let Overlay::Confirm(confirm) = overlay else {
        return None;
    };
    let answers = dialog::answers(app).filter(|answers| answers.contains(at))?;
    let yes = at.y > answers.y;
    Some(if confirm.yes == yes {
        ClickTarget::Command(KeyCommand::Enter)
    } else {
        ClickTarget::Answer(yes)
    })
}

/// What is at a position of a page.
fn on_page(app: &App, page: &Page, at: Position) -> Option<ClickTarget> {
    let layout = page.layout;
    let parts = page.parts(app);
    let part = |focus: Focus, area: Rect| {
        (area.contains(at) && parts.contains(&focus)).then_some(ClickTarget::Part(focus))
    };
    step(app, page, at)
        .or_else(|| row(app, page, at))
        .or_else(|| part(Focus::Field, layout.field))
        .or_else(|| part(Focus::Body, layout.body))
}

fn step(app: &App, page: &Page, at: Position) -> Option<ClickTarget> {
    let steps = page.layout.steps;
    let screen = if steps.contains(at) {
        stepper::at_row(usize::from(at.y - steps.y))
    } else if steps.is_empty() && at.y == 1 {
        stepper::at_column(app, usize::from(at.x))
    } else {
        None
    }?;
    Some(ClickTarget::Command(match screen {
        Screen::Step(step) => KeyCommand::Jump(step),
        Screen::Proposal => return None,
        Screen::Summary => KeyCommand::Summary,
    }))
}

fn row(app: &App, page: &Page, at: Position) -> Option<ClickTarget> {
    let area = page.layout.choices;
    if !area.contains(at) {
        return None;
    }
    let first = choice_lines::first_shown(app, &page.choices, usize::from(area.height));
    let index = first + usize::from(at.y - area.y);
    if index >= page.choices.count() {
        return None;
    }
    Some(
        if choices::chosen_index(app, &page.choices) == Some(index) {
            ClickTarget::Command(KeyCommand::Enter)
        } else {
            ClickTarget::Row(index)
        },
    )
}

fn press_dialog(app: &mut App, target: Option<ClickTarget>) -> Vec<Effect> {
    match (target, &mut app.overlay) {
        (Some(ClickTarget::Command(command)), _) => overlay::command(app, command),
        (Some(ClickTarget::Answer(yes)), Some(Overlay::Confirm(confirm))) => {
            confirm.yes = yes;
            Vec::new()
        }
        (Some(ClickTarget::Answer(_) | ClickTarget::Row(_) | ClickTarget::Part(_)) | None, _) => {
            Vec::new()
        }
    }
}

fn press_page(app: &mut App, page: &Page, target: Option<ClickTarget>) -> Vec<Effect> {
    match target {
        Some(ClickTarget::Command(command)) => return screen::command(app, page, command),
        Some(ClickTarget::Row(index)) => {
            app.follow = false;
            app.focus = Focus::Choices;
            app.chosen.insert(app.screen, index);
        }
        Some(ClickTarget::Part(focus)) => {
            app.follow = false;
            app.focus = focus;
        }
        Some(ClickTarget::Answer(_)) | None => {}
    }
    Vec::new()
}

fn wheel(app: &mut App, by: isize) -> Vec<Effect> {
    match app.overlay {
        // a question is not answered by the wheel
        Some(Overlay::Confirm(_) | Overlay::Prompt(_)) => Vec::new(),
        Some(
            Overlay::Help { .. } | Overlay::Slide(_) | Overlay::Activity(_) | Overlay::Palette(_),
        ) => {
            let command = if by < 0 {
                KeyCommand::Up
            } else {
                KeyCommand::Down
            };
            overlay::command(app, command)
        }
        None => {
            let page = Page::new(app, app.size);
            app.follow = false;
            if page.scrolls() {
                movement::scroll_by(app, &page, by);
            } else {
                movement::walk(app, &page, by);
            }
            Vec::new()
        }
    }
}
