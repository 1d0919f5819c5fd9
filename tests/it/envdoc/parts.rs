//! A connection in parts, such as `PGHOST` and `PGPASSWORD`.

use std::fs;

use crate::support::{Home, Repo, Sandbox, env_values, has, skip};

const EXAMPLE: &str =
    "# the database\nPGHOST=\nPGPORT=\nPGDATABASE=\nPGUSER=\nPGPASSWORD=\nPGSSLMODE=\n";

fn value(repo: &Repo, key: &str) -> String {
    env_values(&repo.path(".env"))[key].clone()
}

/// psql connects with the written parts.
fn assert_psql_connects(home: &Home, repo: &Repo) {
    if !has("psql") {
        return skip("there is no psql");
    }
    let mut command = home.command("psql");
    for key in [
        "PGHOST",
        "PGPORT",
        "PGDATABASE",
        "PGUSER",
        "PGPASSWORD",
        "PGSSLMODE",
    ] {
        command.env(key, value(repo, key));
    }
    let output = command.args(["-Atc", "select 'in'"]).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "in",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn connection_parts_are_written_checked_used_and_rotated() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::files(&[(".env.example", EXAMPLE), (".gitignore", ".env\n")]);
    repo.git(&home, &["init", "-q"]);
    // init finds the parts in the example
    let init = repo.neonup(&home, &sandbox, &["init", "--yes"]);
    assert_eq!(init.code, 0, "{init:#?}");
    let config = repo.read("neonup.toml");
    assert!(
        config.contains("keys.PGHOST = { url = \"direct\", part = \"host\" }")
            && !config.contains("DATABASE_URL"),
        "{config}"
    );
    let run = repo.neonup(
        &home,
        &sandbox,
        &["setup", "--yes", "--json", "login", "project", "env"],
    );
    assert_eq!(run.code, 0, "{run:#?}");
    let first = value(&repo, "PGPASSWORD");
    assert!(first.starts_with("npg_"));
    run.holds_none_of(&[&first]);
    assert_eq!(value(&repo, "PGSSLMODE"), "require");

    let health = repo.neonup(&home, &sandbox, &["check", "--json", "env", "health"]);
    assert_eq!(health.statuses()[1].1, "done", "{health:#?}");
    assert_psql_connects(&home, &repo);

    let text = repo.read(".env");
    for (from, to, code, words) in [
        (
            format!("PGPASSWORD={first}"),
            "PGPASSWORD=npg_anotherOne42".to_owned(),
            "env.stale-url",
            "the password differs",
        ),
        (
            "PGDATABASE=neondb".to_owned(),
            "PGDATABASE=other".to_owned(),
            "env.stale-url",
            "the database differs",
        ),
        (
            "PGSSLMODE=require".to_owned(),
            "PGSSLMODE=prefer".to_owned(),
            "env.no-tls",
            "refuses unencrypted connections",
        ),
    ] {
        assert!(text.contains(&from), "{text}");
        fs::write(repo.path(".env"), text.replace(&from, &to)).unwrap();
        let check = repo.neonup(&home, &sandbox, &["check", "--json", "env"]);
        assert!(
            check.codes().contains(&code.to_owned()) && check.stdout.contains(words),
            "{check:#?}"
        );
        let repaired = repo.neonup(&home, &sandbox, &["setup", "--yes", "--json", "env"]);
        assert_eq!(repaired.code, 0, "{repaired:#?}");
        assert_eq!(repo.read(".env"), text);
    }
    // a stricter mode is accepted
    fs::write(
        repo.path(".env"),
        text.replace("PGSSLMODE=require", "PGSSLMODE=verify-full"),
    )
    .unwrap();
    let check = repo.neonup(&home, &sandbox, &["check", "--json", "env"]);
    assert_eq!(check.code, 0, "{check:#?}");
    fs::write(repo.path(".env"), &text).unwrap();

    let rotated = repo.neonup(&home, &sandbox, &["rotate", "--yes", "--json"]);
    assert!(rotated.code <= 1, "{rotated:#?}");
    let second = value(&repo, "PGPASSWORD");
    assert_ne!(first, second);
    rotated.holds_none_of(&[&first, &second]);
    assert_psql_connects(&home, &repo);
    sandbox.stop();
}

#[test]
fn invalid_part_is_reported_with_its_line() {
    let home = Home::new();
    for (line, words) in [
        (
            "keys.PGHOST = { url = \"direct\", part = \"hst\" }",
            "line 5: `hst` isn't a part of a connection: host, port",
        ),
        (
            "keys.PGHOST = { url = \"direct\", part = \"host\", driver = \"psycopg\" }",
            "can't have a `driver`",
        ),
        (
            "keys.LOGIN = { url = \"direct\", part = \"password\" }",
            "choose a name that every tool hides",
        ),
        ("keys.PGHOST = { part = \"host\" }", "needs one of url"),
    ] {
        let config = format!("[project]\nname = \"x\"\n[[env]]\nfile = \".env\"\n{line}\n");
        let repo = Repo::files(&[("neonup.toml", &config)]);
        let output = home
            .neonup()
            .current_dir(repo.path(""))
            .args(["check", "env"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(64));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(words), "{said}");
    }
}
