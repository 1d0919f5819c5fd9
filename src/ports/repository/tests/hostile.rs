//! A repository whose own configuration names a program wherever git would start one: neither a look nor a fix starts any.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::{
    ports::repository::{Push, Repository as _},
    testing::repository::{Repo, live},
};

const SECRET: &str = "npg_aB3dE5fG7hJ9";

/// Every hook that git may run while it reads or writes an index.
const HOOKS: [&str; 6] = [
    "post-index-change",
    "pre-commit",
    "post-checkout",
    "reference-transaction",
    "fsmonitor-watchman",
    "pre-auto-gc",
];

fn hostile() -> Repo {
    let repo = Repo::new();
    repo.commit("app.py", "print('hello')\n");
    repo.commit("backend/.env", format!("PASSWORD={SECRET}\n"));
    repo.commit("leak.md", format!("see {SECRET}\n"));
    repo.commit("large.bin", "x".repeat(5000));
    repo.write("backend/.env", format!("PASSWORD={SECRET}\nMORE=1\n"));
    repo.write("untracked.md", "nothing\n");
    let spy = repo.home().join("spy.sh");
    let ran = repo.home().join("ran");
    let script = format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\ncat\n", ran.display());
    let put = |path: &std::path::Path| {
        fs::write(path, &script).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    put(&spy);
    fs::create_dir_all(repo.root.join("hooks")).unwrap();
    fs::create_dir_all(repo.root.join(".git/hooks")).unwrap();
    for name in HOOKS {
        put(&repo.root.join("hooks").join(name));
        put(&repo.root.join(".git/hooks").join(name));
    }
    repo.write(
        ".gitattributes",
        "* filter=evil diff=evil merge=evil\n*.py filter=an=other.evil\n",
    );
    let spy = spy.display();
    let hooks = repo.root.join("hooks");
    // the half of it comes from another file
    let included = format!(
        "[core]\n\tfsmonitor = {spy}\n\tsshCommand = {spy}\n\tpager = {spy}\n\thooksPath = {}\n[diff]\n\texternal = {spy}\n",
        hooks.display()
    );
    fs::write(repo.root.join(".git/more"), included).unwrap();
    let config = format!(
        r#"
[include]
	path = more
[filter "an=other.evil"]
	clean = {spy} clean
[filter "evil"]
	clean = {spy} clean
	smudge = {spy} smudge
	process = {spy} process
	required = true
[diff "evil"]
	textconv = {spy} textconv
	command = {spy} diff
[merge "evil"]
	driver = {spy} merge
[core]
	editor = {spy}
	askPass = {spy}
	alternateRefsCommand = {spy}
	gitProxy = {spy}
[credential]
	helper = !{spy}
[gpg]
	program = {spy}
[log]
	showSignature = true
[pager]
	log = {spy}
	diff = {spy}
[alias]
	ls-files = !{spy}
	check-ignore = !{spy}
[remote "origin"]
	url = ext::{spy} %S
	fetch = +refs/heads/*:refs/remotes/origin/*
	uploadpack = {spy}
	promisor = true
	partialclonefilter = blob:none
[extensions]
	partialClone = origin
[core]
	repositoryformatversion = 1
"#
    );
    let path = repo.root.join(".git/config");
    let before = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{before}{config}")).unwrap();
    repo
}

#[tokio::test]
async fn no_program_of_a_hostile_configuration_is_run() {
    let repo = hostile();
    let ran = repo.home().join("ran");
    let quiet = |what: &str| {
        let text = fs::read_to_string(&ran).unwrap_or_default();
        assert!(text.is_empty(), "{what} ran {text}");
    };
    // the spy works: git itself would start it
    repo.try_git(&repo.root, &["status"]);
    assert!(ran.exists(), "the scene is no trap");
    fs::remove_file(&ran).unwrap();

    // an object that is not here would be fetched
    let lost = repo.root.join(".git/objects");
    let id = repo.git(&["-c", "core.fsmonitor=false", "rev-parse", "HEAD:large.bin"]);
    let (folder, name) = id.split_at(2);
    fs::remove_file(lost.join(folder).join(name)).unwrap();
    fs::remove_file(&ran).ok();

    let secrets = [live("the password", SECRET)];
    let opened = repo.open();
    opened.protection("backend/.env").await.unwrap();
    quiet("a look at an env file");
    opened.ignored_files(&[".env*"]).await.unwrap();
    quiet("the list of ignored files");
    opened.scan_tree(&secrets, &|_, _| {}).await.ok();
    quiet("the search of the tree");
    opened.scan_staged(&secrets).await.ok();
    quiet("the search of the index");
    let message = repo.root.join("app.py");
    opened.scan_message(&secrets, &message, &[]).await.ok();
    let head = repo.git(&["-c", "core.hooksPath=/dev/null", "rev-parse", "HEAD"]);
    let lines = format!("HEAD {head} refs/heads/main {}\n", "0".repeat(40));
    let push = Push::parse("origin", lines.as_bytes()).unwrap();
    opened.scan_push(&secrets, &push).await.ok();
    quiet("the search of a push");
    let watched = ["backend/.env".to_owned()];
    opened
        .scan_history(&secrets, &watched, &|_, _| {})
        .await
        .ok();
    quiet("the search of the history");
    let hooks = opened.hooks().await.unwrap();
    assert!(
        hooks.folder.starts_with(repo.root.join("hooks")),
        "{hooks:?}"
    );
    opened.user_name();
    quiet("the question for hooks");

    opened.untrack("backend/.env").await.unwrap();
    quiet("taking a file out of the index");
    opened.add_ignore("backend/.env").await.ok();
    quiet("an ignore line");
    opened.install_hooks(true).await.ok();
    opened.remove_hooks().await.ok();
    quiet("our hooks");
}

/// What the user's own configuration says of ignoring files still counts.
#[tokio::test]
async fn the_users_own_ignore_rules_stay() {
    let mut repo = Repo::new();
    let global = repo.home().join("config");
    let rules = repo.home().join("ignore");
    fs::write(&rules, ".env\n").unwrap();
    fs::write(
        &global,
        format!("[core]\n\texcludesFile = {}\n", rules.display()),
    )
    .unwrap();
    repo.set("GIT_CONFIG_GLOBAL", global.to_str().unwrap());
    repo.commit("app.py", "");
    let protection = repo.open().protection("backend/.env").await.unwrap();
    assert_eq!(protection.ignored, crate::ports::repository::GitAnswer::Yes);
}
