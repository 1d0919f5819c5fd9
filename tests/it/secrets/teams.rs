//! The hooks beside those of a team's own tool: real husky, lefthook and pre-commit, and a folder that git tracks.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Command};

use super::hook::{PASSWORD, commit, hook, project, refused, remote};
use crate::support::{Home, Repo, Run, skip};

/// A file that the hook of the team writes.
const RAN: &str = "ran";

/// Installs our hooks with consent to the lines.
fn install(repo: &Repo, home: &Home) -> String {
    let mut command = home.neonup();
    command
        .current_dir(&repo.root)
        .args(["hook", "install", "--yes"]);
    let run = Run::of(&mut command);
    assert_eq!(run.code, 0, "{run:#?}");
    run.output()
}

/// A clean commit is made and the team's hook ran; a leak is refused in a file, in a message and in a push.
fn works(repo: &Repo, home: &Home, when: &str) {
    fs::remove_file(repo.path(RAN)).ok();
    let (made, printed) = commit(repo, home, "a.md", &format!("{when}\n"));
    assert!(made, "{when}: {printed}");
    assert!(
        repo.path(RAN).exists(),
        "{when}: the team's hook did not run"
    );
    let (made, printed) = commit(repo, home, "b.md", PASSWORD);
    assert!(
        !made && printed.contains("live-secret"),
        "{when}: {printed}"
    );
    repo.git(home, &["rm", "-qf", "--cached", "b.md"]);
    fs::remove_file(repo.path("b.md")).unwrap();
    let message = format!("see {PASSWORD}");
    refused(
        repo,
        home,
        &["commit", "-q", "--allow-empty", "-m", &message],
        "the message",
    );
    let before = repo.git(home, &["rev-parse", "HEAD"]);
    repo.git(home, &["commit", "-qn", "--allow-empty", "-m", &message]);
    refused(
        repo,
        home,
        &["push", "origin", "HEAD:refs/heads/x"],
        "in the message",
    );
    repo.git(home, &["reset", "-q", "--soft", before.trim()]);
    repo.git(home, &["push", "-q", "origin", "HEAD:refs/heads/main"]);
    let check = home
        .neonup()
        .current_dir(&repo.root)
        .args(["check", "secrets", "--json"])
        .output()
        .unwrap();
    let text = String::from_utf8(check.stdout).unwrap();
    assert!(!text.contains("secrets.hook-gone"), "{when}: {text}");
}

/// A project with a remote, and files of the team's tool that are committed.
fn team(home: &Home, files: &[(&str, &str)]) -> Repo {
    let repo = project(home);
    fs::write(
        repo.path(".git/info/exclude"),
        "node_modules\nran\nlefthook-local.yml\n",
    )
    .unwrap();
    for (name, text) in files {
        let path = repo.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    repo.git(home, &["add", "-A"]);
    repo.git(home, &["commit", "-qm", "team"]);
    remote(&repo, home);
    repo
}

/// The folder of node's packages, where this one is in it.
fn node_modules(package: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("NEONUP_TEST_NODE_MODULES")?);
    folder.join(package).is_dir().then_some(folder)
}

fn run(home: &Home, repo: &Repo, command: &mut Command) {
    let output = command
        .current_dir(&repo.root)
        .env_clear()
        .envs(home.environment())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn husky_goes_on_running_and_its_installation_keeps_ours() {
    let Some(modules) = node_modules("husky") else {
        return skip("NEONUP_TEST_NODE_MODULES names no folder with husky");
    };
    let home = Home::new();
    let repo = team(&home, &[(".husky/pre-commit", "echo husky > ran\n")]);
    let prepare = || run(&home, &repo, &mut Command::new(modules.join(".bin/husky")));
    prepare();
    let before = repo.git(&home, &["status", "--porcelain"]);
    let (code, printed) = hook(&repo, &home, "install");
    assert!(code == 2 && printed.contains("--yes"), "{printed}");
    assert_eq!(repo.git(&home, &["status", "--porcelain"]), before);
    let printed = install(&repo, &home);
    assert!(printed.contains(".husky/pre-push"), "{printed}");
    works(&repo, &home, "installed");
    prepare();
    works(&repo, &home, "installed anew");
    assert_eq!(
        install(&repo, &home).matches("neonup-hook").count(),
        0,
        "once"
    );
    // another clone, where nobody installed ours, runs nothing of it
    assert_eq!(hook(&repo, &home, "uninstall").0, 0);
    assert!(commit(&repo, &home, "c.md", PASSWORD).0);
}

#[test]
fn lefthook_goes_on_running_and_its_installation_keeps_ours() {
    let Some(modules) = node_modules("lefthook") else {
        return skip("NEONUP_TEST_NODE_MODULES names no folder with lefthook");
    };
    let home = Home::new();
    let config = "pre-commit:\n  jobs:\n    - name: team\n      run: echo lefthook > ran\n";
    let repo = team(&home, &[("lefthook.yml", config)]);
    std::os::unix::fs::symlink(&modules, repo.path("node_modules")).unwrap();
    let lefthook = modules.join(".bin/lefthook");
    run(&home, &repo, Command::new(&lefthook).arg("install"));
    install(&repo, &home);
    works(&repo, &home, "installed");
    run(&home, &repo, Command::new(&lefthook).arg("install"));
    works(&repo, &home, "installed anew");
    assert_eq!(hook(&repo, &home, "uninstall").0, 0);
    assert!(!repo.path("lefthook-local.yml").exists());
}

#[test]
fn the_pre_commit_framework_goes_on_running_and_its_installation_keeps_ours() {
    let python = std::env::var_os("NEONUP_TEST_PYTHON").map(PathBuf::from);
    let has = |python: &PathBuf| {
        let asked = Command::new(python)
            .args(["-c", "import pre_commit"])
            .output();
        asked.is_ok_and(|output| output.status.success())
    };
    let Some(python) = python.filter(has) else {
        return skip("NEONUP_TEST_PYTHON names no Python with pre-commit");
    };
    let home = Home::new();
    let config = "repos:\n- repo: local\n  hooks:\n  - {id: team, name: team, entry: \"sh -c 'echo x > ran'\", language: system, pass_filenames: false, always_run: true}\n";
    for ours_first in [true, false] {
        let repo = team(&home, &[(".pre-commit-config.yaml", config)]);
        let framework = |arguments: &[&str]| {
            let mut command = Command::new(&python);
            run(
                &home,
                &repo,
                command.args(["-m", "pre_commit"]).args(arguments),
            );
        };
        if !ours_first {
            framework(&["install"]);
        }
        install(&repo, &home);
        framework(&["install"]);
        works(&repo, &home, "installed");
        install(&repo, &home);
        framework(&["install"]);
        works(&repo, &home, "installed anew");
        framework(&["install", "-f"]);
        let check = Run::of(
            home.neonup()
                .current_dir(&repo.root)
                .args(["check", "secrets", "--json"]),
        );
        assert!(check.output().contains("secrets.hook-gone"), "{check:#?}");
        fs::remove_dir_all(home.dir.path().join("remote.git")).unwrap();
    }
}

#[test]
fn a_folder_of_hooks_that_git_tracks_gets_lines_that_run_first() {
    let home = Home::new();
    let push = "#!/usr/bin/env bash\nset -e\ncat > pushed\n";
    let files = [
        (
            ".githooks/pre-commit",
            "#!/bin/sh\necho team > ran\nexit 0\n",
        ),
        (".githooks/pre-push", push),
    ];
    let repo = team(&home, &files);
    repo.git(&home, &["config", "core.hooksPath", ".githooks"]);
    fs::write(repo.path(".git/info/exclude"), "ran\npushed\n").unwrap();
    let (code, printed) = hook(&repo, &home, "install");
    assert!(code == 2 && printed.contains("--yes"), "{printed}");
    install(&repo, &home);
    works(&repo, &home, "installed");
    let pushed = repo.read("pushed");
    assert!(
        pushed.contains("refs/heads/main"),
        "the team's hook got no refs: {pushed:?}"
    );
    assert!(
        repo.read(".githooks/pre-push")
            .ends_with("set -e\ncat > pushed\n")
    );

    // what isn't a shell script can't get a line: nothing is changed then
    let home = Home::new();
    let repo = team(
        &home,
        &[(".githooks/commit-msg", "#!/usr/bin/env python3\n")],
    );
    repo.git(&home, &["config", "core.hooksPath", ".githooks"]);
    let mut command = home.neonup();
    let run = Run::of(
        command
            .current_dir(&repo.root)
            .args(["hook", "install", "--yes"]),
    );
    assert!(
        run.code == 2 && run.output().contains("isn't a shell script"),
        "{run:#?}"
    );
    assert!(!repo.path(".githooks/pre-commit").exists());
}
