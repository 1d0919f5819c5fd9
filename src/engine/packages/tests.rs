use std::{collections::BTreeSet, sync::Arc};

use super::*;
use crate::{
    core::answer::CommandAnswer,
    core::event::{Report, Verdict},
    engine::packages::wanted::lacking,
    engine::{health::HealthStep, step::Step as _},
    os::programs::interpreter_of,
    ports::{
        Ports,
        files::disk::{DiskFiles, GitFolders},
    },
    project::{resolve::Layers, settings::Flags},
    testing::{
        repository::Repo,
        world::{self, KEY, PASSWORD, World, settings},
    },
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
        format!(
            "{} -m pip install --no-input -r requirements.txt",
            interpreter_of(".venv")
        )
    );
    // what a program of this machine has is not known before it was asked
    assert_eq!(found.missing, None);
    let active = context(&world, &config, &[("VIRTUAL_ENV", "/home/ada/env")]);
    assert_eq!(wanted(&active.settings, &active.ports), None);
}

#[test]
fn requirements_that_powershell_wrote_are_installed_too() {
    let config = NODE_APP.replace(
        r#"["npm", "run", "start"]"#,
        r#"["python", "-m", "uvicorn", "a:app"]"#,
    );
    let world = world(&[]);
    let units = "\u{feff}fastapi\r\n".encode_utf16();
    let bytes = units.flat_map(u16::to_le_bytes).collect();
    let path = std::path::Path::new("/repo/requirements.txt");
    world.with(|state| state.files.insert(path.into(), bytes));
    let cx = context(&world, &config, &[]);
    let found = wanted(&cx.settings, &cx.ports).unwrap();
    assert!(
        found
            .install
            .argv
            .join(" ")
            .ends_with("-r requirements.txt")
    );
}

#[test]
fn an_address_in_parts_that_names_no_driver_gets_the_sqlalchemy_it_was_written_for() {
    let config = "[project]\nname = \"todo\"\n[[env]]\nfile = \".env\"\nkeys.DB_HOST = { url = \"direct\", part = \"host\" }\n\
        [backend]\nstart = [\"python\", \"-m\", \"uvicorn\", \"main:app\"]\n";
    let whole = config.replace(
        "DB_HOST = { url = \"direct\", part = \"host\" }",
        "DB_URL = { url = \"direct\" }",
    );
    let code = "import os\nfrom sqlalchemy import create_engine\nfrom fastapi import FastAPI\napp = FastAPI()\n\
        engine = create_engine(f\"postgresql://{os.environ['DB_HOST']}/app\")\n";
    let pip = format!(
        "{} -m pip install --no-input -r requirements.txt",
        interpreter_of(".venv")
    );
    for (config, requirements, held) in [
        (config, "sqlalchemy\npsycopg2\n", true),
        (config, "sqlalchemy==2.0.36\npsycopg2\n", false),
        // the URL that is written names the driver
        (whole.as_str(), "sqlalchemy\npsycopg2\n", false),
    ] {
        let world = world(&[("requirements.txt", requirements), ("main.py", code)]);
        let cx = context(&world, config, &[]);
        let found = wanted(&cx.settings, &cx.ports).unwrap();
        let end = if held { " sqlalchemy<2.1" } else { "" };
        assert_eq!(found.install.argv.join(" "), format!("{pip}{end}"));
    }
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

#[test]
fn a_virtual_environment_keeps_itself_out_of_git() {
    let world = world(&[]);
    let cx = context(&world, NODE_APP, &[]);
    let rules = std::path::Path::new("/repo/.venv/.gitignore");
    let held = || world.with(|state| state.files.get(rules).cloned());
    keep_out(&cx, std::path::Path::new("/repo")).unwrap();
    assert_eq!(held().as_deref(), Some(b"*\n".as_slice()));
    // what is there already is left as it is
    world.with(|state| state.files.insert(rules.into(), b"# mine\n".to_vec()));
    keep_out(&cx, std::path::Path::new("/repo")).unwrap();
    assert_eq!(held().as_deref(), Some(b"# mine\n".as_slice()));
}

#[tokio::test]
async fn an_environment_that_a_failed_installation_leaves_is_kept_out_of_git() {
    let world = world(&[(".venv", "")]);
    world.with(|state| {
        let failed = Some((1, "ERROR: no such version\n".to_owned()));
        state.programs.insert("pipenv sync".to_owned(), failed);
    });
    let cx = context(&world, NODE_APP, &[("NEONUP_TRUST", "1")]);
    let wanted = Wanted {
        install: Install {
            argv: vec!["pipenv".to_owned(), "sync".to_owned()],
            dir: String::new(),
            environment: None,
            fills: ENVIRONMENT,
        },
        missing: None,
        files: Vec::new(),
    };
    assert!(install(&cx, &wanted).await.is_err());
    assert_eq!(ran(&world), ["pipenv sync"]);
    let rules = std::path::Path::new("/repo/.venv/.gitignore");
    let held = world.with(|state| state.files.get(rules).cloned());
    assert_eq!(held.as_deref(), Some(b"*\n".as_slice()));
}

#[tokio::test]
async fn the_note_of_pdm_gets_its_line_where_git_would_take_it() {
    for taken in [true, false] {
        let world = world(&[(".pdm-python", "/usr/bin/python3\n")]);
        if taken {
            world.with(|state| state.ignored = Some(BTreeSet::new()));
        }
        let cx = context(&world, NODE_APP, &[]);
        let install = Install {
            argv: vec!["pdm".to_owned(), "sync".to_owned()],
            dir: String::new(),
            environment: None,
            fills: ENVIRONMENT,
        };
        note_of_pdm(&cx, &install).await;
        let line = taken.then(|| ".pdm-python\n".to_owned());
        assert_eq!(world.file("/repo/.gitignore"), line);
        assert_eq!(cx.told().len(), usize::from(taken));
    }
}

#[tokio::test]
async fn node_modules_gets_its_line_where_git_would_take_it() {
    let install = Install {
        argv: vec!["npm".to_owned(), "ci".to_owned()],
        dir: "web".to_owned(),
        environment: None,
        fills: "node_modules",
    };
    for (before, after, told) in [
        (None, Some("node_modules/\n"), true),
        (Some("dist"), Some("dist\nnode_modules/\n"), true),
        (Some("dist\r\n"), Some("dist\r\nnode_modules/\r\n"), true),
        (Some("node_modules\n"), Some("node_modules\n"), false),
    ] {
        let repo = Repo::new();
        repo.commit("web/package.json", "{}");
        if let Some(before) = before {
            repo.write("web/.gitignore", before);
        }
        let ports = Ports {
            files: Arc::new(DiskFiles::new(&repo.root, GitFolders::default())),
            repository: Arc::new(repo.open()),
            ..World::default().ports()
        };
        let settings = settings(&repo.root, Layers::default(), Flags::default());
        let (cx, _events) = world::context(settings, ports, StepId::Health);
        assert_eq!(not_ignored(&cx, &install).await.unwrap(), None);
        let held = std::fs::read_to_string(repo.root.join("web/.gitignore")).ok();
        assert_eq!(held.as_deref(), after);
        assert_eq!(cx.told().len(), usize::from(told), "{before:?}");
    }
}

#[tokio::test]
async fn a_line_that_does_not_help_is_taken_back() {
    let world = world(&[(".gitignore", "dist\n")]);
    world.with(|state| state.ignored = Some(std::collections::BTreeSet::new()));
    let cx = context(&world, NODE_APP, &[]);
    let install = Install {
        argv: vec!["npm".to_owned(), "ci".to_owned()],
        dir: String::new(),
        environment: None,
        fills: "node_modules",
    };
    let refused = not_ignored(&cx, &install).await.unwrap().unwrap();
    assert!(refused.title.contains("git doesn't ignore `node_modules`"));
    let rules = std::path::Path::new("/repo/.gitignore");
    let held = world.with(|state| state.files.get(rules).cloned());
    assert_eq!(held.as_deref(), Some(b"dist\n".as_slice()));
    assert_eq!(cx.told(), []);
}

#[test]
fn where_nothing_is_started_the_packages_are_those_of_the_driver() {
    let config = "[project]\nname = \"todo\"\n[[env]]\nfile = \".env\"\nkeys.DATABASE_URL = { url = \"direct\", driver = \"node-postgres\" }\n";
    let world = world(&[PACKAGE]);
    let cx = context(&world, config, &[]);
    let found = wanted(&cx.settings, &cx.ports).unwrap();
    assert_eq!(
        found.install.argv.join(" "),
        "npm install --no-package-lock --no-audit --no-fund"
    );
    assert!(found.missing.is_some());
}

#[tokio::test]
async fn what_was_trusted_stays_so_after_the_installation_that_was_agreed_to() {
    let world = world(&[PACKAGE, ("server.js", "1")]);
    let config = NODE_APP.replace(r#"["npm", "run", "start"]"#, r#"["node", "server.js"]"#);
    let cx = context(&world, &config, &[]);
    let all = trust::commands(&cx.settings, &cx.ports);
    cx.ports.trust.agree(&all).unwrap();
    let before = trust::agreed(&cx);
    assert_eq!(before.len(), all.len());
    // another file than those of the installation has changed meanwhile
    world.with(|state| state.files.insert("/repo/server.js".into(), b"2".to_vec()));
    trust::renew(&cx, &before, "node_modules").unwrap();
    let now = trust::agreed(&cx);
    assert!(
        now.iter()
            .all(|command| command.purpose != CommandPurpose::App),
        "{now:?}"
    );
    world.with(|state| state.files.insert("/repo/server.js".into(), b"1".to_vec()));
    assert_eq!(trust::agreed(&cx), all);
}
