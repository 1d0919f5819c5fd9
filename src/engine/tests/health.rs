//! The health step against a world in memory, in which no program is installed.

use crate::{
    core::{
        answer::CommandAnswer,
        code::Code,
        event::{Report, Verdict},
        facts::{Check, CheckState, Facts},
        step::StepId,
    },
    engine::{health::HealthStep, step::Step as _},
    project::settings::Flags,
};

use crate::testing::world::{KEY, PASSWORD, World};

fn check<'a>(report: &'a Report, label: &str) -> &'a Check {
    let Some(Facts::Health(health)) = &report.facts else {
        panic!("{report:?}");
    };
    let mut checks = health.checks.iter();
    checks.find(|check| check.label == label).unwrap()
}

/// A look starts nothing. It still knows what the last start has shown, until something is changed.
#[tokio::test]
async fn a_later_probe_shows_what_the_last_app_start_found() {
    let config = r#"
[project]
name = "todo"
[[env]]
file = ".env"
keys.DATABASE_URL = { url = "direct" }
[backend]
start = ["python", "-m", "uvicorn"]
health = "http://127.0.0.1:9/health"
"#;
    let world = World::default();
    world.with(|state| {
        let host = "ep-a-b-12345678.us-east-2.aws.neon.tech";
        let url = format!("DATABASE_URL=postgresql://neondb_owner:{PASSWORD}@{host}/neondb\n");
        state.files.insert("/repo/.env".into(), url.into_bytes());
    });
    let settings = World::settings_of(
        config,
        &[("NEON_API_KEY", KEY), ("NEONUP_TRUST", "1")],
        Flags::default(),
    );
    let (cx, _events) = world.context(settings, StepId::Health);

    let before = HealthStep.probe(&cx).await.unwrap();
    assert_eq!(check(&before, "App").state, CheckState::Waiting);
    assert_eq!(before.verdict(), Verdict::Todo);
    assert!(
        before
            .evidence
            .contains("the app hasn't been started here yet")
    );
    assert_eq!(codes(&before), [Code::HealthAppNotProved]);

    let started = HealthStep.apply(&cx, CommandAnswer::Default).await.unwrap();
    assert_eq!(check(&started, "App").state, CheckState::Skipped);
    assert_eq!(codes(&started), [Code::HealthAppStart]);
    assert_eq!(started.verdict(), Verdict::Todo);

    let again = HealthStep.probe(&cx).await.unwrap();
    assert_eq!(again.verdict(), Verdict::Todo);
    assert_eq!(codes(&again), codes(&started));
    assert_eq!(again.findings[0].title, started.findings[0].title);
    assert!(
        again.findings[0].detail.contains("00:00 UTC, just now"),
        "{again:?}"
    );
    assert_eq!(check(&again, "App").state, CheckState::Skipped);

    world.with(|state| {
        let file = state.files.get_mut(std::path::Path::new("/repo/.env"));
        file.unwrap().extend_from_slice(b"MORE=1\n");
    });
    let changed = HealthStep.probe(&cx).await.unwrap();
    assert_eq!(changed.verdict(), Verdict::Todo);
    assert_eq!(check(&changed, "App").state, CheckState::Waiting);
    assert_eq!(
        changed.findings[0].title,
        "the app isn't proven since `.env` changed"
    );
}

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

/// An application that answers isn't proof of a database that holds nothing of what its code declares.
#[tokio::test]
async fn a_database_without_the_tables_that_the_code_declares_is_not_green() {
    let config = "[project]\nname = \"todo\"\n[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = { url = \"direct\", driver = \"jdbc\" }\n";
    let world = World::default();
    world.with(|state| {
        let host = "ep-a-b-12345678.us-east-2.aws.neon.tech";
        let url = format!(
            "DATABASE_URL=jdbc:postgresql://{host}/neondb?user=neondb_owner&password={PASSWORD}&sslmode=require\n"
        );
        state.files.insert("/repo/.env".into(), url.into_bytes());
        let schema = b"export const users = pgTable('users', {});\n".to_vec();
        state.files.insert("/repo/src/schema.ts".into(), schema);
        state.kept = Some(vec!["src/schema.ts".to_owned()]);
    });
    let settings = World::settings_of(config, &[("NEON_API_KEY", KEY)], Flags::default());
    let (cx, _events) = world.context(settings, StepId::Health);
    let report = HealthStep.probe(&cx).await.unwrap();
    assert_eq!(codes(&report), [Code::HealthNoTables], "{report:?}");
    assert_eq!(report.verdict(), Verdict::Todo);
    assert_eq!(check(&report, "Tables").state, CheckState::Gap);
    assert_eq!(report.findings[0].line, Some(1));

    world.with(|state| {
        let table = crate::ports::database::TableFacts {
            name: "users".to_owned(),
            columns: Vec::new(),
            constraints: Vec::new(),
            indexes: Vec::new(),
        };
        state.shape.tables.push(table);
    });
    let report = HealthStep.probe(&cx).await.unwrap();
    assert_eq!(codes(&report), [], "{report:?}");

    // a project that declares none needs none
    world.with(|state| {
        state.shape.tables.clear();
        state.kept = Some(Vec::new());
    });
    let report = HealthStep.probe(&cx).await.unwrap();
    assert_eq!(codes(&report), [], "{report:?}");
}
