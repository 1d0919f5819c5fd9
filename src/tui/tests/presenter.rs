//! The presenter's mode: what each message does, as tables.

use std::time::Duration;

use crossterm::event::KeyCode;

use crate::tui::tests::{
    input::press,
    pictures::{draw, text},
};
use crate::{
    core::{
        answer::{
            Answer, BackendAnswer, EnvAnswer, KeyStorage, LoginAnswer, ProjectAnswer, SecretsAnswer,
        },
        event::Phase,
        plan::Status,
        presenter::{
            DemoError, DemoOutcome, DemoRequest, Incident,
            notes::{Scene, SceneState},
        },
        secret::Secret,
        step::StepId,
    },
    testing::screens::{AppDriver, demo_options, done, finished, options, todo},
    tui::{
        Options,
        msg::{Effect, Msg},
        presenter::slide::announcement,
        state::{
            App, Screen,
            overlay::{Overlay, Slide},
        },
        update::update,
    },
};

fn slide(app: &App) -> Option<&Slide> {
    match &app.overlay {
        Some(Overlay::Slide(slide)) => Some(slide),
        Some(
            Overlay::Help { .. }
            | Overlay::Confirm(_)
            | Overlay::Prompt(_)
            | Overlay::Activity(_)
            | Overlay::Palette(_),
        )
        | None => None,
    }
}

fn shown(app: &App) -> Vec<String> {
    app.pressed_keys.shown().collect()
}

const fn before(step: StepId) -> Slide {
    Slide::Before(Screen::Step(step))
}

fn demo(app: &mut App, request: DemoRequest, result: Result<(), DemoError>) -> Vec<Effect> {
    update(app, Msg::Demo(Box::new(DemoOutcome { request, result })))
}

#[test]
fn each_screen_is_announced_once() {
    let mut driver = AppDriver::new(demo_options());
    assert_eq!(slide(&driver.app), Some(&Slide::Opening));
    for step in StepId::ALL {
        driver.probe(step, done(step));
    }
    assert_eq!(
        slide(&driver.app),
        Some(&Slide::Opening),
        "nothing moves it"
    );
    let app = &mut driver.app;
    press(app, KeyCode::Enter);
    for step in StepId::ALL {
        assert_eq!(slide(app), Some(&before(step)));
        press(app, KeyCode::Char(' '));
        assert_eq!(slide(app), None);
        assert_eq!(app.screen, Screen::Step(step));
        press(app, KeyCode::Enter);
    }
    assert_eq!(slide(app), Some(&Slide::Before(Screen::Summary)));
    press(app, KeyCode::PageDown);
    press(app, KeyCode::Char('2'));
    assert_eq!(slide(app), None, "it was explained");
    press(app, KeyCode::Char('e'));
    assert_eq!(slide(app), Some(&before(StepId::Project)));
    press(app, KeyCode::Esc);
    assert_eq!(slide(app), None);
}

#[test]
fn an_apply_waits_for_a_second_enter() {
    for leaves in [KeyCode::Esc, KeyCode::PageUp] {
        let mut app = AppDriver::demo_up_to(StepId::Env).app;
        press(&mut app, KeyCode::Char('3'));
        press(&mut app, KeyCode::Enter);
        let act = Slide::BeforeApply(Answer::default_of(StepId::Env));
        assert_eq!(press(&mut app, KeyCode::Enter), []);
        assert_eq!(slide(&app), Some(&act));
        assert_eq!(app.status(StepId::Env), Status::Todo, "nothing happens yet");
        assert_eq!(press(&mut app, leaves), []);
        assert_eq!(slide(&app), None);
        assert_eq!(press(&mut app, KeyCode::Char('f')), []);
        assert_eq!(slide(&app), Some(&act), "a letter waits, too");
        assert_eq!(
            press(&mut app, KeyCode::Char(' ')),
            [Effect::Apply(Answer::default_of(StepId::Env))]
        );
        assert_eq!(app.status(StepId::Env), Status::Running);
    }
}

#[test]
fn a_done_step_stays_until_the_presenter_continues() {
    let mut driver = AppDriver::demo_up_to(StepId::Env);
    driver
        .press(&[
            KeyCode::Char('3'),
            KeyCode::Enter,
            KeyCode::Enter,
            KeyCode::Enter,
        ])
        .begin(StepId::Env, Phase::Apply)
        .emit(StepId::Env, finished(Phase::Apply, 64, done(StepId::Env)));
    assert_eq!(driver.app.screen, Screen::Step(StepId::Env));
    driver.press(&[KeyCode::Enter]);
    assert_eq!(slide(&driver.app), Some(&before(StepId::Backend)));
}

#[test]
fn the_mode_can_be_turned_on_and_off_anywhere() {
    let mut app = AppDriver::up_to(StepId::Env).app;
    press(&mut app, KeyCode::Char('p'));
    assert_eq!(slide(&app), Some(&before(StepId::Env)));
    press(&mut app, KeyCode::Char('p'));
    assert_eq!((slide(&app), app.presenter), (None, false));
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Apply(Answer::default_of(StepId::Env))],
        "no pause any more"
    );
}

#[test]
fn outside_the_demo_nothing_is_reset_or_broken() {
    let mut app = AppDriver::up_to(StepId::Backend).app;
    for key in ['R', 'm', 'e'] {
        assert_eq!(press(&mut app, KeyCode::Char(key)), []);
        assert_eq!(app.overlay, None, "{key} is the presenter's");
        assert!(app.toast.is_some());
    }
    press(&mut app, KeyCode::Char('p'));
    press(&mut app, KeyCode::Enter);
    assert_eq!(press(&mut app, KeyCode::Char('m')), []);
    assert_eq!(app.overlay, None);
    let plan = app.plan.clone();
    assert_eq!(press(&mut app, KeyCode::Char('R')), []);
    assert_eq!(slide(&app), Some(&Slide::Opening));
    assert_eq!(app.plan, plan);
    let said = app.toast.clone().unwrap().text;
    assert!(said.contains("unchanged"), "{said}");
}

#[test]
fn a_reset_asks_waits_and_begins_again() {
    let mut app = AppDriver::demo_up_to(StepId::Schema).app;
    press(&mut app, KeyCode::Char('M'));
    press(&mut app, KeyCode::Char('R'));
    assert_eq!(press(&mut app, KeyCode::Enter), [], "the careful answer");
    press(&mut app, KeyCode::Char('R'));
    press(&mut app, KeyCode::Down);
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Demo(DemoRequest::Reset)]
    );
    assert!(matches!(
        slide(&app),
        Some(Slide::Preparing(DemoRequest::Reset, _))
    ));
    for code in [KeyCode::Enter, KeyCode::Esc, KeyCode::Char('q')] {
        assert_eq!(press(&mut app, code), [], "it waits");
    }
    assert!(app.next_tick().is_some(), "the time is shown meanwhile");
    let effects = demo(&mut app, DemoRequest::Reset, Ok(()));
    assert_eq!(effects, [Effect::Probe(StepId::ALL.to_vec())]);
    assert_eq!(slide(&app), Some(&Slide::Opening));
    assert_eq!(app.screen, Screen::Step(StepId::Login));
    assert_eq!(app.plan, crate::core::plan::Plan::new());
    assert!(app.mouse, "the terminal is as it was");
    press(&mut app, KeyCode::Enter);
    assert_eq!(slide(&app), Some(&before(StepId::Login)));
}

#[test]
fn during_an_apply_nothing_is_reset_or_broken() {
    let mut app = AppDriver::demo_up_to(StepId::Env).app;
    for code in [
        KeyCode::Char('3'),
        KeyCode::Enter,
        KeyCode::Enter,
        KeyCode::Enter,
        KeyCode::Char('R'),
        KeyCode::Char('m'),
    ] {
        press(&mut app, code);
    }
    assert_eq!(app.overlay, None);
    let said = app.toast.clone().unwrap().text;
    assert!(said.contains("still running"), "{said}");
}

#[test]
fn an_incident_is_caused_announced_and_then_probed() {
    for (at, incident) in Incident::ALL.into_iter().enumerate() {
        let mut app = AppDriver::demo_up_to(StepId::Backend).app;
        press(&mut app, KeyCode::Char('m'));
        for _ in 0..at {
            press(&mut app, KeyCode::Down);
        }
        assert_eq!(
            press(&mut app, KeyCode::Enter),
            [Effect::Demo(DemoRequest::Cause(incident))]
        );
        assert_eq!(demo(&mut app, DemoRequest::Cause(incident), Ok(())), []);
        assert_eq!(slide(&app), Some(&Slide::AfterIncident(incident)));
        assert_eq!(app.screen, Screen::Step(incident.step()));
        assert_eq!(
            press(&mut app, KeyCode::Enter),
            [Effect::Probe(incident.seen_by().to_vec())]
        );
        assert_eq!(slide(&app), None, "its screen was explained by this");
    }
}

#[test]
fn a_failed_request_says_why() {
    let mut app = AppDriver::demo_up_to(StepId::Env).app;
    let result = Err(DemoError::NotTheDemo);
    demo(&mut app, DemoRequest::Cause(Incident::TrackedEnv), result);
    assert_eq!(slide(&app), Some(&Slide::Failed(DemoError::NotTheDemo)));
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.overlay, None);
}

#[test]
fn pressed_keys_are_shown_and_those_of_a_secret_are_not() {
    let mut driver = AppDriver::new(crate::tui::Options {
        presenter: true,
        ..options()
    });
    for step in StepId::ALL {
        driver.probe(step, todo(step));
    }
    driver.press(&[KeyCode::Enter, KeyCode::Enter]);
    assert_eq!(shown(&driver.app), ["⏎ ×2"]);
    driver.app.focus = crate::tui::state::Focus::Field;
    driver.type_text("napi_secret");
    driver.send(Msg::Paste(Secret::new("napi_secret")));
    assert_eq!(shown(&driver.app), ["⏎ ×2", "• ×11", "paste"]);
    driver.wait(2000);
    assert_eq!(shown(&driver.app), Vec::<String>::new());
    assert_eq!(driver.app.next_tick(), None, "idling costs nothing");
}

#[test]
fn pressed_keys_wake_the_screen_only_to_disappear() {
    let mut driver = AppDriver::demo_up_to(StepId::Env);
    driver.wait(10_000);
    assert_eq!(driver.app.next_tick(), None);
    driver.press(&[KeyCode::Down]);
    assert_eq!(
        driver.app.next_tick(),
        Some(driver.app.now + Duration::from_secs(2))
    );
}

/// The words of a screen, as they follow each other.
fn words(shown: &str) -> String {
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_slide_is_whole_at_every_size() {
    let mut slides = vec![Slide::Opening, Slide::Before(Screen::Summary)];
    slides.extend(StepId::ALL.map(before));
    slides.extend(Incident::ALL.map(Slide::AfterIncident));
    let mut app = AppDriver::demo_up_to(StepId::Env).app;
    for (columns, rows) in [
        (60, 18),
        (60, 24),
        (76, 24),
        (80, 24),
        (100, 30),
        (120, 40),
        (200, 60),
    ] {
        for ascii in [false, true] {
            app.theme.ascii = ascii;
            for slide in &slides {
                app.overlay = Some(Overlay::Slide(slide.clone()));
                let announcement = announcement(slide).unwrap();
                let shown = text(&draw(&app, columns, rows));
                let at = format!("{slide:?} at {columns} × {rows}:\n{shown}");
                let shown = words(&shown);
                // of quotes ASCII has others
                let end = announcement.text.split('”').next_back().unwrap().trim();
                for part in [announcement.caption, end, announcement.watch] {
                    assert!(shown.contains(&words(part)), "{part} is cut: {at}");
                }
                let large = !shown.contains(announcement.title);
                assert_eq!(large, rows >= 24, "the title: {at}");
            }
        }
    }
}

#[test]
fn the_consequences_fit_into_the_smallest_window() {
    let key = || Answer::Login(LoginAnswer::Key(Secret::new("napi_x"), KeyStorage::File));
    let answers = [
        key(),
        Answer::Login(LoginAnswer::NeonCli(KeyStorage::Keyring)),
        Answer::Login(LoginAnswer::Temporary),
        Answer::default_of(StepId::Project),
        Answer::Project(ProjectAnswer::Join("id".to_owned())),
        Answer::default_of(StepId::Env),
        Answer::Env(EnvAnswer::Undo),
        Answer::default_of(StepId::Backend),
        Answer::Backend(BackendAnswer::EditCode),
        Answer::default_of(StepId::Schema),
        Answer::default_of(StepId::Health),
        Answer::default_of(StepId::Secrets),
        Answer::Secrets(SecretsAnswer::InstallHook),
        Answer::Secrets(SecretsAnswer::RotatePassword),
    ];
    for answer in answers {
        let step = answer.step();
        let mut app = AppDriver::demo_up_to(step).app;
        app.screen = Screen::Step(step);
        app.overlay = Some(Overlay::Slide(Slide::BeforeApply(answer)));
        let shown = text(&draw(&app, 60, 18));
        for part in ["what happens next", "$ neonup", "cancel"] {
            assert!(shown.contains(part), "{part}: {step}\n{shown}");
        }
    }
}

/// The command under what will happen is that of the answer that waits, and not of the choice that is selected.
#[test]
fn the_shown_command_is_that_of_the_pending_answer() {
    let (new, enter) = (KeyCode::Char('n'), KeyCode::Enter);
    for (step, report, keys, command) in [
        (
            StepId::Project,
            todo(StepId::Project),
            &[new, enter][..],
            "$ neonup setup project --new",
        ),
        (
            StepId::Env,
            done(StepId::Env),
            &[KeyCode::Char('u')],
            "$ neonup undo",
        ),
        (
            StepId::Backend,
            todo(StepId::Backend),
            &[KeyCode::Down, KeyCode::Char('f')],
            "$ neonup setup backend",
        ),
    ] {
        let mut driver = AppDriver::demo_up_to(step);
        let app = &mut driver.app;
        app.overlay = None;
        app.go(Screen::Step(step));
        app.overlay = None;
        app.probe(&[step]).unwrap();
        driver.probe(step, report);
        let app = &mut driver.app;
        app.go(Screen::Step(step));
        app.overlay = None;
        for key in keys {
            press(app, *key);
        }
        let shown = text(&draw(app, 80, 24));
        assert!(shown.contains("what happens next"), "{step}\n{shown}");
        let lines = || shown.lines().map(|line| line.trim_matches(['│', '|', ' ']));
        assert!(lines().any(|line| line == command), "{step}\n{shown}");
    }
}

#[test]
fn the_blank_screen_shows_nothing_and_the_next_key_does_nothing_else() {
    let mut app = AppDriver::demo_up_to(StepId::Env).app;
    press(&mut app, KeyCode::Char('.'));
    assert!(app.blank);
    assert_eq!(app.presented().unwrap().moment, SceneState::Blank);
    let lines = text(&draw(&app, 80, 24));
    assert!(lines.trim().is_empty(), "{lines}");
    let overlay = app.overlay.clone();
    for key in [KeyCode::Enter, KeyCode::Char('q'), KeyCode::Char('.')] {
        let mut app = app.clone();
        assert_eq!(press(&mut app, key), []);
        assert_eq!((app.blank, &app.overlay), (false, &overlay), "{key:?}");
    }
    let mut plain = AppDriver::up_to(StepId::Env).app;
    press(&mut plain, KeyCode::Char('.'));
    assert!(!plain.blank && plain.toast.is_some());
}

#[test]
fn the_second_window_is_told_what_the_audience_sees() {
    let mut app = AppDriver::demo_up_to(StepId::Env).app;
    let told = |app: &App| {
        let presented = app.presented().unwrap();
        (presented.place, presented.moment)
    };
    app.overlay = Some(Overlay::Slide(Slide::Opening));
    assert_eq!(told(&app), (Scene::Opening, SceneState::Announced));
    app.overlay = None;
    app.screen = Screen::Step(StepId::Env);
    assert_eq!(told(&app), (Scene::Step(StepId::Env), SceneState::Shown));
    press(&mut app, KeyCode::Enter);
    assert_eq!(
        told(&app),
        (Scene::Step(StepId::Env), SceneState::BeforeApply)
    );
    press(&mut app, KeyCode::Enter);
    assert_eq!(told(&app).1, SceneState::Working);
    assert_eq!(AppDriver::up_to(StepId::Env).app.presented(), None);
}

/// Lets time pass until the wizard asks for something; `None` where it would wait for ever.
fn wait(app: &mut App) -> Option<Vec<Effect>> {
    for _ in 0..1000 {
        let next = app.next_tick()?;
        let effects = update(app, Msg::Tick(next));
        update(app, Msg::Drawn);
        if !effects.is_empty() {
            return Some(effects);
        }
    }
    None
}

#[test]
fn the_replay_presses_enter_by_itself_and_begins_again_after_the_end() {
    let replayed = || Options {
        replay: true,
        ..demo_options()
    };
    let mut app = AppDriver::with_options(replayed(), StepId::Env).app;
    app.overlay = Some(Overlay::Slide(before(StepId::Env)));
    app.screen = Screen::Step(StepId::Env);
    let began = app.now;
    let env = Answer::Env(EnvAnswer::Default);
    assert_eq!(wait(&mut app), Some(vec![Effect::Apply(env)]));
    // a slide, the screen and what happens next were each to be seen
    assert!(app.now >= began + Duration::from_secs(15));
    // while something is under way, nothing is pressed
    let working = app.now;
    for _ in 0..50 {
        let later = app.now + Duration::from_secs(1);
        assert_eq!(update(&mut app, Msg::Tick(later)), []);
    }
    assert!(app.now > working);
    let mut ended = AppDriver::with_options(replayed(), StepId::Secrets).app;
    ended.overlay = None;
    ended.screen = Screen::Summary;
    assert_eq!(
        wait(&mut ended),
        Some(vec![Effect::Demo(DemoRequest::Reset)])
    );
    demo(&mut ended, DemoRequest::Reset, Ok(()));
    assert_eq!(slide(&ended), Some(&Slide::Opening));
    assert!(ended.replay.is_some(), "it plays again");
}

#[test]
fn a_key_stops_the_replay_and_does_nothing_else() {
    let mut app = AppDriver::with_options(
        Options {
            replay: true,
            ..demo_options()
        },
        StepId::Env,
    )
    .app;
    app.overlay = Some(Overlay::Slide(before(StepId::Env)));
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    assert_eq!(
        (app.replay, slide(&app)),
        (None, Some(&before(StepId::Env)))
    );
    let later = app.now + Duration::from_mins(10);
    update(&mut app, Msg::Tick(later));
    assert_eq!(slide(&app), Some(&before(StepId::Env)));
}

#[test]
fn a_replay_that_leads_nowhere_stops_and_says_so() {
    let mut app = AppDriver::with_options(
        Options {
            replay: true,
            ..demo_options()
        },
        StepId::Project,
    )
    .app;
    app.overlay = None;
    app.screen = Screen::Step(StepId::Project);
    // of a step that is not known nothing can be chosen
    app.plan = crate::core::plan::Plan::new();
    let now = app.now + Duration::from_mins(1);
    assert_eq!(update(&mut app, Msg::Tick(now)), []);
    assert_eq!(app.replay, None);
    assert!(
        app.toast
            .is_some_and(|toast| toast.text.contains("needs a person"))
    );
}
