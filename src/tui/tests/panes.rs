//! The activity pane and the palette, and what a key says that it has done.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::{
    core::{
        answer::{Answer, EnvAnswer, SecretsAnswer},
        environment::Environment,
        event::{Activity, ActivityKind, EventKind, Phase},
        facts::{CheckState, Facts},
        step::StepId,
    },
    testing::screens::{AppDriver, done, finished, health, options, todo},
    tui::{
        Options,
        choices::palette,
        msg::{Effect, ExitReason, Msg},
        page::Page,
        state::{Focus, Screen, overlay::Overlay},
        tests::input::press,
        update::update,
    },
};

fn activity(driver: &mut AppDriver, kind: ActivityKind, text: &str) {
    let text = text.to_owned();
    driver.emit(StepId::Health, EventKind::Activity(Activity { kind, text }));
}

fn ctrl(driver: &mut AppDriver, char: char) -> Vec<Effect> {
    let key = KeyEvent::new(KeyCode::Char(char), KeyModifiers::CONTROL);
    update(&mut driver.app, Msg::Key(key))
}

fn toast(driver: &AppDriver) -> &str {
    let toast = driver.app.toast.as_ref();
    toast.map_or("", |toast| toast.text.as_str())
}

#[test]
fn the_pane_is_searched_scrolled_copied_and_left() {
    let mut driver = AppDriver::up_to(StepId::Env);
    for number in 0..40 {
        activity(&mut driver, ActivityKind::Sql, &format!("select {number}"));
    }
    activity(&mut driver, ActivityKind::Request, "GET /projects 200");
    driver.press(&[KeyCode::Char('l')]);
    let below = |driver: &AppDriver| match &driver.app.overlay {
        Some(Overlay::Activity(pane)) => pane.below,
        other => panic!("{other:?}"),
    };
    driver.press(&[KeyCode::Home]);
    assert_eq!(below(&driver), 41 - 18);
    driver.press(&[KeyCode::Up, KeyCode::PageDown]);
    assert_eq!(below(&driver), 41 - 18 - 18);
    driver.press(&[KeyCode::End, KeyCode::Char('/')]);
    driver.type_text("projects q");
    assert!(driver.app.is_typing(), "q is a character here");
    driver.press(&[KeyCode::Backspace, KeyCode::Backspace, KeyCode::Enter]);
    let copied = press(&mut driver.app, KeyCode::Char('y'));
    assert_eq!(
        copied,
        [Effect::Copy(
            "0.0 s health http GET /projects 200".to_owned()
        )]
    );
    driver.press(&[KeyCode::Esc]);
    assert!(driver.app.overlay.is_some(), "the search is cleared first");
    driver.press(&[KeyCode::Esc]);
    assert_eq!(driver.app.overlay, None);
    assert_eq!(driver.app.screen, Screen::Step(StepId::Env));
}

#[test]
fn the_palette_does_what_it_finds() {
    let mut driver = AppDriver::up_to(StepId::Env);
    assert_eq!(ctrl(&mut driver, 'k'), []);
    driver.type_text("to health");
    driver.press(&[KeyCode::Enter]);
    assert_eq!(driver.app.screen, Screen::Step(StepId::Health));
    // a row of the screen
    driver.press(&[KeyCode::Char('3'), KeyCode::Char(':')]);
    driver.type_text("skip step");
    driver.press(&[KeyCode::Enter]);
    assert!(
        matches!(driver.app.overlay, Some(Overlay::Prompt(_))),
        "it asks for the reason"
    );
    driver.press(&[KeyCode::Esc, KeyCode::Char(':')]);
    driver.type_text("no such thing");
    driver.press(&[KeyCode::Enter, KeyCode::Down]);
    assert!(matches!(driver.app.overlay, Some(Overlay::Palette(_))));
    driver.press(&[KeyCode::Esc]);
    assert_eq!(driver.app.overlay, None);
}

#[test]
fn the_palette_names_only_what_works_here() {
    let driver = AppDriver::up_to(StepId::Env);
    let labels = |search: &str| {
        let entries = palette::entries(&driver.app, search).into_iter();
        entries.map(|entry| entry.label).collect::<Vec<_>>()
    };
    assert!(labels("").len() > 15);
    assert_eq!(labels("presenter: "), [""; 0], "presenter mode is off");
    assert_eq!(labels("filter the list"), [""; 0]);
    assert_eq!(labels("WRITE")[0], "Write 2 files");
}

#[test]
fn enter_does_nothing_in_a_palette_that_has_changed_unseen() {
    let mut driver = AppDriver::up_to(StepId::Env);
    driver.send(Msg::Drawn).press(&[KeyCode::Char(':')]);
    driver.send(Msg::Drawn);
    drop(driver.app.probe(&[StepId::Env]));
    driver.begin(StepId::Env, Phase::Probe);
    driver.press(&[KeyCode::Enter]);
    assert!(matches!(driver.app.overlay, Some(Overlay::Palette(_))));
    driver.send(Msg::Drawn).press(&[KeyCode::Enter]);
    assert_eq!(driver.app.overlay, None);
}

#[test]
fn a_probe_by_key_always_says_what_came_of_it() {
    let mut driver = AppDriver::up_to(StepId::Env);
    driver.press(&[KeyCode::Char('r')]);
    driver.probe(StepId::Env, todo(StepId::Env));
    assert_eq!(
        toast(&driver),
        "Environment re-checked: nothing has changed"
    );
    driver.press(&[KeyCode::Char('r')]);
    driver.probe(StepId::Env, done(StepId::Env));
    assert_eq!(
        toast(&driver),
        "Environment re-checked: see what has changed"
    );
}

#[test]
fn the_next_screen_comes_when_its_step_was_probed_again() {
    let mut driver = AppDriver::up_to(StepId::Project);
    drop(driver.app.apply(Answer::default_of(StepId::Project)));
    driver.begin(StepId::Project, Phase::Apply);
    let applied = finished(Phase::Apply, 12, done(StepId::Project));
    driver.emit(StepId::Project, applied);
    let old = "what is known of the next step is old";
    assert_eq!(driver.app.screen, Screen::Step(StepId::Project), "{old}");
    driver.probe(StepId::Env, todo(StepId::Env));
    assert_eq!(driver.app.screen, Screen::Step(StepId::Env));
}

#[test]
fn the_page_of_neon_is_opened_or_its_address_is_copied() {
    const KEYS: &str = "https://console.neon.tech/app/settings/api-keys";
    let neon = |browser| Options {
        service: "Neon".to_owned(),
        browser,
        ..options()
    };
    let mut driver = AppDriver::new(neon(None));
    driver.app.focus = Focus::Choices;
    let pressed = press(&mut driver.app, KeyCode::Char('o'));
    assert_eq!(pressed, [Effect::Copy(KEYS.to_owned())]);
    let mut driver = AppDriver::new(neon(Some(Environment::default())));
    // in the field, where `o` is a character
    driver.probe(StepId::Login, todo(StepId::Login));
    press(&mut driver.app, KeyCode::Tab);
    assert_eq!(driver.app.focus, Focus::Field);
    assert_eq!(ctrl(&mut driver, 'o'), [Effect::Open(KEYS.to_owned())]);
    assert_eq!(
        driver.app.focus,
        Focus::Field,
        "the field waits for the key"
    );
    let mut sandbox = AppDriver::new(options());
    assert_eq!(ctrl(&mut sandbox, 'o'), []);
}

#[test]
fn a_demo_asks_before_it_ends() {
    let mut driver = AppDriver::new(Options {
        demo: true,
        ..options()
    });
    assert_eq!(press(&mut driver.app, KeyCode::Char('8')), []);
    assert_eq!(press(&mut driver.app, KeyCode::Char('q')), []);
    assert_eq!(
        press(&mut driver.app, KeyCode::Enter),
        [],
        "no is preselected"
    );
    driver.press(&[KeyCode::Char('q'), KeyCode::Down]);
    let ended = press(&mut driver.app, KeyCode::Enter);
    assert_eq!(ended, [Effect::Quit(ExitReason::Quit)]);
}

#[test]
fn the_bar_of_the_running_check_grows() {
    let mut driver = AppDriver::up_to(StepId::Health);
    driver.press(&[KeyCode::Char('6'), KeyCode::Char('r')]);
    driver.begin(StepId::Health, Phase::Probe);
    let running = health(2, CheckState::Running);
    assert!(matches!(running, Facts::Health(_)));
    driver.emit(StepId::Health, EventKind::Facts(running));
    let page = |driver: &AppDriver| {
        let page = Page::new(&driver.app, (120, 40));
        page.body
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    driver.wait(400);
    let before = page(&driver);
    driver.wait(2000);
    let after = page(&driver);
    assert_ne!(before, after);
    let now = driver.app.now;
    assert!(now > Duration::from_secs(2));
}

#[test]
fn an_undo_says_so_and_offers_the_redo() {
    let mut driver = AppDriver::up_to(StepId::Env);
    let offered = |driver: &AppDriver| {
        let entries = palette::entries(&driver.app, "").into_iter();
        let labels: Vec<_> = entries.map(|entry| entry.label).collect();
        let has = |label: &str| labels.iter().any(|known| known == label);
        (has("Undo the last write"), has("Redo what was undone"))
    };
    for (said, redo) in [
        ("undone: the files are as before the last write", true),
        ("redone: the files are as written", false),
    ] {
        drop(driver.app.apply(Answer::Env(EnvAnswer::Undo)));
        driver.begin(StepId::Env, Phase::Apply);
        let applied = finished(Phase::Apply, 12, todo(StepId::Env));
        driver.emit(StepId::Env, applied);
        assert_eq!(toast(&driver), said);
        assert_eq!(driver.app.last_change.undone, redo);
        let (undo_offered, redo_offered) = offered(&driver);
        assert_eq!(redo_offered, redo && driver.app.can_undo());
        assert_eq!(undo_offered, !redo && driver.app.can_undo());
    }
}

#[test]
fn installed_hooks_are_confirmed() {
    let mut driver = AppDriver::up_to(StepId::Secrets);
    let install = Answer::Secrets(SecretsAnswer::InstallHook);
    drop(driver.app.apply(install));
    driver.begin(StepId::Secrets, Phase::Apply);
    let applied = finished(Phase::Apply, 12, done(StepId::Secrets));
    driver.emit(StepId::Secrets, applied);
    assert_eq!(toast(&driver), "git hooks installed");
}
