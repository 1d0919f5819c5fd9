//! What each message does, as tables.

use std::{sync::Arc, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::{
    core::{
        answer::{
            Answer, BackendAnswer, EnvAnswer, KeyStorage, LoginAnswer, ProjectAnswer, SecretsAnswer,
        },
        choices::ChoiceRow,
        code::Code,
        event::{EventKind, Phase, Report, RunError, Verdict},
        facts::{CheckState, Facts},
        failure::Failure,
        plan::Status,
        remedy::Remedy,
        secret::Secret,
        step::StepId,
    },
    os::signals::Signal,
    testing::screens::{AppDriver, done, failed, failure, finished, health, options, todo},
    tui::{
        choices,
        msg::{Effect, ExitReason, MouseInput, Msg},
        page::Page,
        state::{
            App, Focus, Screen,
            overlay::{ConfirmPurpose, Overlay},
        },
        update::update,
    },
};

fn press(app: &mut App, code: KeyCode) -> Vec<Effect> {
    update(app, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn ctrl(app: &mut App, char: char) -> Vec<Effect> {
    update(
        app,
        Msg::Key(KeyEvent::new(KeyCode::Char(char), KeyModifiers::CONTROL)),
    )
}

fn none() -> Vec<Effect> {
    Vec::new()
}

#[test]
fn it_starts_by_looking_at_everything() {
    let (app, effects) = App::new(options(), (80, 24));
    assert_eq!(effects, [Effect::Probe(StepId::ALL.to_vec())]);
    assert_eq!(app.screen, Screen::Step(StepId::Login));
    assert_eq!(app.status(StepId::Secrets), Status::Running);
}

#[test]
fn enter_on_each_open_step_is_its_safe_default() {
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
        assert_eq!(press(&mut app, KeyCode::Enter), none(), "not twice");
    }
}

#[test]
fn it_follows_the_first_open_step_until_a_key_moves_it() {
    let mut stage = AppDriver::new(options());
    stage.probe(StepId::Login, done(StepId::Login));
    assert_eq!(stage.app.screen, Screen::Step(StepId::Project));
    press(&mut stage.app, KeyCode::Char('1'));
    stage.probe(StepId::Project, done(StepId::Project));
    assert_eq!(
        stage.app.screen,
        Screen::Step(StepId::Login),
        "the user is there"
    );
}

#[test]
fn all_done_is_the_summary_and_enter_finishes() {
    let mut stage = AppDriver::new(options());
    for step in StepId::ALL {
        stage.probe(step, done(step));
    }
    assert_eq!(stage.app.screen, Screen::Summary);
    assert_eq!(
        press(&mut stage.app, KeyCode::Enter),
        [Effect::Quit(ExitReason::Finished)]
    );
}

#[test]
fn what_was_applied_is_looked_at_again_downstream() {
    let mut stage = AppDriver::up_to(StepId::Env);
    press(&mut stage.app, KeyCode::Enter);
    stage.begin(StepId::Env, Phase::Apply);
    let event = crate::testing::screens::event(
        StepId::Env,
        8,
        finished(Phase::Apply, 90, done(StepId::Env)),
    );
    let effects = update(&mut stage.app, Msg::Engine(Box::new(event)));
    assert_eq!(
        effects,
        [Effect::Probe(vec![
            StepId::Schema,
            StepId::Health,
            StepId::Secrets
        ])]
    );
    assert_eq!(
        stage.app.screen,
        Screen::Step(StepId::Backend),
        "on to the next open step"
    );
}

#[test]
fn a_step_that_is_being_applied_is_not_probed_over() {
    let mut stage = AppDriver::up_to(StepId::Env);
    press(&mut stage.app, KeyCode::Enter);
    press(&mut stage.app, KeyCode::Char('8'));
    let effects = press(&mut stage.app, KeyCode::Down);
    assert_eq!(effects, none());
    let effects = press(&mut stage.app, KeyCode::Char('r'));
    let others: Vec<_> = StepId::ALL
        .into_iter()
        .filter(|step| *step != StepId::Env)
        .collect();
    assert_eq!(effects, [Effect::Probe(others)]);
}

#[test]
fn a_failed_probe_is_tried_again_with_enter() {
    let mut stage = AppDriver::up_to(StepId::Health);
    stage.app.probe(&[StepId::Health]);
    stage.begin(StepId::Health, Phase::Probe);
    stage.emit(
        StepId::Health,
        failed(Phase::Probe, failure(StepId::Health)),
    );
    assert_eq!(
        press(&mut stage.app, KeyCode::Enter),
        [Effect::Probe(vec![StepId::Health])]
    );
}

#[test]
fn a_paste_never_submits_and_enter_takes_the_bare_key() {
    let mut app = AppDriver::up_to(StepId::Login).app;
    assert_eq!(app.focus, Focus::Field);
    assert_eq!(
        update(
            &mut app,
            Msg::Paste(Secret::new("Bearer \"napi_abcdef\"\n"))
        ),
        none()
    );
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Apply(Answer::Login(LoginAnswer::Key(
            Secret::new("napi_abcdef"),
            KeyStorage::Keyring
        )))]
    );
}

#[test]
fn an_empty_or_impossible_key_is_explained_at_the_field() {
    let mut app = AppDriver::up_to(StepId::Login).app;
    assert_eq!(press(&mut app, KeyCode::Enter), none());
    assert_eq!(
        app.login.problem.as_deref(),
        Some("paste or type a key first")
    );
    update(&mut app, Msg::Paste(Secret::new("x\n".repeat(2048))));
    assert_eq!(press(&mut app, KeyCode::Enter), none());
    assert!(
        app.login
            .problem
            .as_deref()
            .unwrap()
            .starts_with("2048 characters")
    );
}

#[test]
fn a_refused_key_stays_until_another_is_typed_or_pasted() {
    let mut stage = AppDriver::up_to(StepId::Login);
    stage.send(Msg::Paste(Secret::new("napi_wrong")));
    press(&mut stage.app, KeyCode::Enter);
    stage.begin(StepId::Login, Phase::Apply);
    stage.emit(StepId::Login, failed(Phase::Apply, failure(StepId::Login)));
    assert!(stage.app.login.rejected);
    assert_eq!(stage.app.focus, Focus::Field);
    press(&mut stage.app, KeyCode::Char('n'));
    assert_eq!(stage.app.login.key, Secret::new("n"));
}

#[test]
fn a_revealed_key_hides_by_itself() {
    let mut stage = AppDriver::up_to(StepId::Login);
    stage.send(Msg::Paste(Secret::new("napi_abc")));
    ctrl(&mut stage.app, 'r');
    assert!(stage.app.login.revealed_until.is_some());
    stage.wait(4000);
    assert!(stage.app.login.revealed_until.is_none());
    assert_eq!(stage.app.next_tick(), None, "and then nothing moves");
}

#[test]
fn no_keyring_means_this_session_unless_clear_text_is_chosen() {
    let (_, mut app) = crate::testing::screens::fixtures()
        .into_iter()
        .find(|(name, _)| *name == "login-no-keyring")
        .unwrap();
    let key = app.login.key.clone();
    let mut other = app.clone();
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Apply(Answer::Login(LoginAnswer::Key(
            key.clone(),
            KeyStorage::Session
        )))]
    );
    press(&mut other, KeyCode::Down);
    assert_eq!(
        press(&mut other, KeyCode::Enter),
        [Effect::Apply(Answer::Login(LoginAnswer::Key(
            key,
            KeyStorage::File
        )))]
    );
}

fn named(name: &str) -> App {
    let found = crate::testing::screens::fixtures()
        .into_iter()
        .find(|(other, _)| *other == name);
    found.unwrap().1
}

#[test]
fn an_exact_project_is_joined_and_of_two_none_is_preselected() {
    let mut app = named("project-join");
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Apply(Answer::Project(ProjectAnswer::Join(
            "old-violet-32930710".to_owned()
        )))]
    );
    let mut app = named("project-ambiguous");
    assert_eq!(press(&mut app, KeyCode::Enter), none());
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Down);
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Apply(Answer::Project(ProjectAnswer::Join(
            "young-sun-55667788".to_owned()
        )))]
    );
}

#[test]
fn a_leak_is_answered_by_the_cure_that_it_has() {
    for (remedy, first) in [
        (Some(Remedy::RotatePassword), "Rotate the password"),
        (Some(Remedy::RotateKey), "Copy: neonup rotate --api-key"),
        (None, "Look again"),
    ] {
        let mut report = todo(StepId::Secrets);
        report.findings[0].remedy = remedy;
        let mut stage = AppDriver::up_to(StepId::Secrets);
        stage.app.probe(&[StepId::Secrets]).unwrap();
        let choices = choices::of_screen(&stage.probe(StepId::Secrets, report).app);
        let ChoiceRow::Choice(choice) = choices.get(0).unwrap() else {
            panic!("{choices:?}");
        };
        assert_eq!(choice.label, first);
    }
}

#[test]
fn a_key_is_refused_only_where_neon_has_refused_it() {
    for (code, rejected) in [
        (Code::LoginKeyRejected, true),
        (Code::LoginUnreachable, false),
        (Code::LoginKeyringUnavailable, false),
    ] {
        let mut stage = AppDriver::up_to(StepId::Login);
        let key = "napi_0123456789abcdef0123456789abcdef0123456789";
        let failure = Failure::new(code, "that did not work");
        stage
            .send(Msg::Paste(Secret::new(key)))
            .press(&[KeyCode::Enter])
            .begin(StepId::Login, Phase::Apply)
            .emit(StepId::Login, failed(Phase::Apply, failure));
        assert_eq!(stage.app.login.rejected, rejected, "{code}");
        assert!(!stage.app.login.key.is_empty(), "{code}");
    }
}

#[test]
fn to_choose_another_project_all_of_them_are_listed() {
    let mut stage = AppDriver::up_to(StepId::Env);
    stage.press(&[KeyCode::Char('2')]);
    press(&mut stage.app, KeyCode::Down);
    assert_eq!(
        press(&mut stage.app, KeyCode::Enter),
        [Effect::Apply(Answer::Project(ProjectAnswer::List))]
    );
    let mut report = done(StepId::Project);
    let Some(Facts::Project(detail)) = &mut report.facts else {
        panic!("{report:?}");
    };
    let mut other = detail.choices[0].clone();
    other.id = "icy-moon-99887766".to_owned();
    other.meant = false;
    detail.choices = [detail.choices[0].clone(), other].into();
    stage
        .begin(StepId::Project, Phase::Apply)
        .emit(StepId::Project, finished(Phase::Apply, 90, report));
    let app = &mut stage.app;
    assert!(app.project.change && !app.project.listing);
    assert_eq!(app.screen, Screen::Step(StepId::Project));
    press(app, KeyCode::Down);
    let join = Answer::Project(ProjectAnswer::Join("icy-moon-99887766".to_owned()));
    assert_eq!(press(app, KeyCode::Enter), [Effect::Apply(join)]);
}

#[test]
fn a_reason_that_was_offered_gives_way_to_the_one_that_is_typed() {
    let reason = |keys: &str| {
        let mut stage = AppDriver::up_to(StepId::Env);
        stage
            .press(&[KeyCode::Char('s')])
            .type_text(keys)
            .press(&[KeyCode::Enter]);
        stage.app.plan.step(StepId::Env).declined.clone().unwrap()
    };
    assert_eq!(reason(""), "not now");
    assert_eq!(reason("by hand"), "by hand");
}

#[test]
fn a_dialog_about_work_goes_with_the_work() {
    let mut stage = AppDriver::up_to(StepId::Env);
    stage
        .press(&[KeyCode::Enter])
        .begin(StepId::Env, Phase::Apply);
    ctrl(&mut stage.app, 'c');
    assert!(matches!(stage.app.overlay, Some(Overlay::Confirm(_))));
    stage.emit(StepId::Env, finished(Phase::Apply, 5, done(StepId::Env)));
    assert_eq!(stage.app.overlay, None);
}

fn shown_command(app: &App) -> String {
    choices::command(app, &choices::of_screen(app)).to_string()
}

#[test]
fn the_command_is_that_of_the_chosen_answer() {
    for (name, downs, command) in [
        ("login-empty", 0, "neonup login"),
        ("login-empty", 2, "neonup setup --claimable"),
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
        ("summary-done", 2, "neonup check --receipt FILE"),
    ] {
        let mut app = named(name);
        app.focus = Focus::Choices;
        for _ in 0..downs {
            press(&mut app, KeyCode::Down);
        }
        assert_eq!(shown_command(&app), command, "{name} {downs}");
    }
    let mut app = named("project-join");
    app.presenter = true;
    assert!(!shown_command(&app).contains("old-violet"));
}

#[test]
fn another_project_needs_another_name_or_a_clear_yes() {
    let mut app = named("project-join");
    press(&mut app, KeyCode::Char('n'));
    assert_eq!(
        press(&mut app.clone(), KeyCode::Enter),
        [Effect::Apply(Answer::Project(ProjectAnswer::Create(
            "aido-todo-2".to_owned()
        )))]
    );
    press(&mut app, KeyCode::Backspace);
    press(&mut app, KeyCode::Backspace);
    assert_eq!(press(&mut app, KeyCode::Enter), none());
    assert!(matches!(
        &app.overlay,
        Some(Overlay::Confirm(confirm)) if confirm.purpose == ConfirmPurpose::Duplicate("aido-todo".to_owned()) && !confirm.yes
    ));
    assert_eq!(
        press(&mut app.clone(), KeyCode::Enter),
        none(),
        "no is preselected"
    );
    press(&mut app, KeyCode::Down);
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Apply(Answer::Project(ProjectAnswer::Create(
            "aido-todo".to_owned()
        )))]
    );
}

#[test]
fn a_password_is_never_ended_by_enter_alone() {
    let mut app = named("secrets-leak");
    assert_eq!(press(&mut app, KeyCode::Enter), none());
    assert_eq!(
        press(&mut app.clone(), KeyCode::Enter),
        none(),
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
fn existing_code_is_never_changed_by_enter_alone() {
    for name in ["backend-todo", "backend-edit"] {
        let mut app = named(name);
        let effects = press(&mut app, KeyCode::Enter);
        assert!(
            !effects.contains(&Effect::Apply(Answer::Backend(BackendAnswer::EditCode))),
            "{name}"
        );
    }
    let mut app = named("backend-edit");
    press(&mut app, KeyCode::Down);
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Apply(Answer::Backend(BackendAnswer::EditCode))]
    );
}

#[test]
fn a_skipped_step_keeps_its_reason_when_it_is_probed_again() {
    let mut stage = AppDriver::up_to(StepId::Schema);
    press(&mut stage.app, KeyCode::Char('s'));
    stage.type_text("Tom does it");
    press(&mut stage.app, KeyCode::Enter);
    assert_eq!(stage.app.screen, Screen::Step(StepId::Health));
    stage.app.probe(&[StepId::Schema]);
    stage.probe(StepId::Schema, todo(StepId::Schema));
    assert_eq!(stage.app.status(StepId::Schema), Status::Skipped);
    assert_eq!(stage.app.plan.step(StepId::Schema).evidence, "Tom does it");
    press(&mut stage.app, KeyCode::Char('5'));
    assert_eq!(
        press(&mut stage.app, KeyCode::Char('r')),
        [Effect::Probe(vec![StepId::Schema])]
    );
    stage.probe(StepId::Schema, todo(StepId::Schema));
    assert_eq!(
        stage.app.status(StepId::Schema),
        Status::Todo,
        "asked for again"
    );
}

#[test]
fn a_step_that_waits_leads_to_the_one_before_it() {
    let mut app = named("project-waits");
    assert_eq!(app.screen, Screen::Step(StepId::Project));
    assert_eq!(press(&mut app, KeyCode::Enter), none());
    assert_eq!(app.screen, Screen::Step(StepId::Login));
}

#[test]
fn escape_cancels_what_runs_and_the_world_is_looked_at() {
    let mut stage = AppDriver::up_to(StepId::Project);
    press(&mut stage.app, KeyCode::Enter);
    stage.begin(StepId::Project, Phase::Apply);
    assert_eq!(
        press(&mut stage.app, KeyCode::Esc),
        [Effect::Cancel(StepId::Project)]
    );
    let event = crate::testing::screens::event(
        StepId::Project,
        8,
        failed(Phase::Apply, RunError::Cancelled),
    );
    assert_eq!(
        update(&mut stage.app, Msg::Engine(Box::new(event))),
        [Effect::Probe(vec![StepId::Project])]
    );
}

#[test]
fn ctrl_c_asks_while_something_is_written_and_leaves_otherwise() {
    let mut app = AppDriver::up_to(StepId::Project).app;
    assert_eq!(
        ctrl(&mut app.clone(), 'c'),
        [Effect::Quit(ExitReason::Cancelled)]
    );
    press(&mut app, KeyCode::Enter);
    assert_eq!(ctrl(&mut app, 'c'), none());
    assert_eq!(
        press(&mut app.clone(), KeyCode::Enter),
        none(),
        "staying is preselected"
    );
    assert_eq!(
        ctrl(&mut app, 'c'),
        [Effect::Quit(ExitReason::Cancelled)],
        "twice is meant"
    );
}

#[test]
fn signals_and_bugs_end_it() {
    let app = AppDriver::up_to(StepId::Env).app;
    let bug = crate::testing::screens::event(
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
    let mut stage = AppDriver::up_to(StepId::Env);
    press(&mut stage.app, KeyCode::Enter);
    // the probe that the apply replaced ends late
    let late = crate::testing::screens::event(
        StepId::Env,
        3,
        finished(Phase::Probe, 1, todo(StepId::Env)),
    );
    stage.send(Msg::Engine(Box::new(late)));
    assert_eq!(stage.app.status(StepId::Env), Status::Running);
}

#[test]
fn undo_fix_and_copy_are_there_where_they_make_sense() {
    let mut app = named("env-done");
    assert_eq!(
        press(&mut app.clone(), KeyCode::Char('u')),
        [Effect::Apply(Answer::Env(EnvAnswer::Undo))]
    );
    assert_eq!(press(&mut app.clone(), KeyCode::Char('f')), none());
    assert_eq!(
        press(&mut app, KeyCode::Char('y')),
        [Effect::Copy("neonup check env".to_owned())]
    );
    let mut app = named("env-todo");
    assert_eq!(press(&mut app.clone(), KeyCode::Char('u')), none());
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
fn an_apply_that_leaves_a_gap_stays_and_says_so() {
    let mut stage = AppDriver::up_to(StepId::Env);
    press(&mut stage.app, KeyCode::Enter);
    stage.begin(StepId::Env, Phase::Apply);
    let report = Report {
        verdict: Verdict::Todo,
        ..todo(StepId::Env)
    };
    stage.emit(StepId::Env, finished(Phase::Apply, 5, report));
    assert_eq!(stage.app.screen, Screen::Step(StepId::Env));
    assert!(
        stage
            .app
            .toast
            .as_ref()
            .unwrap()
            .text
            .starts_with("Environment is still open")
    );
}

#[test]
fn no_key_on_any_screen_breaks_anything() {
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
    for (_, app) in crate::testing::screens::fixtures() {
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
fn a_watch_looks_once_a_second_until_it_is_left() {
    let look = [Effect::Probe(vec![StepId::Health])];
    for leave in [KeyCode::Char('w'), KeyCode::Esc, KeyCode::Char('5')] {
        let mut stage = AppDriver::up_to(StepId::Secrets);
        press(&mut stage.app, KeyCode::Char('w'));
        assert_eq!(stage.app.watch, None, "only on its own screen");
        press(&mut stage.app, KeyCode::Char('6'));
        stage.wait(60_000);
        assert_eq!(stage.app.next_tick(), None, "nothing moves yet");
        assert_eq!(press(&mut stage.app, KeyCode::Char('w')), look);
        for seconds in 1..=3 {
            let due = stage.app.now + Duration::from_secs(1);
            stage.probe(StepId::Health, done(StepId::Health));
            assert_eq!(stage.app.next_tick(), Some(due), "one look a second");
            let early = due.saturating_sub(Duration::from_millis(1));
            assert_eq!(update(&mut stage.app, Msg::Tick(early)), none());
            assert_eq!(update(&mut stage.app, Msg::Tick(due)), look);
            assert_eq!(
                update(&mut stage.app, Msg::Tick(due * 2)),
                none(),
                "not twice"
            );
            assert_eq!(stage.app.watch.as_ref().unwrap().samples.len(), seconds);
            stage.app.now = due;
        }
        stage.probe(StepId::Health, done(StepId::Health));
        press(&mut stage.app, leave);
        assert_eq!(stage.app.watch, None, "{leave:?} leaves it");
        stage.wait(60_000);
        assert_eq!(stage.app.next_tick(), None, "the tick is gone");
    }
}

#[test]
fn a_watched_ladder_changes_at_its_end_or_where_it_breaks() {
    let mut stage = AppDriver::up_to(StepId::Secrets);
    stage.press(&[KeyCode::Char('6'), KeyCode::Char('w')]);
    let before = stage.app.plan.step(StepId::Health).facts.clone();
    stage.begin(StepId::Health, Phase::Probe);
    assert_eq!(stage.app.status(StepId::Health), Status::Done);
    let shown = |state| EventKind::Facts(health(1, state));
    stage.emit(StepId::Health, shown(CheckState::Running));
    assert_eq!(stage.app.plan.step(StepId::Health).facts, before);
    stage.emit(StepId::Health, shown(CheckState::Gap));
    assert_ne!(stage.app.plan.step(StepId::Health).facts, before);
    stage.emit(
        StepId::Health,
        failed(Phase::Probe, failure(StepId::Health)),
    );
    let watch = stage.app.watch.as_ref().unwrap();
    assert_eq!((watch.samples.len(), watch.lost), (0, 1), "it goes on");
}

/// Where a text begins on the drawn screen.
fn whereabouts(app: &App, text: &str) -> (u16, u16) {
    let (columns, rows) = app.size;
    let mut terminal =
        ratatui::Terminal::new(ratatui::backend::TestBackend::new(columns, rows)).unwrap();
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
    let (column, row) = whereabouts(app, text);
    update(app, Msg::Mouse(MouseInput::Press(column, row)))
}

#[test]
fn the_mouse_is_off_until_asked_for() {
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
    assert_eq!(
        press(&mut typing, KeyCode::Char('M')),
        none(),
        "a character"
    );
}

#[test]
fn a_press_means_what_lies_under_it() {
    for size in [(80, 24), (120, 40), (60, 18)] {
        let mut app = AppDriver::up_to(StepId::Env).app;
        update(&mut app, Msg::Resize(size.0, size.1));
        assert_eq!(click(&mut app, "Skip this step"), none(), "first chosen");
        assert_eq!(app.overlay, None);
        assert_eq!(click(&mut app, "Skip this step"), none(), "then done");
        assert!(matches!(app.overlay, Some(Overlay::Prompt(_))));
        assert_eq!(click(&mut app, "not now"), none(), "what lies over it");
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
            none()
        );
    }
}

#[test]
fn a_press_on_an_answer_chooses_it_and_a_second_one_gives_it() {
    for size in [(80, 24), (120, 40), (60, 18)] {
        let mut app = AppDriver::up_to(StepId::Secrets).app;
        update(&mut app, Msg::Resize(size.0, size.1));
        let asks =
            |app: &App| matches!(&app.overlay, Some(Overlay::Confirm(confirm)) if !confirm.yes);
        press(&mut app, KeyCode::Enter);
        assert!(asks(&app));
        assert_eq!(click(&mut app, "A new password?"), none());
        assert!(asks(&app), "the heading is no answer");
        assert_eq!(click(&mut app, "Rotate it now"), none(), "chosen");
        assert!(!asks(&app));
        assert_eq!(click(&mut app, "Go back"), none(), "the other one");
        assert!(asks(&app));
        assert_eq!(click(&mut app, "Go back"), none());
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
fn the_wheel_scrolls_the_text_or_else_the_choice_and_answers_nothing() {
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

#[test]
fn a_filter_is_matched_once_for_a_key_and_its_frame() {
    let remembered = |driver: &AppDriver| driver.app.project.matches.clone().unwrap();
    let mut driver = AppDriver::up_to(StepId::Project);
    driver.press(&[KeyCode::Char('/')]).type_text("BILL");
    let matches = remembered(&driver);
    assert_eq!(matches.matches.count(), 1);
    let shown = driver.app.project_matches().unwrap();
    assert!(Arc::ptr_eq(&matches, &shown));
    // another filter, and another list, are matched anew
    driver.type_text("x");
    assert_eq!(remembered(&driver).matches.count(), 0);
    driver.press(&[KeyCode::Esc]);
    let before = remembered(&driver);
    driver.app.probe(&[StepId::Project]).unwrap();
    driver.probe(StepId::Project, todo(StepId::Project));
    assert!(!Arc::ptr_eq(&before, &remembered(&driver)));
}
