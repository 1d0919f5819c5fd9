//! A temporary database without an account: made once, found again, claimed, and given up for the account's project.

mod cli;

use std::fs;

use serde_json::json;

use crate::support::{Home, Repo, Sandbox, fed, post};

/// Returns the link that `neonup claim` prints, and the id at its end.
fn link(repo: &Repo, home: &Home, sandbox: &Sandbox) -> (String, String) {
    let run = repo.neonup_without_key(home, sandbox, &["claim"]);
    assert_eq!(run.code, 0, "{run:#?}");
    let link = run.stdout.trim().to_owned();
    assert!(link.starts_with("http://127.0.0.1:"), "{link}");
    let id = link.rsplit('/').next().unwrap().to_owned();
    assert_eq!(id.len(), 36, "{id}");
    (link, id)
}

fn creates(sandbox: &Sandbox) -> usize {
    let requests = sandbox.requests();
    let creates = requests
        .iter()
        .filter(|request| *request == "POST /api/v1/database");
    creates.count()
}

/// Returns the files below the repository, git's own among them, that hold a text.
fn files_with(repo: &Repo, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![repo.root.clone()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                open.push(path);
            } else if String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).contains(text) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

const STEPS: [&str; 5] = ["login", "project", "env", "schema", "secrets"];

fn with_steps<'a>(head: &[&'a str]) -> Vec<&'a str> {
    head.iter().copied().chain(STEPS).collect()
}

/// Makes a database that later commands find and no output shows; returns the link, the id and the URL in the env file.
fn create_once(home: &Home, sandbox: &Sandbox, repo: &Repo) -> (String, String, String) {
    let committed = repo.read("neonup.toml");
    let run = repo.neonup_without_key(
        home,
        sandbox,
        &with_steps(&["setup", "--claimable", "--yes", "--json"]),
    );
    assert_eq!(run.code, 0, "{run:#?}");
    assert_eq!(run.evidence("login"), "no account: temporary database");
    assert!(run.evidence("project").contains("deleted in "), "{run:#?}");
    assert_eq!(run.codes(), ["project.temporary"], "{run:#?}");
    assert_eq!(
        repo.read("neonup.toml"),
        committed,
        "the team's file is not touched"
    );
    let first = repo.env("DATABASE_URL");
    let (link, id) = link(repo, home, sandbox);
    run.holds_none_of(&[&id, &first]);
    // the id is in no file of the repository, so in no variable of an env file
    assert_eq!(files_with(repo, &id), [] as [&str; 0]);
    // the database is found again, by any command, and answers
    for arguments in [
        with_steps(&["setup", "--claimable", "--yes", "--json"]),
        with_steps(&["setup", "--yes", "--json"]),
        with_steps(&["check", "--json"]),
        vec!["status", "--json"],
        vec!["claim", "--json"],
    ] {
        let run = repo.neonup_without_key(home, sandbox, &arguments);
        assert_eq!(run.code, 0, "{arguments:?} {run:#?}");
        run.holds_none_of(&[&id, &first]);
    }
    assert_eq!(
        (creates(sandbox), repo.env("DATABASE_URL")),
        (1, first.clone())
    );
    let health = repo.neonup_without_key(home, sandbox, &["check", "--json", "health"]);
    assert!(
        !health
            .codes()
            .iter()
            .any(|code| code.starts_with("health.") && !code.contains("app")),
        "{health:#?}"
    );
    (link, id, first)
}

#[test]
fn claimed_database_becomes_a_project_of_the_account() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &["--claimable"]);
    let repo = Repo::sample(&home);
    let (link, id, first) = create_once(&home, &sandbox, &repo);
    // the account does not see it yet
    let run = repo.neonup(&home, &sandbox, &["rotate", "--yes"]);
    assert_eq!(run.code, 2, "{run:#?}");
    assert!(run.stderr.contains("temporary database"), "{run:#?}");
    // from the claim on, only its account can see the connection
    post(&link, "", &json!({}));
    let run = repo.neonup_without_key(&home, &sandbox, &with_steps(&["check", "--json"]));
    assert_eq!(run.code, 1, "{run:#?}");
    assert!(
        run.codes().contains(&"login.missing-key".to_owned()),
        "{run:#?}"
    );
    assert!(run.evidence("login").contains("was claimed"), "{run:#?}");
    assert!(run.stdout.contains("neonup login"), "{run:#?}");
    let run = repo.neonup_without_key(&home, &sandbox, &["claim"]);
    assert!(
        run.code == 0 && run.stdout.contains("was claimed"),
        "{run:#?}"
    );
    run.holds_none_of(&[&id]);
    let run = repo.neonup_without_key(
        &home,
        &sandbox,
        &with_steps(&["setup", "--claimable", "--yes", "--json"]),
    );
    assert_eq!(
        (run.code, creates(&sandbox)),
        (2, 1),
        "no second one is made: {run:#?}"
    );
    // with the account's key it is joined, and its new password written
    let run = repo.neonup(&home, &sandbox, &with_steps(&["check", "--json"]));
    assert!(
        run.codes().contains(&"project.duplicate".to_owned()),
        "{run:#?}"
    );
    let run = repo.neonup(&home, &sandbox, &with_steps(&["setup", "--yes", "--json"]));
    assert_eq!(run.code, 0, "{run:#?}");
    let second = repo.env("DATABASE_URL");
    assert_ne!(first, second, "the password is a new one");
    assert!(repo.read("neonup.toml").contains("id = "));
    let run = repo.neonup(
        &home,
        &sandbox,
        &[
            "check", "--json", "login", "project", "env", "schema", "secrets",
        ],
    );
    assert_eq!((run.code, run.codes()), (0, vec![]), "{run:#?}");
    let run = repo.neonup_without_key(&home, &sandbox, &["claim"]);
    assert!(
        run.code == 2 && run.stderr.contains("no temporary database"),
        "{run:#?}"
    );
    let projects = sandbox.requests();
    assert!(!projects.contains(&"POST /api/v2/projects".to_owned()));
    sandbox.stop();
}

#[test]
fn only_neonup_claim_prints_the_id() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &["--claimable"]);
    let repo = Repo::sample(&home);
    let (receipt, log) = (
        home.dir.path().join("receipt.md"),
        home.dir.path().join("log"),
    );
    let (receipt, log) = (receipt.to_str().unwrap(), log.to_str().unwrap());
    let setup = with_steps(&["setup", "--claimable", "--yes", "-vv", "--log", log]);
    let setup = repo.neonup_without_key(&home, &sandbox, &setup);
    assert_eq!(setup.code, 0, "{setup:#?}");
    assert!(
        setup.stderr.contains("neonup claim"),
        "it names the command that keeps it: {setup:#?}"
    );
    let check = with_steps(&["check", "-vv", "--receipt", receipt]);
    let check = repo.neonup_without_key(&home, &sandbox, &check);
    assert_eq!(check.code, 0, "{check:#?}");
    let status = repo.neonup_without_key(&home, &sandbox, &["status", "-vv"]);
    assert!(
        status.stdout.contains("no account: temporary database"),
        "{status:#?}"
    );
    let (link, id) = link(&repo, &home, &sandbox);
    for run in [&setup, &check, &status] {
        run.holds_none_of(&[&id, &link]);
    }
    let (log, receipt) = (
        fs::read_to_string(log).unwrap(),
        fs::read_to_string(receipt).unwrap(),
    );
    assert!(
        !log.is_empty() && !log.contains(&id),
        "the id is in the log"
    );
    assert!(
        receipt.contains("temporary") && !receipt.contains(&id),
        "{receipt}"
    );
    // only its owner can read where it is stored
    let kept = fs::read_dir(home.dir.path().join("config/neonup/keys")).unwrap();
    let kept: Vec<_> = kept.flatten().map(|entry| entry.path()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(fs::read_to_string(&kept[0]).unwrap().contains(&id));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&kept[0]).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    sandbox.stop();
}

#[test]
fn committed_claim_link_is_found_as_a_live_secret() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &["--claimable"]);
    let repo = Repo::sample(&home);
    let setup = repo.neonup_without_key(
        &home,
        &sandbox,
        &with_steps(&["setup", "--claimable", "--yes"]),
    );
    assert_eq!(setup.code, 0, "{setup:#?}");
    let (link, id) = link(&repo, &home, &sandbox);
    let url = repo.env("DATABASE_URL");
    fs::write(
        repo.path("NOTES.md"),
        format!("claim it: {link}\nuse it: {url}\n"),
    )
    .unwrap();
    repo.git(&home, &["add", "NOTES.md"]);
    let hook = repo.neonup_without_key(&home, &sandbox, &["hook", "run"]);
    assert_eq!(hook.code, 1, "{hook:#?}");
    assert!(hook.stderr.contains("NOTES.md"), "{hook:#?}");
    repo.git(&home, &["commit", "-q", "-m", "notes"]);
    let check = repo.neonup_without_key(&home, &sandbox, &["check", "--json", "secrets"]);
    assert_eq!(check.code, 1, "{check:#?}");
    for code in [
        "secrets.live-secret-in-tree",
        "secrets.live-secret-in-history",
    ] {
        assert!(check.codes().contains(&code.to_owned()), "{check:#?}");
    }
    assert!(
        check.stdout.contains("neonup setup --claimable --new"),
        "{check:#?}"
    );
    assert!(
        !check.stdout.contains("neonup rotate"),
        "nothing can be rotated: {check:#?}"
    );
    assert!(
        check.stdout.contains("neonup claim"),
        "it names the remedy: {check:#?}"
    );
    for run in [&hook, &check] {
        run.holds_none_of(&[&id]);
    }
    sandbox.stop();
}

#[test]
fn plain_wizard_without_a_key_offers_a_temporary_database() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &["--claimable"]);
    let repo = Repo::sample(&home);
    let walk = |answers: &str| {
        let mut command = repo.command(&home, &sandbox, &["--plain"]);
        fed(&mut command, answers)
    };
    let asked = walk("");
    assert_eq!((asked.code, creates(&sandbox)), (2, 0), "{asked:#?}");
    let offered = asked
        .stdout
        .lines()
        .find(|line| line.contains("Try a temporary database"));
    let number = offered.unwrap().split('.').next().unwrap();
    let stopped = walk(&format!("{number}\n"));
    assert!(
        stopped
            .stdout
            .contains("Create a temporary database (default)"),
        "{stopped:#?}"
    );
    assert_eq!(
        (stopped.code, creates(&sandbox)),
        (2, 0),
        "choosing it does not make it yet: {stopped:#?}"
    );
    let done = walk(&format!("{number}\n{}", "\n".repeat(12)));
    assert_eq!(creates(&sandbox), 1, "{done:#?}");
    assert!(done.stdout.contains("Step 7 of 7"), "{done:#?}");
    let (_, id) = link(&repo, &home, &sandbox);
    done.holds_none_of(&[&id]);
    sandbox.stop();
}
