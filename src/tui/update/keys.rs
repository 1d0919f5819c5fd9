//! A key press.

use crossterm::event::KeyEvent;

use crate::tui::{
    keymap::{self, KeyCommand},
    msg::Effect,
    page::Page,
    state::App,
    update::{actions, overlay, presenter, screen, typing},
};

pub(super) fn press(app: &mut App, event: KeyEvent) -> Vec<Effect> {
    let typing = app.is_typing();
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
    if let Some(effects) = anywhere(app, command, typing) {
        effects
    } else if app.overlay.is_some() {
        overlay::command(app, command)
    } else {
        let page = Page::new(app, app.size);
        screen::command(app, &page, command)
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
        _ => return None,
    })
}
