//! The mouse.

use crossterm::event::KeyCode;
use ratatui::{Terminal, backend::TestBackend};

use crate::{
    core::{
        answer::{Answer, SecretsAnswer},
        step::StepId,
    },
    testing::screens::AppDriver,
    tui::{
        msg::{Effect, MouseInput, Msg},
        page::Page,
        state::{App, Focus, Screen, overlay::Overlay},
        tests::input::press,
        update::update,
    },
};

/// Where a text begins on the drawn screen.
fn position_of(app: &App, text: &str) -> (u16, u16) {
    let (columns, rows) = app.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal
        .draw(|frame| crate::tui::view::view(app, frame))
        .unwrap();
    let buffer = terminal.backend().buffer();
    for row in 0..rows {
        let line: Vec<&str> = (0..columns).map(|x| buffer[(x, row)].symbol()).collect();
        for column in 0..line.len() {
            if line[column..].concat().starts_with(text) {
                return (u16::try_from(column).unwrap(), row);
            }
        }
    }
    panic!("`{text}` is not on the screen");
}

fn click(app: &mut App, text: &str) -> Vec<Effect> {
    let (column, row) = position_of(app, text);
    update(app, Msg::Mouse(MouseInput::Press(column, row)))
}

#[test]
fn the_mouse_is_off_by_default() {
    let mut app = AppDriver::up_to(StepId::Env).app;
    assert!(!app.mouse);
    assert_eq!(
        press(&mut app, KeyCode::Char('M')),
        [Effect::Mouse(true)],
        "on"
    );
    assert_eq!(
        press(&mut app, KeyCode::Char('M')),
        [Effect::Mouse(false)],
        "and off"
    );
    let mut typing = AppDriver::up_to(StepId::Login).app;
    typing.focus = Focus::Field;
    assert_eq!(press(&mut typing, KeyCode::Char('M')), [], "a character");
}

#[test]
fn a_click_does_what_a_key_would() {
    for size in [(80, 24), (120, 40), (60, 18)] {
        let mut app = AppDriver::up_to(StepId::Env).app;
        update(&mut app, Msg::Resize(size.0, size.1));
        assert_eq!(click(&mut app, "Skip this step"), [], "first chosen");
        assert_eq!(app.overlay, None);
        assert_eq!(click(&mut app, "Skip this step"), [], "then done");
        assert!(matches!(app.overlay, Some(Overlay::Prompt(_))));
        assert_eq!(click(&mut app, "not now"), [], "what lies over it");
        press(&mut app, KeyCode::Esc);
        // on the narrow screen a step is its number
        let (schema, second) = if size.0 < 76 {
            ("5 ", "2 ")
        } else {
            ("Schema", "Project")
        };
        click(&mut app, schema);
        assert_eq!(app.screen, Screen::Step(StepId::Schema), "{size:?}");
        click(&mut app, second);
        assert_eq!(app.screen, Screen::Step(StepId::Project), "{size:?}");
        assert_eq!(
            update(
                &mut app,
                Msg::Mouse(MouseInput::Press(size.0 - 1, size.1 - 1))
            ),
            []
        );
    }
}

#[test]
fn a_click_chooses_an_answer_and_a_second_one_gives_it() {
    for size in [(80, 24), (120, 40), (60, 18)] {
        let mut app = AppDriver::up_to(StepId::Secrets).app;
        update(&mut app, Msg::Resize(size.0, size.1));
        let asks =
            |app: &App| matches!(&app.overlay, Some(Overlay::Confirm(confirm)) if !confirm.yes);
        press(&mut app, KeyCode::Enter);
        assert!(asks(&app));
        assert_eq!(click(&mut app, "Rotate the password?"), []);
        assert!(asks(&app), "the heading is no answer");
        assert_eq!(click(&mut app, "Rotate it now"), [], "chosen");
        assert!(!asks(&app));
        assert_eq!(click(&mut app, "Go back"), [], "the other one");
        assert!(asks(&app));
        assert_eq!(click(&mut app, "Go back"), []);
        assert_eq!(app.overlay, None, "{size:?}");
        press(&mut app, KeyCode::Enter);
        click(&mut app, "Rotate it now");
        let given = click(&mut app, "Rotate it now");
        assert_eq!(
            given,
            [Effect::Apply(Answer::Secrets(
                SecretsAnswer::RotatePassword
            ))]
        );
    }
}

#[test]
fn the_wheel_scrolls_or_moves_the_choice_and_answers_nothing() {
    let mut app = AppDriver::up_to(StepId::Env).app;
    update(&mut app, Msg::Resize(60, 18));
    assert!(Page::new(&app, app.size).scrolls());
    update(&mut app, Msg::Mouse(MouseInput::WheelDown));
    update(&mut app, Msg::Mouse(MouseInput::WheelDown));
    update(&mut app, Msg::Mouse(MouseInput::WheelUp));
    assert_eq!(app.scroll.get(&app.screen), Some(&1));
    press(&mut app, KeyCode::Char('s'));
    let before = app.clone();
    update(&mut app, Msg::Mouse(MouseInput::WheelDown));
    assert_eq!(app.overlay, before.overlay);
    assert_eq!(app.scroll, before.scroll);
}
