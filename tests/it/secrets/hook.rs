//! The hooks: real commits, merges and pushes of the real git, through the real binary.

use std::fs;

use base64::Engine as _;

use crate::support::{Home, Repo, Run};

pub(super) const PASSWORD: &str = "npg_canaryPw42Zq7";

const CONFIG: &str = r#"
[project]
name = "todo"

[[env]]
file = "backend/.env"
keys.DATABASE_URL = { url = "direct", driver = "psycopg" }
"#;

/// A committed project with an ignored env file that holds a live password.
pub(super) fn project(home: &Home) -> Repo {
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

pub(super) fn hook(repo: &Repo, home: &Home, action: &str) -> (i32, String) {
    let run = Run::of(home.neonup().current_dir(&repo.root).args(["hook", action]));
    (run.code, run.output())
}

fn head(repo: &Repo, home: &Home) -> Vec<u8> {
    repo.try_git(home, &["rev-parse", "HEAD"]).stdout
}

/// Stages and commits a file; returns whether the commit was made, and what was printed.
pub(super) fn commit(repo: &Repo, home: &Home, name: &str, text: &str) -> (bool, String) {
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
            .contains("no neonup hooks")
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
    assert!(printed.contains("run first"), "{printed}");
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

    // a committed hook belongs to everyone: without consent it gets no line. A folder of hooks without one may get ours
    fs::create_dir(repo.path("hooks")).unwrap();
    fs::write(repo.path("hooks/pre-commit"), "#!/bin/sh\n").unwrap();
    repo.git(&home, &["add", "hooks"]);
    repo.git(&home, &["config", "core.hooksPath", "hooks"]);
    let (code, printed) = hook(&repo, &home, "install");
    assert!(
        code == 2 && printed.contains("hooks/pre-commit") && printed.contains("--yes"),
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
fn hook_runs_in_a_submodule() {
    let home = Home::new();
    let repo = project(&home);
    let outer = Repo::files(&[("main.py", "print()\n")]);
    outer.git(&home, &["init", "-q", "-b", "main"]);
    let url = repo.root.to_str().unwrap();
    let allow = ["-c", "protocol.file.allow=always"];
    let add = ["submodule", "--quiet", "add", url, "inner"];
    outer.git(&home, &[&allow[..], &add].concat());
    let inner = outer.path("inner");
    fs::create_dir_all(inner.join("backend")).unwrap();
    fs::copy(repo.path("backend/.env"), inner.join("backend/.env")).unwrap();
    let run = Run::of(home.neonup().current_dir(&inner).args(["hook", "install"]));
    assert_eq!(run.code, 0, "{}", run.output());
    fs::write(inner.join("x.md"), PASSWORD).unwrap();
    outer.git(&home, &["-C", "inner", "add", "x.md"]);
    let output = outer.try_git(&home, &["-C", "inner", "commit", "-qm", "x"]);
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(printed.contains("live-secret-in-tree x.md:1"), "{printed}");
}

#[test]
fn hook_runs_where_git_is_told_its_folder() {
    let home = Home::new();
    let repo = project(&home);
    let store = home.dir.path().join("store");
    fs::rename(repo.path(".git"), &store).unwrap();
    let folder = format!("--git-dir={}", store.display());
    let tree = format!("--work-tree={}", repo.root.display());
    let told = |arguments: &[&str]| {
        let all = [&[folder.as_str(), tree.as_str()], arguments].concat();
        repo.try_git(&home, &all)
    };
    let run = Run::of(
        home.neonup()
            .current_dir(&repo.root)
            .env("GIT_DIR", &store)
            .env("GIT_WORK_TREE", &repo.root)
            .args(["hook", "install"]),
    );
    assert_eq!(run.code, 0, "{}", run.output());
    fs::write(repo.path("x.md"), PASSWORD).unwrap();
    fs::write(repo.path("y.md"), "a word\n").unwrap();
    assert!(told(&["add", "x.md", "y.md"]).status.success());
    // of what is staged only this is taken: git makes an index for the commit alone
    let output = told(&["commit", "-qm", "y", "--", "y.md"]);
    assert!(output.status.success(), "{output:?}");
    let output = told(&["commit", "-qm", "x"]);
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
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

/// A bare repository that the project can push to, as `origin`.
pub(super) fn remote(repo: &Repo, home: &Home) -> std::path::PathBuf {
    let remote = home.dir.path().join("remote.git");
    let path = remote.to_str().unwrap();
    repo.git(home, &["init", "-q", "--bare", "-b", "main", path]);
    repo.git(home, &["remote", "add", "origin", path]);
    remote
}

/// Runs git, which a hook of ours must refuse, saying where without the secret.
pub(super) fn refused(repo: &Repo, home: &Home, arguments: &[&str], says: &str) {
    let output = repo.try_git(home, arguments);
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{arguments:?}: {printed}");
    assert!(
        printed.contains("secrets.live-secret-in-tree") && printed.contains(says),
        "{arguments:?}: {printed}"
    );
    assert!(
        !printed.contains(PASSWORD),
        "{arguments:?} tells the secret"
    );
}

#[test]
fn a_message_an_author_and_a_name_are_searched() {
    let home = Home::new();
    let repo = project(&home);
    assert_eq!(hook(&repo, &home, "install").0, 0);
    let before = head(&repo, &home);
    fs::write(repo.path("a.md"), "a\n").unwrap();
    repo.git(&home, &["add", "a.md"]);
    let body = format!("connect with {PASSWORD}");
    refused(
        &repo,
        &home,
        &["commit", "-qm", "x", "-m", &body],
        "the message",
    );
    let author = format!("--author={PASSWORD} <a@example.com>");
    refused(&repo, &home, &["commit", "-qm", "x", &author], "author");
    let name = format!("{PASSWORD}.md");
    fs::write(repo.path(&name), "a\n").unwrap();
    repo.git(&home, &["add", &name]);
    refused(&repo, &home, &["commit", "-qm", "x"], "the name of");
    repo.git(&home, &["rm", "-qf", "--cached", &name]);
    fs::remove_file(repo.path(&name)).unwrap();
    assert_eq!(head(&repo, &home), before);
    // what the editor shows below the message is not in it: here the line that takes the secret out
    fs::write(repo.path("NOTES.md"), PASSWORD).unwrap();
    repo.git(&home, &["add", "NOTES.md"]);
    repo.git(&home, &["commit", "-qnm", "past"]);
    repo.git(&home, &["rm", "-qf", "NOTES.md"]);
    repo.git(&home, &["-c", "core.editor=sed -i 1ix", "commit", "-qv"]);
}

#[test]
fn a_merge_is_searched_before_it_is_committed() {
    let home = Home::new();
    let repo = project(&home);
    for (branch, text) in [("clean", "a\n"), ("leaks", PASSWORD)] {
        repo.git(&home, &["checkout", "-qb", branch, "main"]);
        fs::write(repo.path(&format!("{branch}.md")), text).unwrap();
        repo.git(&home, &["add", "-A"]);
        repo.git(&home, &["commit", "-qm", branch]);
    }
    repo.git(&home, &["checkout", "-q", "main"]);
    assert_eq!(hook(&repo, &home, "install").0, 0);
    repo.git(&home, &["merge", "-q", "--no-ff", "-m", "clean", "clean"]);
    let before = head(&repo, &home);
    refused(
        &repo,
        &home,
        &["merge", "--no-ff", "-m", "x", "leaks"],
        "leaks.md:1",
    );
    assert_eq!(head(&repo, &home), before);
}

#[test]
fn a_push_is_searched_for_all_that_it_sends_and_for_nothing_else() {
    let home = Home::new();
    let repo = project(&home);
    remote(&repo, &home);
    // what the remote has already is no reason to refuse
    let old = format!("postgres://app:{}@db.acme.io/app", "k3xQ9vTz81LmPw0r");
    fs::write(repo.path("old.md"), &old).unwrap();
    repo.git(&home, &["add", "old.md"]);
    repo.git(&home, &["commit", "-qm", "old"]);
    repo.git(&home, &["push", "-q", "origin", "main"]);
    assert_eq!(hook(&repo, &home, "install").0, 0);
    fs::write(repo.path("a.md"), "a\n").unwrap();
    repo.git(&home, &["add", "a.md"]);
    repo.git(&home, &["commit", "-qm", "a"]);
    repo.git(&home, &["push", "-q", "origin", "main"]);
    let clean = String::from_utf8(head(&repo, &home)).unwrap();
    let clean = clean.trim();

    // a commit that skipped its hook, and one that takes the secret out again
    let spoil = |name: &str, text: &str, message: &str| {
        repo.git(&home, &["reset", "-q", "--hard", clean]);
        fs::write(repo.path(name), text).unwrap();
        repo.git(&home, &["add", "-f", name]);
        repo.git(&home, &["commit", "-qnm", message]);
        repo.git(&home, &["rm", "-q", name]);
        repo.git(&home, &["commit", "-qnm", "gone"]);
    };
    spoil("notes.md", PASSWORD, "notes");
    refused(&repo, &home, &["push", "origin", "main"], "notes.md:1");
    refused(
        &repo,
        &home,
        &["push", "origin", "HEAD~1:refs/heads/x"],
        "(commit ",
    );
    // an annotated tag, and one that leads to a file
    repo.git(
        &home,
        &["tag", "-am", &format!("see {PASSWORD}"), "v1", clean],
    );
    refused(
        &repo,
        &home,
        &["push", "origin", "v1"],
        "the message of a tag",
    );
    repo.git(&home, &["tag", "v2", "HEAD~1:notes.md"]);
    refused(&repo, &home, &["push", "origin", "v2"], "(object ");
    // a message, the name of a file whose content was sent before, the name of a branch
    spoil("b.md", "b\n", &format!("see {PASSWORD}"));
    refused(
        &repo,
        &home,
        &["push", "origin", "main"],
        "in the message (commit ",
    );
    spoil(&format!("{PASSWORD}.md"), "a\n", "name");
    refused(&repo, &home, &["push", "origin", "main"], "name of");
    repo.git(&home, &["reset", "-q", "--hard", clean]);
    let branch = format!("HEAD:refs/heads/{PASSWORD}");
    refused(
        &repo,
        &home,
        &["push", "origin", &branch],
        "the name of a ref",
    );
    // what the remote has under another name, and what is deleted
    repo.git(&home, &["push", "-q", "origin", "HEAD:refs/heads/other"]);
    repo.git(&home, &["push", "-q", "origin", ":refs/heads/other"]);
    repo.git(&home, &["push", "-q", "origin", "main"]);
}

#[cfg(unix)]
#[test]
fn the_hook_of_before_gets_the_same_list_of_refs() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let repo = project(&home);
    remote(&repo, &home);
    let place = repo.path(".git/hooks/pre-push");
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(&place, "#!/bin/sh\necho \"$1\" > seen\ncat >> seen\n").unwrap();
    fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(hook(&repo, &home, "install").0, 0);
    repo.git(&home, &["push", "-q", "origin", "main"]);
    let seen = repo.read("seen");
    assert!(
        seen.starts_with("origin\nrefs/heads/main ") && seen.ends_with('\n'),
        "{seen}"
    );
}

#[test]
fn a_hook_that_is_gone_is_a_finding() {
    let home = Home::new();
    let repo = project(&home);
    let gone = || {
        let run = Run::of(
            home.neonup()
                .current_dir(&repo.root)
                .args(["check", "secrets", "--json"]),
        );
        run.output().contains("secrets.hook-gone")
    };
    assert!(!gone(), "none was installed");
    assert_eq!(hook(&repo, &home, "install").0, 0);
    assert!(!gone(), "all are there");
    let place = repo.path(".git/hooks/commit-msg");
    let ours = fs::read(&place).unwrap();
    fs::write(&place, "#!/bin/sh\n").unwrap();
    assert!(gone(), "overwritten");
    fs::write(&place, ours).unwrap();
    assert!(!gone(), "back");
    fs::remove_file(repo.path(".git/hooks/pre-push")).unwrap();
    assert!(gone(), "removed");
    repo.git(&home, &["config", "core.hooksPath", "elsewhere"]);
    assert!(gone(), "git looks elsewhere");
    repo.git(&home, &["config", "--unset", "core.hooksPath"]);
    assert_eq!(hook(&repo, &home, "uninstall").0, 0);
    assert!(!gone(), "taken away on purpose");
}
