//! The choices of the other steps: what Enter does on each.

use crossterm::event::KeyCode;

use crate::{
    core::{
        answer::{Answer, BackendAnswer, SecretsAnswer},
        choices::ChoiceRow,
        event::Phase,
        facts::{Facts, ProjectFacts},
        plan::Status,
        remedy::Remedy,
        step::StepId,
    },
    testing::screens::{AppDriver, failed, failure, todo},
    tui::{
        choices,
        msg::Effect,
        state::{App, Focus, Screen, overlay::Overlay},
        tests::input::{fixture, press},
    },
};

#[test]
fn enter_applies_the_default_of_an_open_step_once() {
    for step in [
        StepId::Project,
        StepId::Env,
        StepId::Backend,
        StepId::Schema,
        StepId::Health,
    ] {
        let wanted = Answer::default_of(step);
        let mut app = AppDriver::up_to(step).app;
        assert_eq!(app.screen, Screen::Step(step), "it came here by itself");
        assert_eq!(press(&mut app, KeyCode::Enter), [Effect::Apply(wanted)]);
        assert_eq!(app.status(step), Status::Running);
        assert_eq!(press(&mut app, KeyCode::Enter), [], "not twice");
    }
}

#[test]
fn enter_repeats_a_failed_probe() {
    let mut driver = AppDriver::up_to(StepId::Health);
    driver.app.probe(&[StepId::Health]);
    driver.begin(StepId::Health, Phase::Probe);
    driver.emit(
        StepId::Health,
        failed(Phase::Probe, failure(StepId::Health)),
    );
    assert_eq!(
        press(&mut driver.app, KeyCode::Enter),
        [Effect::Probe(vec![StepId::Health])]
    );
}

#[test]
fn a_leak_offers_its_remedy_first() {
    for (remedy, first) in [
        (Some(Remedy::RotatePassword), "Rotate the password"),
        (Some(Remedy::RotateKey), "Copy: neonup rotate --api-key"),
        (None, "Re-check"),
    ] {
        let mut report = todo(StepId::Secrets);
        report.findings[0].remedy = remedy;
        let mut driver = AppDriver::up_to(StepId::Secrets);
        driver.app.probe(&[StepId::Secrets]).unwrap();
        let choices = choices::of_screen(&driver.probe(StepId::Secrets, report).app);
        let ChoiceRow::Choice(choice) = choices.get(0).unwrap() else {
            panic!("{choices:?}");
        };
        assert_eq!(choice.label, first);
    }
}

fn shown_command(app: &App) -> String {
    choices::command(app, &choices::of_screen(app)).to_string()
}

#[test]
fn the_shown_command_does_what_the_chosen_row_does() {
    for (name, downs, command) in [
        ("login-empty", 0, "neonup login --web"),
        ("login-empty", 1, "neonup login"),
        ("login-empty", 3, "neonup setup --claimable"),
        ("login-done", 0, "neonup check login"),
        (
            "project-join",
            0,
            "neonup setup project --project old-violet-32930710",
        ),
        ("project-join", 3, "neonup setup project --new"),
        ("env-todo", 0, "neonup setup env"),
        ("env-done", 1, "neonup undo"),
        ("backend-edit", 1, "neonup setup backend --edit-code"),
        ("secrets-leak", 0, "neonup rotate"),
        ("secrets-done", 1, "neonup hook install"),
        ("summary-done", 0, "neonup check"),
        (
            "summary-done",
            1,
            "cd backend && python -m uvicorn src.main:app --port 8000",
        ),
        (
            "summary-done",
            3,
            "neonup -C /tmp/neonup-demo/aido-todo psql",
        ),
        ("summary-done", 4, "neonup check --receipt FILE"),
    ] {
        let mut app = fixture(name);
        app.focus = Focus::Choices;
        for _ in 0..downs {
            press(&mut app, KeyCode::Down);
        }
        assert_eq!(shown_command(&app), command, "{name} {downs}");
    }
    let mut app = fixture("project-join");
    app.presenter = true;
    assert!(!shown_command(&app).contains("old-violet"));
}

#[test]
fn a_key_that_does_nothing_here_says_so() {
    // no project is listed, and one can be created
    let report = todo(StepId::Project).facts(Facts::Project(ProjectFacts::default()));
    let mut driver = AppDriver::up_to(StepId::Project);
    driver.probe_again(StepId::Project, report);
    driver.app.focus = Focus::Choices;
    press(&mut driver.app, KeyCode::Char('/'));
    assert_eq!(driver.app.focus, Focus::Choices);
    assert!(driver.app.toast.is_some());
    press(&mut driver.app, KeyCode::Char('n'));
    assert!(matches!(driver.app.overlay, Some(Overlay::Prompt(_))));
    for (name, key) in [("env-todo", 'n'), ("env-todo", '/')] {
        let mut app = fixture(name);
        assert_eq!(press(&mut app, KeyCode::Char(key)), []);
        assert!(app.toast.is_some(), "{name} {key}");
    }
}

#[test]
fn rotating_the_password_has_to_be_confirmed() {
    let mut app = fixture("secrets-leak");
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    assert_eq!(
        press(&mut app.clone(), KeyCode::Enter),
        [],
        "no is preselected"
    );
    press(&mut app, KeyCode::Down);
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Apply(Answer::Secrets(
            SecretsAnswer::RotatePassword
        ))]
    );
}

#[test]
fn enter_alone_never_changes_existing_code() {
    for name in ["backend-todo", "backend-edit"] {
        let mut app = fixture(name);
        let effects = press(&mut app, KeyCode::Enter);
        assert!(
            !effects.contains(&Effect::Apply(Answer::Backend(BackendAnswer::EditCode))),
            "{name}"
        );
    }
    let mut app = fixture("backend-edit");
    press(&mut app, KeyCode::Down);
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Apply(Answer::Backend(BackendAnswer::EditCode))]
    );
}

#[test]
fn a_blocked_step_leads_to_its_blocker() {
    let mut app = fixture("project-waits");
    assert_eq!(app.screen, Screen::Step(StepId::Project));
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    assert_eq!(app.screen, Screen::Step(StepId::Login));
}

#[test]
fn typing_replaces_the_proposed_reason() {
    let reason = |keys: &str| {
        let mut driver = AppDriver::up_to(StepId::Env);
        driver
            .press(&[KeyCode::Char('s')])
            .type_text(keys)
            .press(&[KeyCode::Enter]);
        driver.app.plan.step(StepId::Env).declined.clone().unwrap()
    };
    assert_eq!(reason(""), "not now");
    assert_eq!(reason("by hand"), "by hand");
}

#[test]
fn a_skipped_step_keeps_its_reason_until_it_is_probed_by_hand() {
    let mut driver = AppDriver::up_to(StepId::Schema);
    press(&mut driver.app, KeyCode::Char('s'));
    driver.type_text("Tom does it");
    press(&mut driver.app, KeyCode::Enter);
    assert_eq!(driver.app.screen, Screen::Step(StepId::Health));
    driver.app.probe(&[StepId::Schema]);
    driver.probe(StepId::Schema, todo(StepId::Schema));
    assert_eq!(driver.app.status(StepId::Schema), Status::Skipped);
    assert_eq!(driver.app.plan.step(StepId::Schema).evidence, "Tom does it");
    press(&mut driver.app, KeyCode::Char('5'));
    assert_eq!(
        press(&mut driver.app, KeyCode::Char('r')),
        [Effect::Probe(vec![StepId::Schema])]
    );
    driver.probe(StepId::Schema, todo(StepId::Schema));
    assert_eq!(
        driver.app.status(StepId::Schema),
        Status::Todo,
        "asked for again"
    );
}
