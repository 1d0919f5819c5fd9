//! Characters and pastes, for the field that has the focus.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a key that is not named edits nothing"
)]

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};

use crate::{
    core::step::StepId,
    tui::{
        state::{App, Focus, Screen, overlay::Overlay},
        text,
        update::presenter,
    },
};

pub(super) fn paste(app: &mut App, pasted: &str) {
    app.toast = None;
    presenter::show_paste(app);
    if let Some(Overlay::Prompt(prompt)) = &mut app.overlay {
        if std::mem::take(&mut prompt.proposed) {
            prompt.input.reset();
        }
        insert(&mut prompt.input, pasted);
        prompt.problem = None;
        return;
    }
    match &mut app.overlay {
        Some(Overlay::Activity(pane)) if pane.typing => insert(&mut pane.search, pasted),
        Some(Overlay::Palette(palette)) => {
            insert(&mut palette.search, pasted);
            palette.chosen = 0;
        }
        Some(_) | None => {}
    }
    if app.overlay.is_some() {
        return;
    }
    match app.screen {
        Screen::Step(StepId::Login) if app.waiting().is_some() => {
            app.login.paste_address(pasted);
            app.focus = Focus::Field;
        }
        Screen::Step(StepId::Login) if app.asks_for_key() => {
            app.follow = false;
            app.login.paste(pasted);
            app.focus = Focus::Field;
            app.chosen.remove(&app.screen);
        }
        Screen::Step(StepId::Project) if app.lists_projects() && app.focus == Focus::Field => {
            insert(&mut app.project.filter, pasted);
            app.chosen.remove(&app.screen);
        }
        Screen::Proposal | Screen::Step(_) | Screen::Summary => {
            app.notify("nothing to paste into here");
        }
    }
}

fn insert(input: &mut Input, pasted: &str) {
    for char in text::typed(pasted).chars() {
        input.handle(InputRequest::InsertChar(char));
    }
}

/// A character, or a key that edits.
pub(super) fn press(app: &mut App, event: KeyEvent) {
    app.toast = None;
    let edit =
        |input: &mut Input| request(event).is_some_and(|request| input.handle(request).is_some());
    if let Some(Overlay::Prompt(prompt)) = &mut app.overlay {
        if std::mem::take(&mut prompt.proposed)
            && matches!(request(event), Some(InputRequest::InsertChar(_)))
        {
            prompt.input.reset();
        }
        if edit(&mut prompt.input) {
            prompt.problem = None;
        }
        return;
    }
    match &mut app.overlay {
        Some(Overlay::Palette(palette)) => {
            if edit(&mut palette.search) {
                palette.chosen = 0;
            }
            return;
        }
        Some(Overlay::Activity(pane)) => {
            if edit(&mut pane.search) {
                pane.below = 0;
            }
            return;
        }
        Some(
            Overlay::Help { .. } | Overlay::Confirm(_) | Overlay::Prompt(_) | Overlay::Slide(_),
        )
        | None => {}
    }
    app.follow = false;
    match app.screen {
        Screen::Step(StepId::Login) if app.waiting().is_some() => app.login.press_address(event),
        Screen::Step(StepId::Login) => {
            app.login.press(event);
            app.chosen.remove(&app.screen);
        }
        Screen::Step(StepId::Project) => {
            if edit(&mut app.project.filter) {
                app.chosen.remove(&app.screen);
            }
        }
        Screen::Proposal | Screen::Step(_) | Screen::Summary => {}
    }
}

/// What a key does to a line of text.
fn request(event: KeyEvent) -> Option<InputRequest> {
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    Some(match event.code {
        KeyCode::Char('a') if control => InputRequest::GoToStart,
        KeyCode::Char('e') if control => InputRequest::GoToEnd,
        KeyCode::Char('u') if control => InputRequest::DeleteFromStart,
        KeyCode::Char('w') if control => InputRequest::DeletePrevWord,
        KeyCode::Char(char) if !control => InputRequest::InsertChar(char),
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        _ => return None,
    })
}
