//! The real `neon` CLI (npm) against the sandbox, driven by `tests/neon-cli.sh`, which connects with the URLs that it prints. It fails at the
//! first command that does not do as it should.

use std::{path::PathBuf, process::Stdio};

use crate::{
    fields::SchemaVerdict,
    recorder::Recorder,
    support::{Home, Sandbox, has, skip},
};

/// The commands that a set-up or a developer's day needs; the script runs each of them, some in several ways.
const COMMANDS: [&str; 50] = [
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
    "branches set-expiration",
    "branches add-compute",
    "branches reset",
    "branches set-default",
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
    "inspect db table-sizes",
    "inspect db index-sizes",
    "inspect db unused-indexes",
    "inspect db seq-scans",
    "inspect db long-running-queries",
    "inspect db stalled-queries",
    "inspect db locks",
    "inspect db vacuum-stats",
    "inspect db bloat",
    "inspect db replication-slots",
    "inspect db subscriptions",
    "status",
    "checkout",
    "ip-allow list",
    "api /projects",
    "set-context",
    "buckets list",
    "functions list",
    "credentials list",
    "neon-auth status",
];
/// Those of what the sandbox has not: each is refused, and the CLI says what is missing.
const REFUSED: [&str; 17] = [
    "branches schema-diff",
    "diff",
    "branches restore",
    "branches create --name",
    "snapshots list",
    "snapshots create",
    "snapshots schedule get",
    "data-api create",
    "data-api get",
    "neon-auth enable",
    "buckets create",
    "functions get",
    "triggers list",
    "logs fields",
    "ip-allow add",
    "vpc project list",
    "projects recover",
];
/// Those that need an extension, or a version of Postgres.
const REFUSED_BY_POSTGRES: [&str; 3] = [
    "inspect db outliers",
    "inspect db lfc-hit-rate",
    "projects create --name other",
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
    assert_eq!((ok, answered), (54, 4), "{said}");
    for command in REFUSED.iter().chain(&REFUSED_BY_POSTGRES) {
        let ran = format!("neon {command}");
        let mut lines = said.lines().filter(|line| line.starts_with(&ran));
        assert!(
            lines.any(|line| line.contains("refused: ")),
            "{ran}\n{said}"
        );
    }
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
