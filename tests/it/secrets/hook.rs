//! The pre-commit check: real commits of the real git, through the real binary.

use std::{
    fs,
    process::{Command, Output},
};

use base64::Engine as _;

use crate::support::{Home, Repo};

const PASSWORD: &str = "npg_canaryPw42Zq7";

const CONFIG: &str = r#"
[project]
name = "todo"

[[env]]
file = "backend/.env"
keys.DATABASE_URL = { url = "direct", driver = "psycopg" }
"#;

/// A committed project with an ignored env file that holds a live password.
fn project(home: &Home) -> Repo {
    let repo = Repo::files(&[
        ("neonup.toml", CONFIG),
        (".gitignore", ".env\n"),
        ("main.py", "print()\n"),
    ]);
    assert!(
        git(&repo, home, &["init", "-q", "-b", "main"])
            .status
            .success()
    );
    assert!(git(&repo, home, &["add", "."]).status.success());
    assert!(
        git(&repo, home, &["commit", "-qm", "begin"])
            .status
            .success()
    );
    fs::create_dir_all(repo.path("backend")).unwrap();
    let url = format!(
        "postgresql+psycopg://owner:{PASSWORD}@ep-cool-1.us-east-2.aws.neon.tech/neondb?sslmode=require"
    );
    fs::write(repo.path("backend/.env"), format!("DATABASE_URL={url}\n")).unwrap();
    repo
}

fn git(repo: &Repo, home: &Home, arguments: &[&str]) -> Output {
    let mut command: Command = home.command("git");
    command
        .current_dir(repo.path(""))
        .env("GIT_AUTHOR_NAME", "Ada")
        .env("GIT_AUTHOR_EMAIL", "ada@example.com")
        .env("GIT_COMMITTER_NAME", "Ada")
        .env("GIT_COMMITTER_EMAIL", "ada@example.com")
        .args(arguments);
    command.output().unwrap()
}

fn hook(repo: &Repo, home: &Home, what: &str) -> (i32, String) {
    let output = home
        .neonup()
        .current_dir(repo.path(""))
        .args(["hook", what])
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(said).unwrap(),
    )
}

fn head(repo: &Repo, home: &Home) -> Vec<u8> {
    git(repo, home, &["rev-parse", "HEAD"]).stdout
}

/// Stages a file, commits, and says whether the commit was made and what was said.
fn commit(repo: &Repo, home: &Home, name: &str, text: &str) -> (bool, String) {
    let before = head(repo, home);
    fs::write(repo.path(name), text).unwrap();
    assert!(git(repo, home, &["add", "-f", name]).status.success());
    let output = git(repo, home, &["commit", "-qm", "more"]);
    let made = head(repo, home) != before;
    assert_eq!(made, output.status.success());
    (made, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_commit_with_the_live_secret_is_refused_and_others_pass() {
    let home = Home::new();
    let repo = project(&home);
    assert_eq!(hook(&repo, &home, "install").0, 0);
    assert_eq!(hook(&repo, &home, "install").0, 0, "twice is once");
    assert!(commit(&repo, &home, "fine.md", "password: see backend/.env\n").0);

    let (made, said) = commit(
        &repo,
        &home,
        "NOTES.md",
        &format!("a\nthe password is {PASSWORD}\n"),
    );
    assert!(!made);
    assert!(
        said.contains("secrets.live-secret-in-tree NOTES.md:2"),
        "{said}"
    );
    assert!(!said.contains(PASSWORD), "the refusal tells the secret");
    git(&repo, &home, &["rm", "-qf", "--cached", "NOTES.md"]);

    // another spelling, the env file itself, somebody else's credential
    let coded = base64::engine::general_purpose::STANDARD.encode(format!("owner:{PASSWORD}"));
    let other = "url = \"postgres://app:k3xQ9vTz81LmPw0r@db.acme.io/app\"\n";
    let env = repo.read("backend/.env");
    for (name, text) in [
        ("a.py", coded.as_str()),
        ("backend/.env", &env),
        ("b.py", other),
    ] {
        let (made, said) = commit(&repo, &home, name, text);
        assert!(!made, "{name}: {said}");
        git(&repo, &home, &["rm", "-qf", "--cached", name]);
    }
    // what was committed before is not looked at again, and `--no-verify` is git's own way past
    fs::write(repo.path("NOTES.md"), PASSWORD).unwrap();
    git(&repo, &home, &["add", "NOTES.md"]);
    assert!(
        git(&repo, &home, &["commit", "-qnm", "past"])
            .status
            .success()
    );
    assert!(commit(&repo, &home, "fine.md", "more\n").0);

    assert_eq!(hook(&repo, &home, "uninstall").0, 0);
    assert!(!repo.path(".git/hooks/pre-commit").exists());
    assert!(
        hook(&repo, &home, "uninstall")
            .1
            .contains("no hook of neonup")
    );
}

#[cfg(unix)]
#[test]
fn a_hook_that_was_there_is_kept_runs_first_and_comes_back() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let repo = project(&home);
    let place = repo.path(".git/hooks/pre-commit");
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    let theirs = "#!/bin/sh\necho theirs >&2\ntest ! -e stop\n";
    fs::write(&place, theirs).unwrap();
    fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();

    let (code, said) = hook(&repo, &home, "install");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("runs first"), "{said}");
    let (made, said) = commit(&repo, &home, "a.md", "a\n");
    assert!(made && said.contains("theirs"), "{said}");
    let (made, said) = commit(&repo, &home, "b.md", PASSWORD);
    assert!(
        !made && said.contains("theirs") && said.contains("live-secret"),
        "{said}"
    );
    git(&repo, &home, &["rm", "-qf", "--cached", "b.md"]);
    fs::write(repo.path("stop"), "").unwrap();
    assert!(!commit(&repo, &home, "c.md", "c\n").0, "theirs says no");
    assert_eq!(hook(&repo, &home, "uninstall").0, 0);
    assert_eq!(fs::read_to_string(&place).unwrap(), theirs);
}

#[test]
fn hooks_that_others_share_are_not_touched() {
    let home = Home::new();
    let repo = project(&home);
    let shared = home.dir.path().join("hooks");
    fs::create_dir(&shared).unwrap();
    git(
        &repo,
        &home,
        &["config", "core.hooksPath", shared.to_str().unwrap()],
    );
    let (code, said) = hook(&repo, &home, "install");
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("other repositories may share") && said.contains("neonup hook run"),
        "{said}"
    );
    assert_eq!(fs::read_dir(&shared).unwrap().count(), 0);
    assert!(!home.dir.path().join(".gitconfig").exists());

    // a committed hook belongs to everyone; a folder of hooks without one may get ours
    fs::create_dir(repo.path("hooks")).unwrap();
    fs::write(repo.path("hooks/pre-commit"), "#!/bin/sh\n").unwrap();
    git(&repo, &home, &["add", "hooks"]);
    git(&repo, &home, &["config", "core.hooksPath", "hooks"]);
    let (code, said) = hook(&repo, &home, "install");
    assert!(code == 2 && said.contains("belongs to everyone"), "{said}");
    assert_eq!(repo.read("hooks/pre-commit"), "#!/bin/sh\n");
    git(&repo, &home, &["rm", "-qf", "hooks/pre-commit"]);
    assert_eq!(hook(&repo, &home, "install").0, 0);
    assert!(!commit(&repo, &home, "b.md", PASSWORD).0);
}

#[test]
fn another_work_tree_has_the_same_hook() {
    let home = Home::new();
    let repo = project(&home);
    assert_eq!(hook(&repo, &home, "install").0, 0);
    let tree = home.dir.path().join("tree");
    let added = git(
        &repo,
        &home,
        &["worktree", "add", "-q", tree.to_str().unwrap()],
    );
    assert!(added.status.success(), "{added:?}");
    fs::create_dir_all(tree.join("backend")).unwrap();
    fs::copy(repo.path("backend/.env"), tree.join("backend/.env")).unwrap();
    fs::write(tree.join("x.md"), PASSWORD).unwrap();
    let inside = |arguments: &[&str]| {
        let mut all = vec!["-C", tree.to_str().unwrap()];
        all.extend_from_slice(arguments);
        git(&repo, &home, &all)
    };
    assert!(inside(&["add", "x.md"]).status.success());
    let output = inside(&["commit", "-qm", "x"]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("live-secret-in-tree x.md:1"), "{said}");
}

#[test]
fn an_accepted_credential_passes_and_a_live_one_never() {
    let home = Home::new();
    let repo = project(&home);
    let accept = "\n[[secrets.accept]]\npath = \"tests/\"\nreason = \"fixtures of a database that is gone\"\n";
    fs::write(repo.path("neonup.toml"), format!("{CONFIG}{accept}")).unwrap();
    fs::create_dir(repo.path("tests")).unwrap();
    assert_eq!(hook(&repo, &home, "install").0, 0);
    let other = "url = \"postgres://app:k3xQ9vTz81LmPw0r@db.acme.io/app\"\n";
    let (made, said) = commit(&repo, &home, "tests/a.py", other);
    assert!(made, "{said}");
    assert!(!commit(&repo, &home, "a.py", other).0);
    git(&repo, &home, &["rm", "-qf", "--cached", "a.py"]);
    assert!(!commit(&repo, &home, "tests/b.py", PASSWORD).0);
    git(&repo, &home, &["rm", "-qf", "--cached", "tests/b.py"]);
    fs::remove_file(repo.path("a.py")).unwrap();
    fs::remove_file(repo.path("tests/b.py")).unwrap();

    let check = home
        .neonup()
        .current_dir(repo.path(""))
        .args(["check", "secrets", "--json"])
        .output()
        .unwrap();
    let text = String::from_utf8(check.stdout).unwrap();
    assert!(
        text.contains("accepted in neonup.toml: fixtures of a database that is gone"),
        "{text}"
    );
    assert!(!text.contains("\"severity\": \"gap\""), "{text}");
}
