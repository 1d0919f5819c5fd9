//! `neonup check secrets --fix` as it is run, without an account or a network.

use std::{fs, process::Stdio};

use crate::support::{Home, Repo, Run, temp_dir};

const PASSWORD: &str = "npg_canaryPw42Zq";

fn run(home: &Home, repo: &Repo, arguments: &[&str]) -> Run {
    let output = home
        .neonup()
        .current_dir(&repo.root)
        // nothing listens there: no step may need it
        .env("NEON_API_HOST", "http://127.0.0.1:9/api/v2")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Run::new(&output)
}

fn url() -> String {
    format!(
        "postgresql+psycopg://owner:{PASSWORD}@ep-cool-1.us-east-2.aws.neon.tech/neondb?sslmode=require"
    )
}

fn commit(repo: &Repo, home: &Home, message: &str) {
    repo.git(home, &["add", "-A"]);
    repo.git(
        home,
        &[
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@localhost",
            "commit",
            "-q",
            "-m",
            message,
        ],
    );
}

#[test]
fn a_leak_in_the_history_is_explained_and_rotation_offered() {
    let home = Home::new();
    let repo = Repo::sample(&home);
    fs::write(
        repo.path("backend/.env"),
        format!("DATABASE_URL={}\n", url()),
    )
    .unwrap();
    fs::write(repo.path("notes.md"), format!("{}\n", url())).unwrap();
    commit(&repo, &home, "leak");
    repo.git(&home, &["rm", "-q", "notes.md"]);
    commit(&repo, &home, "gone");
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
    for words in [
        "not done",
        "git filter-repo",
        "push --force",
        "`neonup rotate`",
    ] {
        assert!(fixed.stdout.contains(words), "{words}: {fixed:#?}");
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
fn without_a_git_program_the_check_runs_and_calls_nothing_safe_that_it_cannot_know() {
    let home = Home::new();
    let repo = Repo::sample(&home);
    fs::write(
        repo.path("backend/.env"),
        format!("DATABASE_URL={}\n", url()),
    )
    .unwrap();
    let empty = temp_dir();
    let output = home
        .neonup()
        .current_dir(&repo.root)
        .env("PATH", empty.path())
        .env("NEON_API_HOST", "http://127.0.0.1:9/api/v2")
        .args(["check", "secrets", "--json"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let run = Run::new(&output);
    let found = run.codes();
    // the target is ignored and untracked, which the rules and libgit2 tell; the untracked files are not known
    assert!(
        !found.contains(&"secrets.not-ignored".to_owned()),
        "{run:#?}"
    );
    assert!(found.contains(&"secrets.unknown".to_owned()), "{run:#?}");
    assert_eq!(run.code, 1, "{run:#?}");
    // and what is not ignored is said to be so
    fs::write(repo.path(".gitignore"), "").unwrap();
    let output = home
        .neonup()
        .current_dir(&repo.root)
        .env("PATH", empty.path())
        .env("NEON_API_HOST", "http://127.0.0.1:9/api/v2")
        .args(["check", "secrets", "--json"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let run = Run::new(&output);
    assert!(
        run.codes().contains(&"secrets.not-ignored".to_owned()),
        "{run:#?}"
    );
}
