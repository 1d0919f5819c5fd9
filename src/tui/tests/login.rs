//! The login screen: what each key and paste does.

use crossterm::event::KeyCode;

use crate::{
    core::{
        answer::{Answer, KeyStorage, LoginAnswer},
        code::Code,
        environment::Environment,
        event::{EventKind, Phase, RunError},
        facts::Facts,
        failure::Failure,
        secret::Secret,
        step::StepId,
    },
    testing::screens::{AppDriver, failed, failure, login_waiting, options, todo},
    tui::{
        msg::{Effect, Msg},
        state::Focus,
        tests::input::{ctrl, fixture, press},
        update::update,
    },
};

#[test]
fn a_pasted_key_is_cleaned_and_applied_by_enter_only() {
    let mut app = AppDriver::up_to(StepId::Login).app;
    assert_eq!(
        update(
            &mut app,
            Msg::Paste(Secret::new("Bearer \"napi_abcdef\"\n"))
        ),
        []
    );
    assert_eq!(app.focus, Focus::Field);
    assert_eq!(
        press(&mut app, KeyCode::Enter),
        [Effect::Apply(Answer::Login(LoginAnswer::Key(
            Secret::new("napi_abcdef"),
            KeyStorage::Keyring
        )))]
    );
}

#[test]
fn an_empty_or_impossible_key_shows_its_problem() {
    let mut app = AppDriver::up_to(StepId::Login).app;
    press(&mut app, KeyCode::Tab);
    assert_eq!(app.focus, Focus::Field);
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    assert_eq!(
        app.login.problem.as_deref(),
        Some("paste or type a key first")
    );
    update(&mut app, Msg::Paste(Secret::new("x\n".repeat(2048))));
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    assert!(
        app.login
            .problem
            .as_deref()
            .unwrap()
            .starts_with("2048 characters")
    );
}

#[test]
fn a_rejected_key_stays_until_another_is_typed() {
    let mut driver = AppDriver::up_to(StepId::Login);
    driver.send(Msg::Paste(Secret::new("napi_wrong")));
    press(&mut driver.app, KeyCode::Enter);
    driver.begin(StepId::Login, Phase::Apply);
    driver.emit(StepId::Login, failed(Phase::Apply, failure(StepId::Login)));
    assert!(driver.app.login.rejected);
    assert_eq!(driver.app.focus, Focus::Field);
    press(&mut driver.app, KeyCode::Char('n'));
    assert_eq!(driver.app.login.key, Secret::new("n"));
}

#[test]
fn a_revealed_key_is_hidden_after_four_seconds() {
    let mut driver = AppDriver::up_to(StepId::Login);
    driver.send(Msg::Paste(Secret::new("napi_abc")));
    ctrl(&mut driver.app, 'r');
    assert!(driver.app.login.revealed_until.is_some());
    driver.wait(4000);
    assert!(driver.app.login.revealed_until.is_none());
    assert_eq!(driver.app.next_tick(), None, "and then nothing moves");
}

#[test]
fn without_a_keyring_the_key_is_kept_for_the_session_by_default() {
    let mut app = fixture("login-no-keyring");
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

#[test]
fn only_a_rejection_by_neon_marks_the_key_as_rejected() {
    for (code, rejected) in [
        (Code::LoginKeyRejected, true),
        (Code::LoginUnreachable, false),
        (Code::LoginKeyringUnavailable, false),
    ] {
        let mut driver = AppDriver::up_to(StepId::Login);
        let key = "napi_0123456789abcdef0123456789abcdef0123456789";
        let failure = Failure::new(code, "that did not work");
        driver
            .send(Msg::Paste(Secret::new(key)))
            .press(&[KeyCode::Enter])
            .begin(StepId::Login, Phase::Apply)
            .emit(StepId::Login, failed(Phase::Apply, failure));
        assert_eq!(driver.app.login.rejected, rejected, "{code}");
        assert!(!driver.app.login.key.is_empty(), "{code}");
    }
}

/// A wizard that waits for the browser.
fn waiting(opened: bool) -> AppDriver {
    let mut driver = AppDriver::up_to(StepId::Login);
    let effects = press(&mut driver.app, KeyCode::Enter);
    let answer = LoginAnswer::Browser(KeyStorage::Keyring);
    assert_eq!(effects, [Effect::Apply(Answer::Login(answer))]);
    driver
        .begin(StepId::Login, Phase::Apply)
        .emit(StepId::Login, EventKind::Facts(login_waiting(opened, None)));
    driver
}

#[test]
fn the_first_choice_is_the_browser_and_its_address_can_be_had() {
    let mut driver = waiting(true);
    let address = driver.app.waiting().unwrap().address.clone();
    assert_eq!(
        press(&mut driver.app, KeyCode::Char('y')),
        [Effect::Copy(address.clone())]
    );
    driver.app.options.browser = Some(Environment::default());
    assert_eq!(
        press(&mut driver.app, KeyCode::Char('o')),
        [Effect::Open(address)]
    );
    // nothing was pasted
    assert_eq!(press(&mut driver.app, KeyCode::Enter), []);
    assert_eq!(
        press(&mut driver.app, KeyCode::Esc),
        [Effect::Cancel(StepId::Login)]
    );
}

#[test]
fn the_address_at_which_the_browser_ended_is_handed_over_once() {
    let mut driver = waiting(false);
    let address = "http://127.0.0.1:43117/callback?code=a&state=b";
    driver.send(Msg::Paste(Secret::new(format!(" {address}\n"))));
    assert_eq!(driver.app.focus, Focus::Field);
    assert!(driver.app.login.key.is_empty(), "it is no key");
    assert_eq!(
        press(&mut driver.app, KeyCode::Enter),
        [Effect::HandOver(Secret::new(address))]
    );
    assert_eq!(press(&mut driver.app, KeyCode::Enter), []);
    // typed, and left by Esc, which cancels all the same
    press(&mut driver.app, KeyCode::BackTab);
    driver.type_text("http");
    assert_eq!(driver.app.login.address, Secret::new("http"));
    assert_eq!(
        press(&mut driver.app, KeyCode::Esc),
        [Effect::Cancel(StepId::Login)]
    );
    driver.emit(StepId::Login, failed(Phase::Apply, RunError::Cancelled));
    assert!(driver.app.login.address.is_empty() && driver.app.waiting().is_none());
    assert_eq!(driver.app.focus, Focus::Choices);
}

#[test]
fn after_a_login_that_failed_another_attempt_comes_first() {
    let mut driver = waiting(true);
    let failure = Failure::new(Code::LoginBrowserFailed, "declined").hint("again");
    driver.emit(StepId::Login, failed(Phase::Apply, failure));
    assert!(driver.app.waiting().is_none());
    driver.send(Msg::Drawn);
    press(&mut driver.app, KeyCode::Down);
    press(&mut driver.app, KeyCode::Up);
    let answer = LoginAnswer::Browser(KeyStorage::Keyring);
    assert_eq!(
        press(&mut driver.app, KeyCode::Enter),
        [Effect::Apply(Answer::Login(answer))]
    );
}

#[test]
fn without_an_issuer_there_is_the_field_alone() {
    let mut driver = AppDriver::new(options());
    let mut report = todo(StepId::Login);
    if let Some(Facts::Login(login)) = &mut report.facts {
        login.browser = false;
    }
    driver.probe(StepId::Login, report);
    assert_eq!(driver.app.focus, Focus::Field);
    let effects = press(&mut driver.app, KeyCode::Enter);
    assert_eq!(effects, []);
}
