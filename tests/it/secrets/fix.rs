//! `neonup check secrets --fix` without an account or a network.

use std::{fs, process::Command};

use crate::support::{Home, Repo, Run, temp_dir};

const PASSWORD: &str = "npg_canaryPw42Zq";

/// `neonup` in a repository, where nothing answers for Neon: no step may need it.
fn command(home: &Home, repo: &Repo, arguments: &[&str]) -> Command {
    let mut command = home.neonup();
    command
        .current_dir(&repo.root)
        .env("NEON_API_HOST", "http://127.0.0.1:9/api/v2")
        .args(arguments);
    command
}

fn run(home: &Home, repo: &Repo, arguments: &[&str]) -> Run {
    Run::of(&mut command(home, repo, arguments))
}

fn url() -> String {
    format!(
        "postgresql+psycopg://owner:{PASSWORD}@ep-cool-1.us-east-2.aws.neon.tech/neondb?sslmode=require"
    )
}

#[test]
fn leak_in_the_history_leads_to_rotate() {
    let home = Home::new();
    let repo = Repo::sample(&home);
    fs::write(
        repo.path("backend/.env"),
        format!("DATABASE_URL={}\n", url()),
    )
    .unwrap();
    fs::write(repo.path("notes.md"), format!("{}\n", url())).unwrap();
    repo.commit(&home, "leak");
    repo.git(&home, &["rm", "-q", "notes.md"]);
    repo.commit(&home, "gone");
    let head = repo.git(&home, &["rev-parse", "HEAD"]);

    let looked = run(&home, &repo, &["check", "secrets"]);
    assert_eq!(looked.code, 1, "{looked:#?}");
    assert!(looked.stdout.contains("next: neonup rotate"), "{looked:#?}");
    assert!(
        !looked.stdout.contains("filter-repo"),
        "only after --fix: {looked:#?}"
    );
    let fixed = run(&home, &repo, &["check", "secrets", "--fix"]);
    assert_eq!(fixed.code, 1, "{fixed:#?}");
    for text in [
        "not done",
        "git filter-repo",
        "push --force",
        "`neonup rotate`",
    ] {
        assert!(fixed.stdout.contains(text), "{text}: {fixed:#?}");
    }
    let json = run(&home, &repo, &["check", "secrets", "--fix", "--json"]);
    assert_eq!(json.json()["next"], serde_json::json!(["neonup rotate"]));
    for run in [&looked, &fixed, &json] {
        run.holds_none_of(&[PASSWORD]);
    }
    assert_eq!(
        repo.git(&home, &["rev-parse", "HEAD"]),
        head,
        "the history is as it was"
    );
}

#[test]
fn without_git_untracked_files_are_searched() {
    let home = Home::new();
    let repo = Repo::sample(&home);
    fs::write(
        repo.path("backend/.env"),
        format!("DATABASE_URL={}\n", url()),
    )
    .unwrap();
    let empty = temp_dir();
    let check = || {
        let mut command = command(&home, &repo, &["check", "secrets", "--json"]);
        Run::of(command.env("PATH", empty.path()))
    };
    let run = check();
    let found = run.codes();
    // the rules and libgit2 show that the target is ignored and untracked, and which other files `git add` would take
    for code in ["secrets.not-ignored", "secrets.unknown"] {
        assert!(!found.contains(&code.to_owned()), "{run:#?}");
    }
    assert_eq!(run.code, 0, "{run:#?}");
    fs::write(repo.path("notes.txt"), url()).unwrap();
    let run = check();
    let live = "secrets.live-secret-in-tree".to_owned();
    assert!(run.codes().contains(&live), "{run:#?}");
    assert_eq!(run.code, 1, "{run:#?}");
    fs::remove_file(repo.path("notes.txt")).unwrap();
    // a target that is not ignored is still a finding
    fs::write(repo.path(".gitignore"), "").unwrap();
    let run = check();
    assert!(
        run.codes().contains(&"secrets.not-ignored".to_owned()),
        "{run:#?}"
    );
}
