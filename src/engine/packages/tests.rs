use super::*;
use crate::{
    core::answer::CommandAnswer,
    core::event::{Report, Verdict},
    engine::packages::wanted::lacking,
    engine::{health::HealthStep, step::Step as _},
    project::settings::Flags,
    testing::world::{KEY, PASSWORD, World},
};

const NODE_APP: &str = r#"
[project]
name = "todo"
[[env]]
file = ".env"
keys.DATABASE_URL = { url = "direct" }
[backend]
start = ["npm", "run", "start"]
health = "http://127.0.0.1:8000/health"
"#;

fn world(files: &[(&str, &str)]) -> World {
    let world = World::default();
    world.with(|state| {
        let host = "ep-a-b-12345678.us-east-2.aws.neon.tech";
        let url = format!("DATABASE_URL=postgresql://neondb_owner:{PASSWORD}@{host}/neondb\n");
        state.files.insert("/repo/.env".into(), url.into_bytes());
        for (path, text) in files {
            let path = std::path::Path::new("/repo").join(path);
            state.files.insert(path, text.as_bytes().to_vec());
        }
    });
    world
}

fn context(world: &World, config: &str, variables: &[(&str, &str)]) -> Cx {
    let mut all = vec![("NEON_API_KEY", KEY)];
    all.extend(variables);
    let settings = World::settings_of(config, &all, Flags::default());
    world.context(settings, StepId::Health).0
}

const PACKAGE: (&str, &str) = ("package.json", r#"{"dependencies":{"express":"5"}}"#);

fn codes(report: &Report) -> Vec<&str> {
    report
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

fn ran(world: &World) -> Vec<String> {
    world.with(|state| {
        let calls = state.calls_of_programs.iter();
        calls.map(|(line, _)| line.clone()).collect()
    })
}

#[tokio::test]
async fn a_look_says_what_is_missing_and_installs_nothing() {
    let world = world(&[PACKAGE, ("package-lock.json", "{}")]);
    let cx = context(&world, NODE_APP, &[("NEONUP_TRUST", "1")]);
    let report = HealthStep.probe(&cx).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Todo);
    assert!(
        codes(&report).contains(&"health.packages-missing"),
        "{report:?}"
    );
    let finding = report
        .findings
        .iter()
        .find(|finding| finding.code == Code::HealthPackagesMissing);
    assert!(
        finding
            .unwrap()
            .title
            .contains("`npm ci --no-audit --no-fund`")
    );
    assert_eq!(ran(&world), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_is_installed_in_a_clone_that_nobody_trusts() {
    let world = world(&[PACKAGE]);
    world.with(|state| {
        state.programs.insert(
            "npm install --no-package-lock --no-audit --no-fund".to_owned(),
            Some((0, String::new())),
        );
    });
    let cx = context(&world, NODE_APP, &[]);
    let report = HealthStep.apply(&cx, CommandAnswer::Default).await.unwrap();
    assert!(
        codes(&report).contains(&"health.packages-untrusted"),
        "{report:?}"
    );
    assert_eq!(ran(&world), Vec::<String>::new());
}

#[tokio::test]
async fn a_trusted_clone_gets_its_packages_and_a_failure_says_why() {
    let world = world(&[PACKAGE]);
    let command = "npm install --no-package-lock --no-audit --no-fund";
    let log =
        "npm error code E404\nnpm error 404 Not Found - GET https://registry.npmjs.org/nope\n";
    world.with(|state| {
        state
            .programs
            .insert(command.to_owned(), Some((1, log.to_owned())));
    });
    let cx = context(&world, NODE_APP, &[("NEONUP_TRUST", "1")]);
    let failure = HealthStep
        .apply(&cx, CommandAnswer::Default)
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::HealthPackagesMissing);
    assert!(failure.why.contains("404 Not Found"), "{failure:?}");
    assert_eq!(ran(&world), [command]);

    world.with(|state| {
        state
            .programs
            .insert(command.to_owned(), Some((0, String::new())));
    });
    assert!(matches!(prepare(&cx).await.unwrap(), Prepared::Installed));
}

#[tokio::test]
async fn an_environment_of_a_person_is_left_alone() {
    let config = NODE_APP.replace(
        r#"["npm", "run", "start"]"#,
        r#"["python", "-m", "uvicorn", "a:app"]"#,
    );
    let world = world(&[("requirements.txt", "fastapi\n")]);
    let cx = context(&world, &config, &[]);
    let found = wanted(&cx.settings, &cx.ports).unwrap();
    assert_eq!(
        found.install.argv.join(" "),
        ".venv/bin/python -m pip install --no-input -r requirements.txt"
    );
    // what a program of this machine has is not known before it was asked
    assert_eq!(found.missing, None);
    let active = context(&world, &config, &[("VIRTUAL_ENV", "/home/ada/env")]);
    assert_eq!(wanted(&active.settings, &active.ports), None);
}

#[test]
fn what_the_lock_file_names_and_is_not_installed_is_named() {
    let lock = r#"{"packages":{"":{},"node_modules/a":{"version":"2.0.0"},"node_modules/b":{"version":"1.0.0","optional":true},"node_modules/c":{"version":"1.0.0","dev":true}}}"#;
    let old = r#"{"packages":{"node_modules/a":{"version":"1.0.0"}}}"#;
    let new = r#"{"packages":{"node_modules/a":{"version":"2.0.0"}}}"#;
    assert_eq!(lacking(lock, old).as_deref(), Some("a 2.0.0"));
    assert_eq!(lacking(lock, new), None);
    assert_eq!(lacking("not json", new), None);
}
