//! A presentation that plays by itself: Enter is pressed whenever a picture was shown for long enough, and after the end all begins again.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::{
    core::presenter::DemoRequest,
    tui::{
        keymap::KeyCommand,
        msg::Effect,
        state::{
            App, Screen,
            overlay::{Asked, Overlay},
        },
        update::{keys, presenter},
    },
};

/// Makes the next move, where it is time for one.
pub(super) fn play(app: &mut App) -> Vec<Effect> {
    let Some(mut replay) = app.replay else {
        return Vec::new();
    };
    let works = !app.work.is_empty() || app.is_preparing();
    if !works && app.now < replay.next(app.overlay.as_ref(), app.screen) {
        return Vec::new();
    }
    replay.quiet_since = app.now;
    app.replay = Some(replay);
    if works {
        return Vec::new();
    }
    if app.screen == Screen::Summary && app.overlay.is_none() {
        return presenter::request(app, DemoRequest::Reset);
    }
    let before = seen(app);
    let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
    presenter::show_key(app, enter);
    let effects = keys::perform(app, KeyCommand::Enter);
    if effects.is_empty() && before == seen(app) {
        app.replay = None;
        app.notify("the replay has stopped: this needs a person");
    }
    effects
}

/// What a move changes, if it does anything.
fn seen(app: &App) -> (Screen, Option<Asked>, u64) {
    let asked = app.overlay.as_ref().map(Overlay::asked);
    (app.screen, asked, app.plan.fingerprint())
}
