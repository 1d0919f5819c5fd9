//! What the wizard does by itself, and with the keys that work everywhere.

use crossterm::event::KeyCode;

use crate::{
    core::{
        answer::{Answer, EnvAnswer},
        event::{EventKind, Phase, RunError},
        plan::Status,
        step::StepId,
    },
    os::signals::Signal,
    testing::screens::{
        AppDriver, done, event, failed, failure, finished, fixtures, options, todo,
    },
    tui::{
        msg::{Effect, ExitReason, Msg},
        state::{App, Screen},
        tests::input::{ctrl, fixture, press},
        update::update,
    },
};

#[test]
fn a_new_wizard_probes_every_step() {
    let (app, effects) = App::new(options(), (80, 24));
    assert_eq!(effects, [Effect::Probe(StepId::ALL.to_vec())]);
    assert_eq!(app.screen, Screen::Step(StepId::Login));
    assert_eq!(app.status(StepId::Secrets), Status::Running);
}

#[test]
fn the_wizard_follows_the_first_open_step_until_a_key_moves_it() {
    let mut driver = AppDriver::new(options());
    driver.probe(StepId::Login, done(StepId::Login));
    assert_eq!(driver.app.screen, Screen::Step(StepId::Project));
    press(&mut driver.app, KeyCode::Char('1'));
    driver.probe(StepId::Project, done(StepId::Project));
    assert_eq!(
        driver.app.screen,
        Screen::Step(StepId::Login),
        "the user is there"
    );
}

#[test]
fn with_everything_done_the_summary_opens_and_enter_finishes() {
    let mut driver = AppDriver::new(options());
    for step in StepId::ALL {
        driver.probe(step, done(step));
    }
    assert_eq!(driver.app.screen, Screen::Summary);
    assert_eq!(
        press(&mut driver.app, KeyCode::Enter),
        [Effect::Quit(ExitReason::Finished)]
    );
}

#[test]
fn an_apply_probes_the_steps_downstream() {
    let mut driver = AppDriver::up_to(StepId::Env);
    press(&mut driver.app, KeyCode::Enter);
    driver.begin(StepId::Env, Phase::Apply);
    let end = event(
        StepId::Env,
        8,
        finished(Phase::Apply, 90, done(StepId::Env)),
    );
    let effects = update(&mut driver.app, Msg::Engine(Box::new(end)));
    assert_eq!(
        effects,
        [Effect::Probe(vec![
            StepId::Schema,
            StepId::Health,
            StepId::Secrets
        ])]
    );
    assert_eq!(
        driver.app.screen,
        Screen::Step(StepId::Backend),
        "on to the next open step"
    );
}

#[test]
fn probing_all_leaves_out_a_step_that_is_being_applied() {
    let mut driver = AppDriver::up_to(StepId::Env);
    press(&mut driver.app, KeyCode::Enter);
    press(&mut driver.app, KeyCode::Char('8'));
    let effects = press(&mut driver.app, KeyCode::Down);
    assert_eq!(effects, []);
    let effects = press(&mut driver.app, KeyCode::Char('r'));
    let others: Vec<_> = StepId::ALL
        .into_iter()
        .filter(|step| *step != StepId::Env)
        .collect();
    assert_eq!(effects, [Effect::Probe(others)]);
}

#[test]
fn escape_cancels_an_apply_and_the_step_is_probed() {
    let mut driver = AppDriver::up_to(StepId::Project);
    press(&mut driver.app, KeyCode::Enter);
    driver.begin(StepId::Project, Phase::Apply);
    assert_eq!(
        press(&mut driver.app, KeyCode::Esc),
        [Effect::Cancel(StepId::Project)]
    );
    let end = event(
        StepId::Project,
        8,
        failed(Phase::Apply, RunError::Cancelled),
    );
    assert_eq!(
        update(&mut driver.app, Msg::Engine(Box::new(end))),
        [Effect::Probe(vec![StepId::Project])]
    );
}

#[test]
fn ctrl_c_asks_during_an_apply_and_leaves_otherwise() {
    let mut app = AppDriver::up_to(StepId::Project).app;
    assert_eq!(
        ctrl(&mut app.clone(), 'c'),
        [Effect::Quit(ExitReason::Cancelled)]
    );
    press(&mut app, KeyCode::Enter);
    assert_eq!(ctrl(&mut app, 'c'), []);
    assert_eq!(
        press(&mut app.clone(), KeyCode::Enter),
        [],
        "staying is preselected"
    );
    assert_eq!(
        ctrl(&mut app, 'c'),
        [Effect::Quit(ExitReason::Cancelled)],
        "twice is meant"
    );
}

#[test]
fn signals_and_bugs_end_the_wizard() {
    let app = AppDriver::up_to(StepId::Env).app;
    let bug = event(
        StepId::Env,
        1,
        EventKind::Bug("the env step panicked".to_owned()),
    );
    for (msg, wanted) in [
        (
            Msg::Signal(Signal::Terminate),
            Effect::Quit(ExitReason::Cancelled),
        ),
        (
            Msg::Signal(Signal::Hangup),
            Effect::Quit(ExitReason::Hangup),
        ),
        (
            Msg::Signal(Signal::Interrupt),
            Effect::Quit(ExitReason::Cancelled),
        ),
        (Msg::Signal(Signal::Stop), Effect::Suspend),
        (Msg::InputClosed, Effect::Quit(ExitReason::Hangup)),
        (
            Msg::Engine(Box::new(bug)),
            Effect::Quit(ExitReason::Bug("the env step panicked".to_owned())),
        ),
    ] {
        assert_eq!(update(&mut app.clone(), msg), [wanted]);
    }
}

#[test]
fn events_of_replaced_work_change_nothing() {
    let mut driver = AppDriver::up_to(StepId::Env);
    press(&mut driver.app, KeyCode::Enter);
    // the probe that the apply replaced ends late
    let late = event(StepId::Env, 3, finished(Phase::Probe, 1, todo(StepId::Env)));
    driver.send(Msg::Engine(Box::new(late)));
    assert_eq!(driver.app.status(StepId::Env), Status::Running);
}

#[test]
fn undo_fix_and_copy_work_where_they_apply() {
    let mut app = fixture("env-done");
    assert_eq!(
        press(&mut app.clone(), KeyCode::Char('u')),
        [Effect::Apply(Answer::Env(EnvAnswer::Undo))]
    );
    assert_eq!(press(&mut app.clone(), KeyCode::Char('f')), []);
    assert_eq!(
        press(&mut app, KeyCode::Char('y')),
        [Effect::Copy("neonup check env".to_owned())]
    );
    let mut app = fixture("env-todo");
    assert_eq!(press(&mut app.clone(), KeyCode::Char('u')), []);
    assert_eq!(
        press(&mut app.clone(), KeyCode::Char('f')),
        [Effect::Apply(Answer::default_of(StepId::Env))]
    );
    assert_eq!(
        press(&mut app, KeyCode::Char('y')),
        [Effect::Copy("neonup setup env".to_owned())]
    );
}

#[test]
fn an_apply_that_leaves_a_gap_stays_on_its_screen() {
    let mut driver = AppDriver::up_to(StepId::Env);
    press(&mut driver.app, KeyCode::Enter);
    driver.begin(StepId::Env, Phase::Apply);
    driver.emit(StepId::Env, finished(Phase::Apply, 5, todo(StepId::Env)));
    assert_eq!(driver.app.screen, Screen::Step(StepId::Env));
    assert!(
        driver
            .app
            .toast
            .as_ref()
            .unwrap()
            .text
            .starts_with("Environment still has something to do")
    );
}

#[test]
fn no_key_panics_on_any_screen() {
    use KeyCode::{
        BackTab, Backspace, Delete, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right,
        Tab, Up,
    };
    let mut codes = vec![
        BackTab, Backspace, Delete, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right,
        Tab, Up,
    ];
    codes.extend((' '..='~').map(KeyCode::Char));
    codes.push(KeyCode::Char('漢'));
    codes.push(KeyCode::F(1));
    for (_, app) in fixtures() {
        for first in &codes {
            let mut app = app.clone();
            press(&mut app, *first);
            press(&mut app, Down);
            ctrl(&mut app, 'f');
            press(&mut app, Enter);
        }
    }
}

#[test]
fn everything_that_needs_no_question_is_fixed_one_after_the_other() {
    let mut driver = AppDriver::up_to(StepId::Env);
    driver.press(&[KeyCode::Char('8')]);
    press(&mut driver.app, KeyCode::Down);
    let first = Answer::default_of(StepId::Env);
    assert_eq!(
        press(&mut driver.app, KeyCode::Enter),
        [Effect::Apply(first)]
    );
    let mut order = vec![StepId::Env];
    while let Some(step) = driver.app.applying() {
        driver.begin(step, Phase::Apply);
        let end = finished(Phase::Apply, 5, done(step));
        driver.emit(step, end);
        order.extend(driver.app.applying());
    }
    // the history of the fixture has nothing to do with a fix
    let fixable = [StepId::Env, StepId::Backend, StepId::Schema, StepId::Health];
    assert_eq!(order, fixable);
    assert_eq!(driver.app.screen, Screen::Summary);

    // a failure ends it
    let mut driver = AppDriver::up_to(StepId::Env);
    driver.press(&[KeyCode::Char('8'), KeyCode::Down, KeyCode::Enter]);
    driver.begin(StepId::Env, Phase::Apply);
    let end = failed(Phase::Apply, failure(StepId::Env));
    driver.emit(StepId::Env, end);
    assert_eq!(driver.app.applying(), None);
}
