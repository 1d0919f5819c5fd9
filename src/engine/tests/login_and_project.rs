//! The login and project steps against a world in memory.

use crate::{
    core::{
        answer::{KeyStorage, LoginAnswer, ProjectAnswer},
        code::Code,
        event::{Report, Verdict},
        facts::{Facts, KeySource},
        failure::Result,
        secret::Secret,
        step::StepId,
    },
    engine::{login::LoginStep, project::ProjectStep, step::Step as _},
    ports::neon::Organization,
    project::settings::Flags,
};

use crate::testing::world::{Create, KEY, World};

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

async fn probe(world: &World, flags: Flags) -> Result<Report> {
    let (cx, _events) = world.context(World::settings(flags), StepId::Project);
    ProjectStep.probe(&cx).await
}

async fn apply(world: &World, flags: Flags, answer: ProjectAnswer) -> Result<Report> {
    let (cx, _events) = world.context(World::settings(flags), StepId::Project);
    ProjectStep.apply(&cx, answer).await
}

#[tokio::test]
async fn a_missing_project_is_created_once_and_then_joined_by_its_id() {
    let world = World::default();
    world.project("other", "todo-old");
    let report = probe(&world, Flags::default()).await.unwrap();
    assert_eq!(
        (report.verdict, codes(&report)),
        (Verdict::Todo, vec![Code::ProjectMissing])
    );
    let report = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict, Verdict::Done, "{report:?}");
    let config = world.file("/repo/neonup.toml").unwrap();
    assert!(config.contains("id = \"made-1\""), "{config}");
    // a second project of the name appears: the id decides
    world.project("rival", "todo");
    let report = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict, Verdict::Done);
    assert_eq!(world.with(|state| state.creates), 1);
}

#[tokio::test]
async fn an_existing_project_is_joined_and_never_duplicated() {
    let world = World::default();
    world.project("theirs", "todo");
    let report = probe(&world, Flags::default()).await.unwrap();
    assert_eq!(codes(&report), [Code::ProjectDuplicate]);
    let report = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict, Verdict::Done);
    let Some(Facts::Project(detail)) = report.facts else {
        panic!("no detail")
    };
    assert_eq!(detail.joined.unwrap().id, "theirs");
    assert_eq!(world.with(|state| state.creates), 0);
}

#[tokio::test]
async fn several_of_one_name_are_named_and_none_is_chosen() {
    let world = World::default();
    world.project("a-1", "todo");
    world.project("b-2", "todo");
    let report = probe(&world, Flags::default()).await.unwrap();
    assert_eq!(codes(&report), [Code::ProjectAmbiguous]);
    let failure = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::ProjectAmbiguous);
    assert!(
        failure.why.contains("a-1") && failure.why.contains("b-2"),
        "{failure}"
    );
    assert!(failure.hint.contains("--project"), "{failure}");
    let flags = Flags {
        project: Some("b-2".to_owned()),
        ..Flags::default()
    };
    let report = apply(&world, flags, ProjectAnswer::Default).await.unwrap();
    assert_eq!(report.verdict, Verdict::Done);
    assert_eq!(world.with(|state| state.creates), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_followed_by_a_look_and_never_by_a_second_create() {
    let world = World::default();
    world.with(|state| state.create = Create::AnswerLost);
    let report = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict, Verdict::Done);
    assert_eq!(
        world.with(|state| (state.creates, state.projects.len())),
        (1, 1)
    );

    let world = World::default();
    world.with(|state| state.create = Create::Nothing);
    let failure = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::ProjectNotReady);
    assert_eq!(world.with(|state| state.creates), 1);
    assert_eq!(world.file("/repo/neonup.toml"), None);
}

#[tokio::test]
async fn an_incomplete_list_rules_nothing_out() {
    let world = World::default();
    world.with(|state| state.unavailable.push("lost-1".to_owned()));
    let report = probe(&world, Flags::default()).await.unwrap();
    assert!(codes(&report).contains(&Code::ProjectListingIncomplete));
    let failure = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::ProjectListingIncomplete);
    assert_eq!(world.with(|state| state.creates), 0);
}

#[tokio::test]
async fn a_recorded_project_that_is_gone_is_not_replaced_silently() {
    let world = World::default();
    world.with(|state| {
        state.files.insert(
            "/repo/neonup.toml".into(),
            b"[project]\nname = \"todo\"\nid = \"gone-1\"\n".to_vec(),
        )
    });
    let report = probe(&world, Flags::default()).await.unwrap();
    assert_eq!(codes(&report), [Code::ProjectDeleted]);
    let failure = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::ProjectDeleted);
    assert_eq!(world.with(|state| state.creates), 0);
}

#[tokio::test(start_paused = true)]
async fn operations_are_awaited_and_their_failure_is_told() {
    let world = World::default();
    world.with(|state| state.busy = 5);
    let (cx, mut events) = world.context(World::settings(Flags::default()), StepId::Project);
    ProjectStep
        .apply(&cx, ProjectAnswer::Default)
        .await
        .unwrap();
    let mut labels = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let crate::core::event::EventKind::Progress(progress) = event.kind {
            labels.push(progress.label);
        }
    }
    assert!(
        labels.iter().any(|label| label == "Neon: start compute"),
        "{labels:?}"
    );

    let world = World::default();
    world.with(|state| state.operation_fails = true);
    let failure = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::ProjectNotReady);
    assert!(failure.hint.contains("the project exists"), "{failure}");
}

#[tokio::test]
async fn the_organization_is_resolved_before_anything_is_made() {
    let org = |id: &str, managed_by: &str| Organization {
        id: id.to_owned(),
        name: id.to_owned(),
        managed_by: managed_by.to_owned(),
    };
    let world = World::default();
    world.with(|state| {
        state.org_needed = true;
        state.organizations = vec![org("org-a", "console"), org("org-b", "vercel")];
    });
    assert_eq!(
        codes(&probe(&world, Flags::default()).await.unwrap()),
        [Code::ProjectMissing]
    );
    world.with(|state| state.organizations.push(org("org-c", "console")));
    let failure = probe(&world, Flags::default()).await.unwrap_err();
    assert_eq!(failure.code, Code::ProjectOrganizationNeeded);
    assert!(
        failure.why.contains("org-a") && failure.why.contains("org-c"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_scoped_key_finds_its_project() {
    let world = World::default();
    world.project("damp-dream-67070160", "todo");
    world.with(|state| state.scoped_to = Some("damp-dream-67070160".to_owned()));
    let report = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict, Verdict::Done);
}

#[tokio::test]
async fn a_limit_is_told_and_nothing_is_recorded() {
    let world = World::default();
    world.with(|state| state.create = Create::Refused(Code::ProjectLimitReached));
    let failure = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::ProjectLimitReached);
    assert_eq!(world.file("/repo/neonup.toml"), None);
}

#[tokio::test]
async fn a_key_that_neon_rejects_is_never_stored() {
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
    assert_eq!(report.verdict, Verdict::Done);
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
async fn a_keyring_that_cannot_keep_a_secret_is_said_and_clear_text_needs_consent() {
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
async fn a_variable_that_hides_a_different_stored_key_is_said() {
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
    assert_eq!(report.verdict, Verdict::Done);
}

#[tokio::test]
async fn the_neon_clis_login_is_offered_and_never_taken_silently() {
    let world = World::default();
    world.with(|state| state.neon_cli = Some(("ada".to_owned(), KEY.to_owned())));
    let (cx, _events) = world.context(World::settings_with(&[], Flags::default()), StepId::Login);
    let report = LoginStep.probe(&cx).await.unwrap();
    assert_eq!(report.verdict, Verdict::Todo);
    let Some(Facts::Login(detail)) = &report.facts else {
        panic!("no detail")
    };
    assert_eq!(detail.neon_cli.as_deref(), Some("ada"));
    let report = LoginStep
        .apply(&cx, LoginAnswer::NeonCli(KeyStorage::Session))
        .await
        .unwrap();
    assert_eq!(report.verdict, Verdict::Done);
    assert!(world.with(|state| state.stored.is_empty()));
}

#[tokio::test]
async fn a_project_that_a_flag_names_is_recorded_so_that_the_next_run_needs_no_flag() {
    let world = World::default();
    world.project("a-1", "todo");
    world.project("b-2", "todo");
    let flags = Flags {
        project: Some("b-2".to_owned()),
        ..Flags::default()
    };
    let report = probe(&world, flags.clone()).await.unwrap();
    assert_eq!(report.verdict, Verdict::Todo, "{report:?}");
    let report = apply(&world, flags, ProjectAnswer::Default).await.unwrap();
    assert_eq!(report.verdict, Verdict::Done);
    let report = probe(&world, Flags::default()).await.unwrap();
    assert_eq!(report.verdict, Verdict::Done, "{report:?}");
}

#[tokio::test]
async fn what_went_wrong_before_we_joined_is_history() {
    let world = World::default();
    world.project("theirs", "todo");
    world.with(|state| state.operation_fails = true);
    let report = apply(&world, Flags::default(), ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict, Verdict::Done);
}

#[tokio::test]
async fn a_branch_that_is_not_there_leaves_nothing_to_write_for() {
    let world = World::default();
    let mut settings = World::settings(Flags::default());
    settings.project.branch = Some("dev".to_owned());
    let (cx, _events) = world.context(settings, StepId::Project);
    world.project("theirs", "todo");
    ProjectStep
        .apply(&cx, ProjectAnswer::Default)
        .await
        .unwrap();
    world.with(|state| state.branches.clear());
    let report = ProjectStep.probe(&cx).await.unwrap();
    assert_eq!(codes(&report), [Code::ProjectBranchMissing]);
    assert_eq!(
        cx.project(),
        None,
        "the default branch is not what was asked for"
    );
}
