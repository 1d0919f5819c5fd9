//! A project whose passwords Neon does not store: told as such, never reset unasked, and usable once its password is known.

use crate::testing::world::{KEY, PASSWORD, World};

use crate::{
    core::{
        answer::{EnvAnswer, ProjectAnswer, SecretsAnswer},
        code::{Code, Severity},
        event::{Report, Verdict},
        invocation::Invocation,
        remedy::Remedy,
        step::StepId,
    },
    engine::{
        context::Cx, env::EnvStep, project::ProjectStep, secrets::SecretsStep, step::Step as _,
    },
    project::settings::Flags,
};

const CONFIG: &str = r#"
[project]
name = "todo"
id = "todo-1"

[[env]]
file = ".env"
keys.DATABASE_URL = { url = "direct" }
"#;

fn world() -> World {
    let world = World::default();
    world.project("todo-1", "todo");
    world.with(|state| {
        state.stores_no_passwords = true;
        state.ignored_files = vec![".env".to_owned()];
    });
    world
}

fn context(world: &World) -> Cx {
    let settings = World::settings_of(CONFIG, &[("NEON_API_KEY", KEY)], Flags::default());
    world.context(settings, StepId::Project).0
}

fn write_env(world: &World, password: &str) {
    let url = format!(
        "DATABASE_URL=postgresql://neondb_owner:{password}@ep-a-b-12345678.us-east-2.aws.neon.tech/neondb?sslmode=require\n"
    );
    world.with(|state| state.files.insert("/repo/.env".into(), url.into_bytes()));
}

fn assert_told(report: &Report) {
    assert_eq!(report.verdict(), Verdict::Todo, "{report:?}");
    let [finding] = report.findings.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!(finding.code, Code::ProjectPasswordNotStored);
    assert_eq!(finding.remedy, Some(Remedy::RotatePassword));
    assert_eq!(finding.command, Some(Invocation::RotatePassword));
    assert!(!finding.fixable, "nothing resets a password unasked");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_password_is_told_and_never_reset_unasked() {
    let world = world();
    let cx = context(&world);
    assert_told(&ProjectStep.probe(&cx).await.unwrap());
    assert_told(
        &ProjectStep
            .apply(&cx, ProjectAnswer::Default)
            .await
            .unwrap(),
    );
    EnvStep.apply(&cx, EnvAnswer::Default).await.ok();
    assert_eq!(world.with(|state| state.resets), 0);
    // the placeholder of an example is nobody's password
    write_env(&world, "password");
    assert_told(&ProjectStep.probe(&context(&world)).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_reset_that_is_asked_for_makes_the_project_usable() {
    for at in [StepId::Project, StepId::Secrets] {
        let world = world();
        let cx = context(&world);
        ProjectStep.probe(&cx).await.unwrap();
        let reset = if at == StepId::Project {
            ProjectStep.apply(&cx, ProjectAnswer::ResetPassword).await
        } else {
            SecretsStep.apply(&cx, SecretsAnswer::RotatePassword).await
        };
        let report = reset.unwrap();
        assert!(
            !report.evidence.contains("the old one"),
            "nobody knows one: {}",
            report.evidence
        );
        assert_eq!(world.with(|state| state.resets), 1);
        let new = world.with(|state| state.password());
        assert!(world.file("/repo/.env").unwrap().contains(&new));
        // a new process learns it from the env file
        let report = ProjectStep.probe(&context(&world)).await.unwrap();
        assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
        assert_eq!(report.findings[0].severity, Severity::Note);
    }
}

#[tokio::test(start_paused = true)]
async fn the_password_of_the_env_file_is_used_and_rotated() {
    let world = world();
    write_env(&world, PASSWORD);
    let cx = context(&world);
    let report = ProjectStep.probe(&cx).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    let report = SecretsStep
        .apply(&cx, SecretsAnswer::RotatePassword)
        .await
        .unwrap();
    assert!(
        report.evidence.contains("the old one is rejected"),
        "{report:?}"
    );
    let new = world.with(|state| state.password());
    assert_ne!(new, PASSWORD);
    assert!(world.file("/repo/.env").unwrap().contains(&new));
    let report = ProjectStep.probe(&cx).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
}
