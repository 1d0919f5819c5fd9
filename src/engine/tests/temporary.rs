//! The login and project steps with a temporary database, against a service in memory.

use crate::{
    core::{
        answer::{KeyStorage, LoginAnswer, ProjectAnswer},
        code::{Code, Severity},
        event::{Report, Verdict},
        failure::Result,
        secret::Secret,
        step::StepId,
    },
    domain::temporary::RecordedDatabase,
    engine::{context::Cx, login::LoginStep, project::ProjectStep, step::Step as _},
    ports::claimable::{Ownership, TemporaryDatabase},
    project::settings::{Flags, Settings},
};

use crate::testing::world::{KEY, PASSWORD, World, lost_answer};

const ID: &str = "0b0c4d5e-canary-4000-8000-1234567890ab";
const POOLED: &str = "ep-a-b-12345678-pooler.us-east-2.aws.neon.tech";

/// A database as the service has it. The clock of these tests stands at 2026-01-01.
fn database(created_at: &str, expires_at: &str) -> TemporaryDatabase {
    TemporaryDatabase {
        id: Secret::new(ID),
        ownership: Ownership::Unclaimed,
        project: "old-violet-32930710".to_owned(),
        connection_string: Some(Secret::new(format!(
            "postgresql://neondb_owner:{PASSWORD}@{POOLED}/neondb?sslmode=require"
        ))),
        claim_url: Secret::new(format!("https://neon.new/claim/{ID}")),
        created_at: created_at.to_owned(),
        expires_at: expires_at.to_owned(),
    }
}

fn fresh() -> TemporaryDatabase {
    database("2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z")
}

fn world() -> World {
    let world = World::default();
    world.with(|state| state.temporary = Some(fresh()));
    world
}

fn claimable() -> Flags {
    Flags {
        claimable: true,
        ..Flags::default()
    }
}

fn settings(flags: Flags) -> Settings {
    World::settings_with(&[], flags)
}

fn context(world: &World, settings: Settings) -> Cx {
    world.context(settings, StepId::Project).0
}

async fn probe(world: &World, settings: Settings) -> (Report, Result<Report>) {
    let cx = context(world, settings);
    let login = LoginStep.probe(&cx).await.unwrap();
    (login, ProjectStep.probe(&cx).await)
}

async fn apply(world: &World, settings: Settings) -> Result<Report> {
    let cx = context(world, settings);
    let report = ProjectStep.apply(&cx, ProjectAnswer::Default).await?;
    assert!(!format!("{report:?}").contains("canary"), "{report:?}");
    Ok(report)
}

fn codes(report: &Report) -> Vec<(Code, Severity)> {
    let findings = report.findings.iter();
    findings
        .map(|finding| (finding.code, finding.severity))
        .collect()
}

fn made(world: &World) -> usize {
    world.with(|state| state.temporaries)
}

fn kept(world: &World) -> Option<RecordedDatabase> {
    world.with(|state| {
        let (place, text) = state.stored.iter().next()?;
        assert_eq!(place.0, KeyStorage::File as u8, "only in the 0600 file");
        RecordedDatabase::parse(&Secret::new(text))
    })
}

#[tokio::test]
async fn a_temporary_database_is_created_once_and_uses_the_direct_host() {
    let world = world();
    let (login, project) = probe(&world, settings(claimable())).await;
    assert_eq!(login.verdict(), Verdict::Skipped);
    assert_eq!(
        codes(&project.unwrap()),
        [(Code::ProjectMissing, Severity::Gap)]
    );
    assert_eq!(made(&world), 0, "a look makes nothing");
    let cx = context(&world, settings(claimable()));
    let report = ProjectStep
        .apply(&cx, ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!(codes(&report), [(Code::ProjectTemporary, Severity::Note)]);
    assert!(report.evidence.contains("deleted in 3 days"), "{report:?}");
    let connection = cx.project().unwrap().connection;
    assert_eq!(connection.host, POOLED.replace("-pooler", ""));
    assert_eq!(connection.pooled_host, POOLED);
    assert_eq!(kept(&world).unwrap().id, Secret::new(ID));
    assert!(world.file("/repo/neonup.toml").is_none());
    // with the flag or without it, it is the same one
    for flags in [claimable(), Flags::default()] {
        let report = apply(&world, settings(flags.clone())).await.unwrap();
        assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
        let (login, project) = probe(&world, settings(flags)).await;
        assert_eq!(login.evidence, "no account: temporary database");
        assert_eq!(project.unwrap().verdict(), Verdict::Done);
    }
    assert_eq!(made(&world), 1);
}

#[tokio::test]
async fn another_temporary_database_needs_the_new_flag() {
    let world = world();
    apply(&world, settings(claimable())).await.unwrap();
    let another = Flags {
        new_project: true,
        ..claimable()
    };
    let (_, project) = probe(&world, settings(another.clone())).await;
    assert!(codes(&project.unwrap()).contains(&(Code::ProjectMissing, Severity::Gap)));
    let report = apply(&world, settings(another)).await.unwrap();
    assert_eq!((report.verdict(), made(&world)), (Verdict::Done, 2));
}

#[tokio::test]
async fn a_failed_create_leaves_the_record_unchanged() {
    let world = world();
    world.with(|state| state.service_fails = Some(lost_answer().into()));
    let failure = apply(&world, settings(claimable())).await.unwrap_err();
    assert_eq!(failure.code, Code::ProjectNotReady);
    assert_eq!(
        world.with(|state| state.calls.clone()),
        ["store key", "create temporary"]
    );
    assert_eq!(kept(&world), None);
    world.with(|state| state.service_fails = None);
    apply(&world, settings(claimable())).await.unwrap();
    let record = kept(&world);
    world.with(|state| state.service_fails = Some(lost_answer().into()));
    let another = Flags {
        new_project: true,
        ..claimable()
    };
    apply(&world, settings(another)).await.unwrap_err();
    assert_eq!(kept(&world), record, "the one that is there is not lost");
    // the service is away: that is no reason to make anything, nor to ask for a key
    let (login, project) = probe(&world, settings(Flags::default())).await;
    assert_eq!(login.verdict(), Verdict::Skipped);
    project.unwrap_err();
}

#[tokio::test]
async fn the_expiry_is_reported_before_and_after() {
    let world = world();
    apply(&world, settings(claimable())).await.unwrap();
    let at = |created: &str, expires: &str| {
        world.with(|state| state.temporary = Some(database(created, expires)));
    };
    at("2025-12-30T00:00:00Z", "2026-01-01T23:00:00Z");
    let (_, project) = probe(&world, settings(Flags::default())).await;
    let project = project.unwrap();
    assert_eq!(project.verdict(), Verdict::Done);
    assert_eq!(
        codes(&project),
        [(Code::ProjectTemporary, Severity::Warning)]
    );
    assert!(
        project.findings[0].title.contains("in 23 hours"),
        "{project:?}"
    );
    assert!(
        project.findings[0].hint.contains("neonup claim now"),
        "the offer to claim may have expired"
    );
    // by the clock, and by the service
    at("2025-12-29T00:00:00Z", "2025-12-31T23:59:59Z");
    let by_clock = probe(&world, settings(Flags::default())).await;
    world.with(|state| state.temporary = None);
    let by_service = probe(&world, settings(Flags::default())).await;
    for (login, project) in [by_clock, by_service] {
        let project = project.unwrap();
        assert_eq!(codes(&project), [(Code::ProjectDeleted, Severity::Gap)]);
        assert!(
            project.findings[0]
                .hint
                .starts_with("neonup setup --claimable")
        );
        assert!(codes(&login).contains(&(Code::LoginMissingKey, Severity::Gap)));
    }
    assert_eq!(
        apply(&world, settings(Flags::default()))
            .await
            .unwrap()
            .verdict(),
        Verdict::Todo
    );
    assert_eq!(made(&world), 1, "none is made unasked");
    world.with(|state| state.temporary = Some(fresh()));
    let before = world.with(|state| std::mem::take(&mut state.stored));
    world.with(|state| {
        let other = RecordedDatabase {
            id: Secret::new("gone"),
            project: String::new(),
            expires_at: String::new(),
        };
        let keys = before.into_keys();
        state.stored = keys
            .map(|key| (key, other.text().expose().to_owned()))
            .collect();
    });
    let report = apply(&world, settings(claimable())).await.unwrap();
    assert_eq!((report.verdict(), made(&world)), (Verdict::Done, 2));
}

#[tokio::test]
async fn a_claimed_database_needs_the_accounts_key_and_then_its_project() {
    let world = world();
    apply(&world, settings(claimable())).await.unwrap();
    world.with(|state| {
        let temporary = state.temporary.as_mut().unwrap();
        temporary.ownership = Ownership::Claiming;
        temporary.connection_string = None;
    });
    let (login, project) = probe(&world, settings(Flags::default())).await;
    assert_eq!(login.verdict(), Verdict::Skipped);
    assert_eq!(
        codes(&project.unwrap()),
        [(Code::ProjectNotReady, Severity::Gap)]
    );
    world.with(|state| state.temporary.as_mut().unwrap().ownership = Ownership::Claimed);
    for flags in [Flags::default(), claimable()] {
        let (login, project) = probe(&world, settings(flags.clone())).await;
        assert_eq!(codes(&login), [(Code::LoginMissingKey, Severity::Gap)]);
        assert_eq!(project.unwrap().verdict(), Verdict::Todo);
        assert_eq!(
            apply(&world, settings(flags)).await.unwrap().verdict(),
            Verdict::Todo
        );
    }
    // a key of an account that has not claimed it
    let with_key = || World::settings_with(&[("NEON_API_KEY", KEY)], Flags::default());
    let (_, project) = probe(&world, with_key()).await;
    let project = project.unwrap();
    assert_eq!(codes(&project), [(Code::ProjectDeleted, Severity::Gap)]);
    assert_eq!(project.findings[0].path, None, "no file is to blame");
    let failure = apply(&world, with_key()).await.unwrap_err();
    assert_eq!(failure.code, Code::ProjectDeleted);
    assert_eq!(world.with(|state| state.creates), 0);
    // and of the one that has, whatever the project is called there
    world.project("old-violet-32930710", "neon-new-db");
    let (login, project) = probe(&world, with_key()).await;
    assert_eq!(login.verdict(), Verdict::Done);
    assert_eq!(
        codes(&project.unwrap()),
        [(Code::ProjectDuplicate, Severity::Gap)]
    );
    let report = apply(&world, with_key()).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    let config = world.file("/repo/neonup.toml").unwrap();
    assert!(config.contains("id = \"old-violet-32930710\""), "{config}");
    assert_eq!(kept(&world), None, "neonup.toml knows it from here on");
    assert_eq!((made(&world), world.with(|state| state.creates)), (1, 0));
}

#[tokio::test]
async fn a_key_keeps_the_temporary_database_and_a_recorded_project_ends_it() {
    let world = world();
    apply(&world, settings(claimable())).await.unwrap();
    let team = "[project]\nname = \"todo\"\nid = \"theirs\"\n";
    world.project("theirs", "todo");
    let key = [("NEON_API_KEY", KEY)];
    let (login, project) = probe(&world, World::settings_with(&key, Flags::default())).await;
    assert_eq!(login.verdict(), Verdict::Done);
    assert!(codes(&project.unwrap()).contains(&(Code::ProjectTemporary, Severity::Note)));
    let (_, project) = probe(&world, World::settings_of(team, &key, Flags::default())).await;
    assert!(project.unwrap().evidence.contains("theirs"));
    // without a key the team's is out of reach, and with the flag it is not wanted
    for settings in [
        World::settings_of(team, &[], Flags::default()),
        World::settings_of(team, &key, claimable()),
    ] {
        let (login, project) = probe(&world, settings).await;
        assert_eq!(login.verdict(), Verdict::Skipped);
        assert!(codes(&project.unwrap()).contains(&(Code::ProjectTemporary, Severity::Note)));
    }
    // a named project is the account's; the record stays, since the database can still be claimed
    let named = Flags {
        project: Some("theirs".to_owned()),
        ..Flags::default()
    };
    let report = apply(&world, World::settings_with(&key, named))
        .await
        .unwrap();
    assert!(report.evidence.contains("theirs"), "{report:?}");
    assert!(kept(&world).is_some());
    assert_eq!(made(&world), 1);
}

#[tokio::test]
async fn the_login_step_can_be_answered_without_an_account() {
    let world = world();
    let cx = context(&world, settings(Flags::default()));
    let report = LoginStep.apply(&cx, LoginAnswer::Temporary).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Skipped);
    assert_eq!(made(&world), 0);
    let report = ProjectStep.probe(&cx).await.unwrap();
    assert_eq!(codes(&report), [(Code::ProjectMissing, Severity::Gap)]);
    let report = ProjectStep
        .apply(&cx, ProjectAnswer::Default)
        .await
        .unwrap();
    assert_eq!((report.verdict(), made(&world)), (Verdict::Done, 1));
}

#[test]
fn a_sandbox_never_leads_to_the_real_claim_service() {
    let hosts = |variables: &[(&str, &str)]| {
        let settings = World::settings_with(variables, Flags::default());
        (settings.claim_host.clone(), settings.claim_account())
    };
    let real = hosts(&[]);
    assert_eq!(real.0, "https://neon.new");
    let sandbox = hosts(&[("NEON_API_HOST", "http://127.0.0.1:8787/api/v2")]);
    assert_eq!(sandbox.0, "http://127.0.0.1:8787");
    let other = hosts(&[("NEONUP_CLAIM_HOST", "https://claim.example.org/")]);
    assert_eq!(other.0, "https://claim.example.org");
    // each keeps its own
    let accounts = std::collections::BTreeSet::from([real.1, sandbox.1, other.1]);
    assert_eq!(accounts.len(), 3);
}
