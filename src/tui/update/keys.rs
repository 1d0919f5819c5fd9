//! A key press.

use crossterm::event::{KeyEvent, KeyEventKind};

use crate::{
    core::choices::Action,
    tui::{
        choices,
        keymap::{self, KeyCommand},
        msg::Effect,
        page::Page,
        state::{
            App,
            overlay::{Overlay, Slide},
            shown::EnterPress,
        },
        update::{actions, overlay, panes, presenter, screen, typing},
    },
};

pub(super) fn press(app: &mut App, event: KeyEvent) -> Vec<Effect> {
    let typing = app.is_typing();
    if event.kind != KeyEventKind::Release
        && (app.blank || app.replay.is_some())
        && keymap::command(event, false) != Some(KeyCommand::Interrupt)
    {
        // whoever ends either wants to see the screen first
        if app.replay.take().is_some() {
            app.notify("the replay has stopped; Enter continues by hand");
        }
        app.blank = false;
        app.shown.change();
        return Vec::new();
    }
    presenter::show_key(app, event);
    let Some(command) = keymap::command(event, typing) else {
        if typing {
            typing::press(app, event);
        }
        return Vec::new();
    };
    if command != KeyCommand::Enter {
        app.toast = None;
    }
    if counts_for_nothing(app, command) {
        return Vec::new();
    }
    perform(app, command)
}

/// Does what a key asks for.
pub(super) fn perform(app: &mut App, mut command: KeyCommand) -> Vec<Effect> {
    if command == KeyCommand::Enter && matches!(app.overlay, Some(Overlay::Palette(_))) {
        match panes::found(app) {
            Some(found) => command = found,
            None => return Vec::new(),
        }
    }
    let typing = app.is_typing();
    if let Some(effects) = anywhere(app, command, typing) {
        effects
    } else if app.overlay.is_some() {
        overlay::command(app, command)
    } else {
        let page = Page::new(app, app.size);
        screen::command(app, &page, command)
    }
}

/// Whether a key that answers was pressed before what is asked now was on the screen, or is held since another question. What only
/// shows something, or leaves, counts at any time.
fn counts_for_nothing(app: &mut App, command: KeyCommand) -> bool {
    // a pause is ended by a clicker's key, too
    let is_pause = matches!(app.overlay, Some(Overlay::Slide(_)));
    let enters = command == KeyCommand::Enter || (is_pause && command == KeyCommand::PageDown);
    if !enters && !matches!(command, KeyCommand::Fix | KeyCommand::Undo) {
        return false;
    }
    let press = if enters {
        app.shown.enter(app.now)
    } else {
        EnterPress::Fresh
    };
    if app.shown.is_unseen() {
        app.shown.stop_waiting();
        app.notify("The screen has just changed. Check it, then press the key again.");
        return true;
    }
    if press != EnterPress::Fresh && !acts(app) {
        app.shown.stop_waiting();
        return false;
    }
    if press == EnterPress::Held {
        app.notify("Enter is held down. Press it again.");
    }
    press != EnterPress::Fresh
}

/// Whether Enter changes anything but what is shown.
fn acts(app: &App) -> bool {
    match &app.overlay {
        Some(Overlay::Confirm(_) | Overlay::Prompt(_) | Overlay::Palette(_)) => true,
        Some(Overlay::Slide(slide)) => {
            matches!(slide, Slide::BeforeApply(_) | Slide::Incidents(_))
        }
        Some(Overlay::Help { .. } | Overlay::Activity(_)) => false,
        None => {
            let choices = choices::of_screen(app);
            choices::chosen(app, &choices).is_some_and(|row| {
                !matches!(
                    row.action(),
                    Action::GoOn | Action::GoTo(_) | Action::Change
                )
            })
        }
    }
}

/// The commands that mean the same wherever they are given.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other commands depend on where they are given"
)]
fn anywhere(app: &mut App, command: KeyCommand, typing: bool) -> Option<Vec<Effect>> {
    Some(match command {
        KeyCommand::Redraw => vec![Effect::Redraw],
        KeyCommand::Suspend => vec![Effect::Suspend],
        KeyCommand::Interrupt => actions::interrupt(app),
        KeyCommand::Presenter if !typing => {
            presenter::toggle(app);
            Vec::new()
        }
        KeyCommand::Mouse if !typing => {
            app.mouse = !app.mouse;
            app.notify(if app.mouse {
                "mouse on (M: off)"
            } else {
                "mouse off"
            });
            vec![Effect::Mouse(app.mouse)]
        }
        KeyCommand::Activity if !typing && app.overlay.is_none() => {
            panes::show_activity(app);
            Vec::new()
        }
        KeyCommand::Palette if app.overlay.is_none() => {
            panes::show_palette(app);
            Vec::new()
        }
        KeyCommand::Blank if !typing => {
            if app.presenter {
                app.blank = true;
            } else {
                app.notify("presenter mode only: press p first");
            }
            Vec::new()
        }
        _ => return None,
    })
}
