//! Input for the tests, and the fixtures by name.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::{
    testing::screens::fixtures,
    tui::{
        msg::{Effect, Msg},
        state::App,
        update::update,
    },
};

pub(super) fn press(app: &mut App, code: KeyCode) -> Vec<Effect> {
    update(app, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

pub(super) fn ctrl(app: &mut App, char: char) -> Vec<Effect> {
    let event = KeyEvent::new(KeyCode::Char(char), KeyModifiers::CONTROL);
    update(app, Msg::Key(event))
}

/// The fixture of this name.
pub(super) fn fixture(name: &str) -> App {
    let found = fixtures().into_iter().find(|(other, _)| *other == name);
    found.unwrap().1
}
