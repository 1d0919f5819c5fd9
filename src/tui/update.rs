//! What happens on each message. Pure and total: no IO, no clock, no environment; what is to be done goes out as data.
//!
//! | module | handles |
//! |---|---|
//! | [`keys`], [`mouse`] | input, which becomes a command |
//! | [`typing`] | characters and pastes for a field |
//! | [`overlay`], [`panes`], [`presenter`] | commands for what lies over the screen |
//! | [`replay`] | the presentation that plays by itself |
//! | [`screen`] | commands on a screen |
//! | [`proposal`] | what is asked before the first step |
//! | [`actions`] | what the chosen row does |
//! | [`movement`] | the choice, the text, the screens |
//! | [`watch`] | the watch of the health screen |
//! | [`events`] | what the engine reports |

mod actions;
mod events;
mod keys;
mod mouse;
mod movement;
mod overlay;
mod panes;
mod presenter;
mod proposal;
mod replay;
mod screen;
mod typing;
mod watch;

use std::time::Duration;

use crossterm::event::KeyCode;

use crate::{
    os::signals::Signal,
    tui::{
        keymap::KeyCommand,
        msg::{Effect, ExitReason, MouseInput, Msg},
        state::{App, overlay::Overlay},
    },
};

/// Takes a message in; what is to be done comes out.
pub(crate) fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    let asked = |app: &App| (app.screen, app.overlay.as_ref().map(Overlay::asked));
    let before = asked(app);
    let effects = handle(app, msg);
    if before != asked(app) {
        app.shown.change();
    }
    app.remember_matches();
    effects
}

fn handle(app: &mut App, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Tick(now) => tick(app, now),
        Msg::Resize(columns, rows) => {
            app.size = (columns, rows);
            movement::clamp_scroll(app);
            Vec::new()
        }
        Msg::Background { light } => {
            app.theme.light = light;
            Vec::new()
        }
        Msg::Drawn => {
            app.shown.draw();
            Vec::new()
        }
        Msg::Engine(event) => events::engine(app, &event),
        Msg::Proposal(outcome) => proposal::outcome(app, *outcome),
        Msg::Demo(outcome) => presenter::demo(app, *outcome),
        Msg::Edited(outcome) => actions::edited(app, outcome),
        Msg::PsqlEnded(outcome) => {
            actions::psql_ended(app, outcome);
            Vec::new()
        }
        Msg::Paste(secret) => {
            app.taken.clear();
            typing::paste(app, secret.expose());
            Vec::new()
        }
        Msg::Key(event) => {
            // whoever presses anything else may do the same again
            if event.code != KeyCode::Enter {
                app.taken.clear();
                app.shown.release();
            }
            keys::press(app, event)
        }
        Msg::Mouse(MouseInput::Press(..)) if app.shown.is_unseen() => Vec::new(),
        Msg::Mouse(input) => {
            app.taken.clear();
            mouse::input(app, input)
        }
        Msg::Signal(signal) => match signal {
            Signal::Interrupt => actions::interrupt(app),
            Signal::Terminate | Signal::Quit => vec![Effect::Quit(ExitReason::Cancelled)],
            Signal::Hangup => vec![Effect::Quit(ExitReason::Hangup)],
            Signal::Stop => vec![Effect::Suspend],
        },
        Msg::InputClosed => vec![Effect::Quit(ExitReason::Hangup)],
    }
}

fn tick(app: &mut App, now: Duration) -> Vec<Effect> {
    app.now = now;
    app.toast = app.toast.take().filter(|toast| toast.until > now);
    app.login.revealed_until = app.login.revealed_until.filter(|until| *until > now);
    app.pressed_keys.fade(now);
    let mut effects: Vec<_> = watch::probe_when_due(app).into_iter().collect();
    if app.shown.is_due(now) {
        effects.extend(keys::perform(app, KeyCommand::Enter));
    }
    effects.extend(replay::play(app));
    effects
}
