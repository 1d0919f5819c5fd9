//! The login step against a world in memory.

use crate::{
    core::{
        answer::{KeyStorage, LoginAnswer},
        code::Code,
        event::{Report, Verdict},
        facts::{Facts, KeySource},
        secret::Secret,
        step::StepId,
    },
    engine::{login::LoginStep, step::Step as _},
    project::settings::Flags,
    testing::world::{KEY, World},
};

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

#[tokio::test]
async fn a_rejected_key_is_not_stored() {
    let world = World::default();
    let (cx, _events) = world.context(World::settings_with(&[], Flags::default()), StepId::Login);
    let report = LoginStep.probe(&cx).await.unwrap();
    assert_eq!(codes(&report), [Code::LoginMissingKey]);
    let failure = LoginStep
        .apply(
            &cx,
            LoginAnswer::Key(Secret::new("napi_wrong"), KeyStorage::Keyring),
        )
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::LoginKeyRejected);
    assert!(world.with(|state| state.stored.is_empty()));
    let report = LoginStep
        .apply(
            &cx,
            LoginAnswer::Key(Secret::new(format!(" Bearer {KEY}\n")), KeyStorage::Keyring),
        )
        .await
        .unwrap();
    assert_eq!(report.verdict(), Verdict::Done);
    assert_eq!(
        world.with(|state| state.stored.values().cloned().collect::<Vec<_>>()),
        [KEY]
    );
    let Some(Facts::Login(detail)) = &report.facts else {
        panic!("no detail")
    };
    assert_eq!(detail.key.as_ref().unwrap().0, KeySource::Keyring);
    assert!(
        !format!("{report:?}").contains(KEY),
        "the report holds the key"
    );
}

#[tokio::test]
async fn without_a_keyring_a_key_file_needs_consent() {
    let world = World::default();
    world.with(|state| state.keyring = Some("it is locked".to_owned()));
    let (cx, _events) = world.context(World::settings_with(&[], Flags::default()), StepId::Login);
    let report = LoginStep.probe(&cx).await.unwrap();
    assert!(codes(&report).contains(&Code::LoginKeyringUnavailable));
    let failure = LoginStep
        .apply(&cx, LoginAnswer::Key(Secret::new(KEY), KeyStorage::Keyring))
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::LoginKeyringUnavailable);
    assert!(
        world.with(|state| state.stored.is_empty()),
        "nothing may be kept in clear without consent"
    );
    let report = LoginStep
        .apply(&cx, LoginAnswer::Key(Secret::new(KEY), KeyStorage::File))
        .await
        .unwrap();
    assert_eq!(codes(&report), [Code::LoginStoredInClear]);
}

#[tokio::test]
async fn a_variable_that_hides_another_stored_key_is_reported() {
    let world = World::default();
    let settings = World::settings(Flags::default());
    world.with(|state| {
        state.stored.insert(
            (KeyStorage::Keyring as u8, settings.key_account()),
            "napi_other".to_owned(),
        )
    });
    let (cx, _events) = world.context(settings, StepId::Login);
    let report = LoginStep.probe(&cx).await.unwrap();
    assert_eq!(codes(&report), [Code::LoginEnvironmentHidesKey]);
    assert_eq!(report.verdict(), Verdict::Done);
}

#[tokio::test]
async fn the_neon_cli_login_is_only_used_when_chosen() {
    let world = World::default();
    world.with(|state| state.neon_cli = Some(("ada".to_owned(), KEY.to_owned())));
    let (cx, _events) = world.context(World::settings_with(&[], Flags::default()), StepId::Login);
    let report = LoginStep.probe(&cx).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Todo);
    let Some(Facts::Login(detail)) = &report.facts else {
        panic!("no detail")
    };
    assert_eq!(detail.neon_cli.as_deref(), Some("ada"));
    let report = LoginStep
        .apply(&cx, LoginAnswer::NeonCli(KeyStorage::Session))
        .await
        .unwrap();
    assert_eq!(report.verdict(), Verdict::Done);
    assert!(world.with(|state| state.stored.is_empty()));
}
