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
    assert!(before.findings.is_empty(), "{before:?}");

    let started = HealthStep.apply(&cx, CommandAnswer::Default).await.unwrap();
    assert_eq!(check(&started, "App").state, CheckState::Skipped);
    assert!(!started.findings.is_empty(), "{started:?}");

    let again = HealthStep.probe(&cx).await.unwrap();
    assert_eq!(again.verdict(), Verdict::Done);
    assert_eq!(again.findings, started.findings);
    assert_eq!(check(&again, "App"), check(&started, "App"));

    cx.remember_change();
    let changed = HealthStep.probe(&cx).await.unwrap();
    assert_eq!(changed.verdict(), Verdict::Todo);
    assert_eq!(check(&changed, "App").state, CheckState::Waiting);
    let codes: Vec<_> = changed.findings.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::HealthAppStart], "{changed:?}");
    assert!(changed.findings[0].undetermined);
}
