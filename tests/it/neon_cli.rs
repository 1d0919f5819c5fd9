//! The real `neon` CLI (npm) against the sandbox, driven by `tests/neon-cli.sh`, which connects with the URLs that it prints.

use std::{path::PathBuf, process::Stdio};

use crate::{
    fields::SchemaVerdict,
    recorder::Recorder,
    support::{Home, Sandbox, has, skip},
};

/// The commands that the sandbox is there for; the script runs each of them, some in several ways.
const COMMANDS: [&str; 26] = [
    "me",
    "orgs list",
    "projects list",
    "projects create",
    "projects get",
    "projects update",
    "projects delete",
    "branches list",
    "branches create",
    "branches get",
    "branches rename",
    "branches delete",
    "databases list",
    "databases create",
    "databases delete",
    "roles list",
    "roles create",
    "roles delete",
    "operations list",
    "api-keys list",
    "api-keys create",
    "api-keys revoke",
    "connection-string",
    "link",
    "env pull --service postgres",
    "psql",
];

#[test]
fn neon_cli_runs_every_command_and_its_urls_connect() {
    let Some(bin) = std::env::var_os("NEONUP_TEST_NEON").map(PathBuf::from) else {
        return skip("NEONUP_TEST_NEON names no folder with the neon CLI");
    };
    for program in ["bash", "psql"] {
        if !has(program) {
            return skip(&format!("{program} is not on the PATH"));
        }
    }
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let recorder = Recorder::of(&sandbox);
    let path = std::env::var("PATH").unwrap();
    let output = home
        .command("bash")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/neon-cli.sh"))
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("NEON_API_HOST", &recorder.api_host)
        .env("NEON_API_KEY", &sandbox.api_key)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    assert!(said.ends_with("all commands succeeded\n"), "{said}");
    // each command of the script reports by itself, and four of them print a URL that answers
    let ok = said.lines().filter(|line| line.ends_with("ok")).count();
    let answered = said.matches("and it answers").count();
    assert_eq!((ok, answered), (29, 4), "{said}");
    for command in COMMANDS {
        let ran = format!("neon {command}");
        assert!(said.lines().any(|line| line.starts_with(&ran)), "{ran}");
    }
    assert!(said.contains(" --pooled"), "{said}");
    let mut verdict = SchemaVerdict::default();
    for answer in recorder.answers() {
        verdict.judge(&answer.method, &answer.path, answer.status, &answer.body);
    }
    assert!(verdict.wrong.is_empty(), "{:#?}", verdict.wrong);
    for schema in [
        "ApiKeyCreateResponse",
        "Branch",
        "ConnectionDetails",
        "CurrentUserInfoResponse",
        "Database",
        "Endpoint",
        "Operation",
        "Organization",
        "Project",
        "ProjectListItem",
        "Role",
    ] {
        assert!(verdict.seen.contains(schema), "{schema}: {verdict:?}");
    }
    sandbox.stop();
}
