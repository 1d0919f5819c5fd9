//! The pre-commit check: real commits of the real git, through the real binary.

use std::fs;

use base64::Engine as _;

use crate::support::{Home, Repo, Run};

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
    repo.git(home, &["init", "-q", "-b", "main"]);
    repo.git(home, &["add", "."]);
    repo.git(home, &["commit", "-qm", "begin"]);
    fs::create_dir_all(repo.path("backend")).unwrap();
    let url = format!(
        "postgresql+psycopg://owner:{PASSWORD}@ep-cool-1.us-east-2.aws.neon.tech/neondb?sslmode=require"
    );
    fs::write(repo.path("backend/.env"), format!("DATABASE_URL={url}\n")).unwrap();
    repo
}

fn hook(repo: &Repo, home: &Home, action: &str) -> (i32, String) {
    let run = Run::of(home.neonup().current_dir(&repo.root).args(["hook", action]));
    (run.code, run.output())
}

fn head(repo: &Repo, home: &Home) -> Vec<u8> {
    repo.try_git(home, &["rev-parse", "HEAD"]).stdout
}

/// Stages and commits a file; returns whether the commit was made, and what was printed.
fn commit(repo: &Repo, home: &Home, name: &str, text: &str) -> (bool, String) {
    let before = head(repo, home);
    fs::write(repo.path(name), text).unwrap();
    repo.git(home, &["add", "-f", name]);
    let output = repo.try_git(home, &["commit", "-qm", "more"]);
    let made = head(repo, home) != before;
    assert_eq!(made, output.status.success());
    (made, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn commit_with_a_live_secret_is_refused_and_others_pass() {
    let home = Home::new();
    let repo = project(&home);
    assert_eq!(hook(&repo, &home, "install").0, 0);
    assert_eq!(hook(&repo, &home, "install").0, 0, "twice is once");
    assert!(commit(&repo, &home, "fine.md", "password: see backend/.env\n").0);

    let (made, printed) = commit(
        &repo,
        &home,
        "NOTES.md",
        &format!("a\nthe password is {PASSWORD}\n"),
    );
    assert!(!made);
    assert!(
        printed.contains("secrets.live-secret-in-tree NOTES.md:2"),
        "{printed}"
    );
    assert!(!printed.contains(PASSWORD), "the refusal tells the secret");
    repo.git(&home, &["rm", "-qf", "--cached", "NOTES.md"]);

    // another spelling, the env file itself, somebody else's credential
    let coded = base64::engine::general_purpose::STANDARD.encode(format!("owner:{PASSWORD}"));
    let other = "url = \"postgres://app:k3xQ9vTz81LmPw0r@db.acme.io/app\"\n";
    let env = repo.read("backend/.env");
    for (name, text) in [
        ("a.py", coded.as_str()),
        ("backend/.env", &env),
        ("b.py", other),
    ] {
        let (made, printed) = commit(&repo, &home, name, text);
        assert!(!made, "{name}: {printed}");
        repo.git(&home, &["rm", "-qf", "--cached", name]);
    }
    // earlier commits are not checked again, and `--no-verify` skips the hook
    fs::write(repo.path("NOTES.md"), PASSWORD).unwrap();
    repo.git(&home, &["add", "NOTES.md"]);
    repo.git(&home, &["commit", "-qnm", "past"]);
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
fn existing_hook_runs_first_and_is_restored() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let repo = project(&home);
    let place = repo.path(".git/hooks/pre-commit");
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    let theirs = "#!/bin/sh\necho theirs >&2\ntest ! -e stop\n";
    fs::write(&place, theirs).unwrap();
    fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();

    let (code, printed) = hook(&repo, &home, "install");
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("runs first"), "{printed}");
    let (made, printed) = commit(&repo, &home, "a.md", "a\n");
    assert!(made && printed.contains("theirs"), "{printed}");
    let (made, printed) = commit(&repo, &home, "b.md", PASSWORD);
    assert!(
        !made && printed.contains("theirs") && printed.contains("live-secret"),
        "{printed}"
    );
    repo.git(&home, &["rm", "-qf", "--cached", "b.md"]);
    fs::write(repo.path("stop"), "").unwrap();
    assert!(!commit(&repo, &home, "c.md", "c\n").0, "theirs says no");
    assert_eq!(hook(&repo, &home, "uninstall").0, 0);
    assert_eq!(fs::read_to_string(&place).unwrap(), theirs);
}

#[test]
fn shared_hooks_are_not_touched() {
    let home = Home::new();
    let repo = project(&home);
    let shared = home.dir.path().join("hooks");
    fs::create_dir(&shared).unwrap();
    repo.git(
        &home,
        &["config", "core.hooksPath", shared.to_str().unwrap()],
    );
    let (code, printed) = hook(&repo, &home, "install");
    assert_eq!(code, 2, "{printed}");
    assert!(
        printed.contains("other repositories may share") && printed.contains("neonup hook run"),
        "{printed}"
    );
    assert_eq!(fs::read_dir(&shared).unwrap().count(), 0);
    assert!(!home.dir.path().join(".gitconfig").exists());

    // a committed hook belongs to everyone; a folder of hooks without one may get ours
    fs::create_dir(repo.path("hooks")).unwrap();
    fs::write(repo.path("hooks/pre-commit"), "#!/bin/sh\n").unwrap();
    repo.git(&home, &["add", "hooks"]);
    repo.git(&home, &["config", "core.hooksPath", "hooks"]);
    let (code, printed) = hook(&repo, &home, "install");
    assert!(
        code == 2 && printed.contains("belongs to everyone"),
        "{printed}"
    );
    assert_eq!(repo.read("hooks/pre-commit"), "#!/bin/sh\n");
    repo.git(&home, &["rm", "-qf", "hooks/pre-commit"]);
    assert_eq!(hook(&repo, &home, "install").0, 0);
    assert!(!commit(&repo, &home, "b.md", PASSWORD).0);
}

#[test]
fn hook_runs_in_every_work_tree() {
    let home = Home::new();
    let repo = project(&home);
    assert_eq!(hook(&repo, &home, "install").0, 0);
    let tree = home.dir.path().join("tree");
    repo.git(&home, &["worktree", "add", "-q", tree.to_str().unwrap()]);
    fs::create_dir_all(tree.join("backend")).unwrap();
    fs::copy(repo.path("backend/.env"), tree.join("backend/.env")).unwrap();
    fs::write(tree.join("x.md"), PASSWORD).unwrap();
    let inside = |arguments: &[&str]| {
        let mut all = vec!["-C", tree.to_str().unwrap()];
        all.extend_from_slice(arguments);
        repo.try_git(&home, &all)
    };
    assert!(inside(&["add", "x.md"]).status.success());
    let output = inside(&["commit", "-qm", "x"]);
    assert!(!output.status.success());
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(printed.contains("live-secret-in-tree x.md:1"), "{printed}");
}

#[test]
fn accepted_credential_passes_and_a_live_one_does_not() {
    let home = Home::new();
    let repo = project(&home);
    let accept = "\n[[secrets.accept]]\npath = \"tests/\"\nreason = \"fixtures of a database that is gone\"\n";
    fs::write(repo.path("neonup.toml"), format!("{CONFIG}{accept}")).unwrap();
    fs::create_dir(repo.path("tests")).unwrap();
    assert_eq!(hook(&repo, &home, "install").0, 0);
    let other = "url = \"postgres://app:k3xQ9vTz81LmPw0r@db.acme.io/app\"\n";
    let (made, printed) = commit(&repo, &home, "tests/a.py", other);
    assert!(made, "{printed}");
    assert!(!commit(&repo, &home, "a.py", other).0);
    repo.git(&home, &["rm", "-qf", "--cached", "a.py"]);
    assert!(!commit(&repo, &home, "tests/b.py", PASSWORD).0);
    repo.git(&home, &["rm", "-qf", "--cached", "tests/b.py"]);
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
