//! The login in the browser against a world in memory.

use std::time::Duration;

use crate::{
    core::{
        answer::{Answer, KeyStorage, LoginAnswer},
        code::Code,
        event::{EventKind, Report, RunError, Verdict},
        facts::{Facts, KeyKind, KeySource, LoginFacts},
        failure::Failure,
        secret::Secret,
        step::StepId,
    },
    domain::web_login::tokens::WebTokens,
    engine::{
        context::Cx,
        login::LoginStep,
        runtime::Runtime,
        step::Step as _,
        web_login::{BROWSER_LIMIT, BY_HAND_LIMIT},
    },
    ports::web_login::IssuerError,
    project::settings::{Flags, Settings},
    testing::{
        ports::AtTheBrowser,
        world::{KEY, World},
    },
};

fn settings() -> Settings {
    World::settings_with(&[], Flags::default())
}

fn world(person: AtTheBrowser) -> World {
    let world = World::default();
    world.with(|state| {
        state.issuer.person = person;
        state.issuer.lifetime = 3600;
        state.issuer.now = 1_790_000_000;
    });
    world
}

async fn log_in(cx: &Cx, storage: KeyStorage) -> Result<Report, Failure> {
    LoginStep.apply(cx, LoginAnswer::Browser(storage)).await
}

fn stored(world: &World) -> Vec<WebTokens> {
    let stored = world.with(|state| state.stored.values().cloned().collect::<Vec<_>>());
    let tokens = stored.into_iter().map(Secret::new);
    tokens
        .map(|stored| WebTokens::of_stored(&stored).unwrap())
        .collect()
}

fn facts(report: &Report) -> &LoginFacts {
    match &report.facts {
        Some(Facts::Login(login)) => login,
        other => panic!("{other:?}"),
    }
}

fn renewals(world: &World) -> usize {
    let calls = world.with(|state| state.calls.clone());
    calls.iter().filter(|call| *call == "renew").count()
}

#[tokio::test]
async fn a_login_is_checked_stored_and_named() {
    let world = world(AtTheBrowser::Agrees);
    let (cx, _events) = world.context(settings(), StepId::Login);
    let report = log_in(&cx, KeyStorage::Keyring).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done);
    assert_eq!(
        report.evidence,
        "ada@example.org, a browser login from the OS keyring"
    );
    assert_eq!(facts(&report).kind, Some(KeyKind::Browser));
    let [tokens] = stored(&world).try_into().unwrap();
    assert_eq!(tokens.issuer, "https://oauth2.neon.tech");
    assert!(tokens.refresh.is_some());
    assert_eq!(world.with(|state| state.issuer.listeners), 0);
    assert!(!format!("{report:?}").contains("canary"));
    // the next run finds it
    let (next, _events) = world.context(settings(), StepId::Login);
    let report = LoginStep.probe(&next).await.unwrap();
    assert_eq!(facts(&report).key.as_ref().unwrap().0, KeySource::Keyring);
    assert_eq!(renewals(&world), 0);
}

#[tokio::test(start_paused = true)]
async fn each_way_to_fail_stores_nothing_and_leaves_no_listener() {
    for (person, what) in [
        (AtTheBrowser::Denies, "declined"),
        (AtTheBrowser::AnswersAnother, "another login"),
        (AtTheBrowser::NeverComes, "within 60 s"),
    ] {
        let world = world(person);
        let (cx, _events) = world.context(settings(), StepId::Login);
        let failure = log_in(&cx, KeyStorage::Keyring).await.unwrap_err();
        assert_eq!(failure.code, Code::LoginBrowserFailed, "{failure}");
        assert!(failure.what.contains(what), "{failure}");
        assert!(stored(&world).is_empty() && cx.known_key().is_none());
        assert_eq!(world.with(|state| state.issuer.listeners), 0);
    }
    let world = world(AtTheBrowser::Agrees);
    world.with(|state| {
        state.issuer.fails = Some(IssuerError::Refused {
            issuer: "https://oauth2.neon.tech".to_owned(),
            error: "invalid_grant".to_owned(),
            status: 400,
        });
    });
    let (cx, _events) = world.context(settings(), StepId::Login);
    let failure = log_in(&cx, KeyStorage::Keyring).await.unwrap_err();
    assert!(failure.what.contains("code"), "{failure}");
}

#[tokio::test]
async fn nobody_is_sent_to_the_browser_for_a_login_that_cannot_be_kept_or_used() {
    let world = world(AtTheBrowser::Agrees);
    world.with(|state| state.keyring = Some("it is locked".to_owned()));
    let (cx, _events) = world.context(settings(), StepId::Login);
    let failure = log_in(&cx, KeyStorage::Keyring).await.unwrap_err();
    assert_eq!(failure.code, Code::LoginKeyringUnavailable);
    let mut other = settings();
    other.oauth_host = None;
    let (cx, _events) = world.context(other, StepId::Login);
    let failure = log_in(&cx, KeyStorage::Session).await.unwrap_err();
    assert!(failure.hint.contains("NEON_OAUTH_HOST"), "{failure}");
    assert!(world.with(|state| state.issuer.opened.is_empty()));
    // for this session it needs no keyring
    let (cx, _events) = world.context(settings(), StepId::Login);
    log_in(&cx, KeyStorage::Session).await.unwrap();
    assert!(world.with(|state| state.stored.is_empty()));
}

/// Runs a login in which no browser can be opened, and pastes these addresses, with the state of the login for `STATE`.
async fn pasted(world: &World, addresses: &[&str]) -> (Result<Report, RunError>, Vec<String>) {
    world.with(|state| state.issuer.no_browser = true);
    let (runtime, mut events) = Runtime::new(settings(), world.ports());
    let answer = LoginAnswer::Browser(KeyStorage::Session);
    runtime.apply(Answer::Login(answer));
    let mut addresses = addresses.iter();
    let mut problems = Vec::new();
    loop {
        match events.recv().await.unwrap().kind {
            EventKind::Facts(Facts::Login(LoginFacts {
                waiting: Some(waiting),
                ..
            })) => {
                assert!(!waiting.opened);
                problems.extend(waiting.problem);
                let url = url::Url::parse(&waiting.address).unwrap();
                let state = url.query_pairs().find(|(name, _)| name == "state");
                let Some(address) = addresses.next() else {
                    runtime.cancel(StepId::Login);
                    continue;
                };
                let address = address.replace("STATE", &state.unwrap().1);
                runtime.hand_over(Secret::new(address));
            }
            EventKind::Finished(outcome) => {
                runtime.shutdown().await;
                return (outcome.result, problems);
            }
            EventKind::Started(_)
            | EventKind::Progress(_)
            | EventKind::Facts(_)
            | EventKind::Activity(_)
            | EventKind::App(_)
            | EventKind::Bug(_) => {}
        }
    }
}

#[tokio::test]
async fn the_address_of_another_machine_can_be_pasted() {
    let world = world(AtTheBrowser::NeverComes);
    let challenge = |world: &World| world.with(|state| state.issuer.challenge_of_last());
    let (result, problems) = pasted(
        &world,
        &[
            "napi_a_key",
            "http://127.0.0.1:4321/callback?code=x&state=old",
            "http://127.0.0.1:4321/callback?code=ory_ac_canary&state=STATE",
        ],
    )
    .await;
    assert_eq!(result.unwrap().verdict(), Verdict::Done);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[1].contains("another login"), "{problems:?}");
    assert!(!challenge(&world).is_empty());
    let (result, _) = pasted(
        &world,
        &["http://127.0.0.1:4321/callback?error=access_denied&state=STATE"],
    )
    .await;
    let Err(RunError::Failed(failure)) = result else {
        panic!("{result:?}");
    };
    assert_eq!(failure.code, Code::LoginBrowserFailed);
}

#[tokio::test]
async fn a_login_that_is_cancelled_leaves_nothing() {
    let world = world(AtTheBrowser::NeverComes);
    let (result, _) = pasted(&world, &[]).await;
    assert_eq!(result, Err(RunError::Cancelled));
    assert_eq!(world.with(|state| state.issuer.listeners), 0);
    assert!(world.with(|state| state.stored.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn who_has_to_carry_the_address_elsewhere_has_more_time() {
    let world = world(AtTheBrowser::NeverComes);
    world.with(|state| state.issuer.no_browser = true);
    let (cx, _events) = world.context(settings(), StepId::Login);
    let started = tokio::time::Instant::now();
    log_in(&cx, KeyStorage::Session).await.unwrap_err();
    assert!(started.elapsed() >= BY_HAND_LIMIT && BY_HAND_LIMIT > BROWSER_LIMIT);
}

#[tokio::test]
async fn a_login_is_renewed_before_it_ends_and_stored_again() {
    let world = world(AtTheBrowser::Agrees);
    let (cx, _events) = world.context(settings(), StepId::Login);
    log_in(&cx, KeyStorage::File).await.unwrap();
    let [before] = stored(&world).try_into().unwrap();
    world.with(|state| state.issuer.now += 3590);
    let report = LoginStep.probe(&cx).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done);
    let [after] = stored(&world).try_into().unwrap();
    assert!(before.access != after.access && before.refresh != after.refresh);
    assert_eq!(renewals(&world), 1);
    LoginStep.probe(&cx).await.unwrap();
    assert_eq!(renewals(&world), 1);
}

#[tokio::test]
async fn one_refresh_token_is_spent_once_by_two_programs() {
    let world = world(AtTheBrowser::Agrees);
    let (first, _one) = world.context(settings(), StepId::Login);
    log_in(&first, KeyStorage::Keyring).await.unwrap();
    let (second, _two) = world.context(settings(), StepId::Login);
    LoginStep.probe(&second).await.unwrap();
    world.with(|state| state.issuer.now += 3590);
    let (one, two) = tokio::join!(LoginStep.probe(&first), LoginStep.probe(&second));
    assert_eq!(one.unwrap().verdict(), Verdict::Done);
    assert_eq!(two.unwrap().verdict(), Verdict::Done);
    assert_eq!(renewals(&world), 1);
    assert_eq!(first.known_key(), second.known_key());
}

#[tokio::test(start_paused = true)]
async fn who_renews_waits_for_the_turn() {
    let world = world(AtTheBrowser::Agrees);
    let (cx, _events) = world.context(settings(), StepId::Login);
    log_in(&cx, KeyStorage::Keyring).await.unwrap();
    world.with(|state| {
        state.issuer.now += 4000;
        state.key_is_held = true;
    });
    let held = world.clone();
    let free = async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        held.with(|state| state.key_is_held = false);
    };
    let (report, ()) = tokio::join!(LoginStep.probe(&cx), free);
    assert_eq!(report.unwrap().verdict(), Verdict::Done);
}

#[tokio::test]
async fn a_login_that_cannot_be_renewed_says_so_with_the_way_out() {
    let expired = async |world: &World| {
        world.with(|state| state.issuer.now += 4000);
        let (cx, _events) = world.context(settings(), StepId::Login);
        let failure = LoginStep.probe(&cx).await.unwrap_err();
        assert_eq!(failure.code, Code::LoginExpired, "{failure}");
        assert!(failure.hint.contains("neonup login --web"), "{failure}");
        failure
    };
    let world = world(AtTheBrowser::Agrees);
    world.with(|state| state.issuer.gives_no_refresh = true);
    let (cx, _events) = world.context(settings(), StepId::Login);
    let report = log_in(&cx, KeyStorage::Keyring).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done);
    assert_eq!(report.findings[0].code, Code::LoginExpired);
    assert!(expired(&world).await.why.contains("no refresh token"));
    // revoked elsewhere
    world.with(|state| state.issuer.gives_no_refresh = false);
    log_in(&cx, KeyStorage::Keyring).await.unwrap();
    world.with(|state| state.issuer.refresh = None);
    assert!(expired(&world).await.why.contains("invalid_grant"));
    // of an issuer that is not the one that is set
    log_in(&cx, KeyStorage::Keyring).await.unwrap();
    world.with(|state| state.issuer.now += 4000);
    let mut other = settings();
    other.oauth_host = Some("https://other.test".to_owned());
    let (cx, _events) = world.context(other, StepId::Login);
    let before = renewals(&world);
    let failure = LoginStep.probe(&cx).await.unwrap_err();
    assert!(failure.what.contains("oauth2.neon.tech"), "{failure}");
    assert_eq!(renewals(&world), before, "its token was sent elsewhere");
}

#[tokio::test]
async fn a_rejected_login_is_renewed_and_the_look_taken_again() {
    let world = world(AtTheBrowser::Agrees);
    let (cx, _events) = world.context(settings(), StepId::Login);
    log_in(&cx, KeyStorage::Keyring).await.unwrap();
    // Neon forgets it, though by the clock it is good
    world.with(|state| state.keys.clear());
    let (runtime, mut events) = Runtime::new(settings(), world.ports());
    runtime.probe(StepId::Login);
    let outcome = loop {
        if let EventKind::Finished(outcome) = events.recv().await.unwrap().kind {
            break outcome;
        }
    };
    assert_eq!(outcome.result.unwrap().verdict(), Verdict::Done);
    assert_eq!(renewals(&world), 1);
    runtime.shutdown().await;
}

#[tokio::test]
async fn a_login_has_no_key_to_rotate_and_hides_behind_the_environment() {
    let world = world(AtTheBrowser::Agrees);
    let (cx, _events) = world.context(settings(), StepId::Login);
    log_in(&cx, KeyStorage::Keyring).await.unwrap();
    let failure = LoginStep.apply(&cx, LoginAnswer::Rotate).await.unwrap_err();
    assert_eq!(failure.code, Code::LoginKeyScope);
    assert!(failure.hint.contains("neonup logout"), "{failure}");
    let with_key = World::settings_with(&[("NEON_API_KEY", KEY)], Flags::default());
    let (cx, _events) = world.context(with_key, StepId::Login);
    let report = LoginStep.probe(&cx).await.unwrap();
    assert_eq!(report.findings[0].code, Code::LoginEnvironmentHidesKey);
}
