use std::{fmt::Write as _, fs};

use crate::{
    ports::repository::{
        GitAnswer, GitError, IgnoreError, Location, Repository as _, RepositoryError, UntrackError,
    },
    testing::{
        folders::symlink,
        repository::{Repo, live, of, unread},
    },
};

#[tokio::test]
async fn every_mechanism_of_ignoring_counts() {
    let mut repo = Repo::new();
    let path = "backend/.env";
    repo.write(path, "A=1\n");
    let ignored = async |repo: &Repo| repo.open().protection(path).await.unwrap().ignored;
    assert_eq!(ignored(&repo).await, GitAnswer::No);

    repo.write(".gitignore", ".env\n");
    assert_eq!(ignored(&repo).await, GitAnswer::Yes);
    repo.write("backend/.gitignore", "!.env\n");
    assert_eq!(
        ignored(&repo).await,
        GitAnswer::No,
        "a nested negation wins"
    );
    fs::remove_file(repo.root.join("backend/.gitignore")).unwrap();
    fs::remove_file(repo.root.join(".gitignore")).unwrap();

    repo.write(".git/info/exclude", "backend/.env\n");
    assert_eq!(ignored(&repo).await, GitAnswer::Yes);
    repo.write(".gitignore", "!.env\n");
    assert_eq!(
        ignored(&repo).await,
        GitAnswer::No,
        "a .gitignore wins over info/exclude"
    );
    fs::remove_file(repo.root.join(".gitignore")).unwrap();
    repo.write(".git/info/exclude", "");

    fs::write(repo.home().join("ignore"), ".env\n").unwrap();
    let excludes = repo.home().join("ignore");
    repo.set("GIT_CONFIG_COUNT", "1");
    repo.set("GIT_CONFIG_KEY_0", "core.excludesFile");
    repo.set("GIT_CONFIG_VALUE_0", excludes.to_str().unwrap());
    assert_eq!(
        ignored(&repo).await,
        GitAnswer::Yes,
        "configuration that libgit2 does not see"
    );
    repo.set("GIT_CONFIG_COUNT", "0");

    repo.write("hidden", "*.env\n");
    if symlink("hidden", repo.root.join(".gitignore")) {
        assert_eq!(
            ignored(&repo).await,
            GitAnswer::No,
            "git does not follow a linked .gitignore"
        );
    }
}

#[tokio::test]
async fn tracked_and_staged_files_are_distinguished() {
    let repo = Repo::new();
    repo.commit("README.md", "hello\n");
    repo.write(".gitignore", ".env\n");
    repo.write(".env", "A=1\n");
    let protection = async || repo.open().protection(".env").await.unwrap();
    let clean = protection().await;
    assert_eq!(
        (clean.ignored, clean.tracked, clean.staged),
        (GitAnswer::Yes, GitAnswer::No, GitAnswer::No)
    );

    repo.git(&["add", "-f", ".env"]);
    let staged = protection().await;
    assert_eq!(
        (staged.ignored, staged.tracked, staged.staged),
        (GitAnswer::No, GitAnswer::Yes, GitAnswer::Yes)
    );

    repo.git(&["commit", "-qm", "oops"]);
    let committed = protection().await;
    assert_eq!(
        (committed.tracked, committed.staged),
        (GitAnswer::Yes, GitAnswer::No)
    );

    repo.git(&["rm", "-q", "--cached", ".env"]);
    let removed = protection().await;
    assert_eq!(
        (removed.ignored, removed.tracked, removed.staged),
        (GitAnswer::Yes, GitAnswer::No, GitAnswer::No)
    );
}

#[tokio::test]
async fn untrack_keeps_the_file_and_works_for_hidden_and_changed_ones() {
    let repo = Repo::new();
    repo.write(".gitignore", ".env\n");
    for flag in ["", "--skip-worktree", "--assume-unchanged"] {
        repo.commit(".env", "A=1\n");
        if !flag.is_empty() {
            repo.git(&["update-index", flag, ".env"]);
        }
        repo.write(".env", "A=2\n");
        let git = repo.open();
        assert_eq!(
            git.protection(".env").await.unwrap().tracked,
            GitAnswer::Yes
        );
        git.untrack(".env").await.unwrap();
        let after = git.protection(".env").await.unwrap();
        assert_eq!(
            (after.ignored, after.tracked),
            (GitAnswer::Yes, GitAnswer::No),
            "{flag}"
        );
        assert_eq!(repo.read(".env"), "A=2\n");
        repo.git(&["commit", "-qm", "out"]);
    }
    repo.commit("b.env", "A=1\n");
    repo.write(".git/index.lock", "");
    match repo.open().untrack("b.env").await {
        Err(RepositoryError::NotUntracked {
            path,
            reason: UntrackError::Git(GitError::Refused(reason)),
        }) => {
            assert_eq!(path, "b.env");
            assert!(reason.contains("index.lock"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn add_ignore_writes_the_right_line_in_the_right_file() {
    let repo = Repo::new();
    let git = repo.open();
    repo.write("backend/.env", "A=1\n");
    repo.write("backend/.env.example", "A=\n");
    repo.write("backend/.env.sample", "A=\n");
    assert_eq!(git.add_ignore("backend/.env").await.unwrap(), ".gitignore");
    assert_eq!(
        repo.read(".gitignore"),
        "# keep secrets out of git\nbackend/.env\nbackend/.env.*\nbackend/.env~\n!backend/.env.example\n!backend/.env.sample\n"
    );
    let ignored = async |path: &str| git.protection(path).await.unwrap().ignored;
    for path in [
        "backend/.env",
        "backend/.env.x1.tmp",
        "backend/.env.swp",
        "backend/.env~",
        "backend/.env.bak",
    ] {
        assert_eq!(ignored(path).await, GitAnswer::Yes, "{path}");
    }
    for path in ["backend/.env.example", "backend/.env.sample", ".env"] {
        assert_eq!(ignored(path).await, GitAnswer::No, "{path}");
    }

    // the nearest file there is, with its line ends, and over a negation in it
    repo.write("frontend/.gitignore", "node_modules\r\n!.env.local");
    repo.write("frontend/.env.local", "A=1\n");
    assert_eq!(
        git.add_ignore("frontend/.env.local").await.unwrap(),
        "frontend/.gitignore"
    );
    assert_eq!(ignored("frontend/.env.local").await, GitAnswer::Yes);
    assert_eq!(
        ignored("frontend/.env.neonup-x1Y2z3.tmp").await,
        GitAnswer::Yes
    );
    let text = repo.read("frontend/.gitignore");
    assert!(
        text.starts_with("node_modules\r\n!.env.local\r\n"),
        "{text:?}"
    );
    assert_eq!(
        text.matches('\n').count(),
        text.matches("\r\n").count(),
        "{text:?}"
    );

    // odd names
    for path in ["odd/a b[1].env ", "odd/#x", "odd/!y*"] {
        git.add_ignore(path).await.unwrap();
        assert_eq!(ignored(path).await, GitAnswer::Yes, "{path}");
    }
    assert_eq!(ignored("odd/!yz").await, GitAnswer::No);
}

#[tokio::test]
async fn companions_of_an_ignored_file_are_named_and_then_ignored() {
    let repo = Repo::new();
    repo.write(".gitignore", ".env\nsecret.vars\n");
    repo.write("backend/.env", "A=1\n");
    repo.write("backend/.env.example", "A=\n");
    for git in [repo.open(), repo.open_without_git()] {
        let exposed = git.protection("backend/.env").await.unwrap().exposed;
        let names = [".env.neonup-0.tmp", ".env~", ".env.bak", ".env.swp"];
        assert_eq!(exposed, names.map(|name| format!("backend/{name}")));
        let exposed = git.protection("secret.vars").await.unwrap().exposed;
        let names = [
            ".env.neonup-0.tmp",
            "secret.vars~",
            "secret.vars.bak",
            ".secret.vars.swp",
        ];
        assert_eq!(exposed, names);
    }
    let git = repo.open();
    for path in ["backend/.env", "secret.vars"] {
        git.add_ignore(path).await.unwrap();
        for git in [repo.open(), repo.open_without_git()] {
            assert_eq!(
                git.protection(path).await.unwrap().exposed,
                [""; 0],
                "{path}"
            );
        }
    }
    assert_eq!(
        git.protection("backend/.env.example")
            .await
            .unwrap()
            .ignored,
        GitAnswer::No
    );
    let text = repo.read(".gitignore");
    git.add_ignore("backend/.env").await.unwrap();
    assert_eq!(repo.read(".gitignore"), text, "nothing is added twice");
    // in a repository of its own, the name is told from the outer root
    repo.git(&["init", "-q", "inner"]);
    repo.write("inner/.gitignore", ".env\n");
    let exposed = git.protection("inner/.env").await.unwrap().exposed;
    assert!(exposed.contains(&"inner/.env~".to_owned()), "{exposed:?}");
}

#[tokio::test]
async fn a_partial_clone_is_searched_and_incomplete() {
    let repo = Repo::new();
    let secret = "npg_aB3dE5fG7hJ9";
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    repo.commit("old.md", format!("{secret}\n"));
    repo.git(&["rm", "-q", "old.md"]);
    repo.commit("here.md", format!("see {secret}\n"));
    repo.write(".gitignore", ".env\n");
    repo.git(&["add", ".gitignore"]);
    repo.git(&["commit", "-qm", "rules"]);
    let clone = repo.root.parent().unwrap().join("partial");
    let url = format!("file://{}", repo.root.display());
    repo.git(&[
        "clone",
        "-q",
        "--filter=blob:none",
        &url,
        clone.to_str().unwrap(),
    ]);
    let git = repo.open_in(&clone);
    let answer = git.protection(".env").await.unwrap();
    assert_eq!(
        (answer.ignored, answer.tracked),
        (GitAnswer::Yes, GitAnswer::No)
    );
    let live = [live("pw", secret)];
    let scan = git.scan_history(&live, &[], &|_, _| {}).await.unwrap();
    assert_eq!(
        unread(&scan.coverage),
        ["the history: the clone is partial: 1 object is only on the server"]
    );
    // what was fetched is found
    let leaks = of(&scan.leaks, "pw");
    assert!(
        leaks
            .iter()
            .any(|leak| leak.path.as_deref() == Some("here.md")),
        "{leaks:?}"
    );
    let tree = git.scan_tree(&live, &|_, _| {}).await.unwrap();
    assert_eq!(of(&tree.leaks, "pw").len(), 1);
}

#[tokio::test]
async fn a_sparse_index_answers_for_what_it_leaves_out() {
    let repo = Repo::new();
    repo.commit("kept/a", "1");
    repo.commit("left/.env", "A=1\n");
    repo.commit("left/b", "2");
    repo.git(&["sparse-checkout", "init", "--cone", "--sparse-index"]);
    repo.git(&["sparse-checkout", "set", "kept"]);
    let answer = repo.open().protection("left/.env").await.unwrap();
    assert_eq!(answer.tracked, GitAnswer::Yes);
    let answer = repo.open().protection("kept/.env").await.unwrap();
    assert_eq!(answer.tracked, GitAnswer::No);
    let answer = repo
        .open_without_git()
        .protection("left/.env")
        .await
        .unwrap();
    assert_ne!(answer.tracked, GitAnswer::No, "{answer:?}");
}

#[tokio::test]
async fn a_rule_that_is_there_is_not_added_again_for_a_tracked_file() {
    let repo = Repo::new();
    repo.commit(".env", "A=1\n");
    let git = repo.open();
    for _ in 0..3 {
        assert_eq!(git.add_ignore(".env").await.unwrap(), ".gitignore");
    }
    let text = repo.read(".gitignore");
    assert_eq!(
        text.matches("# keep secrets out of git").count(),
        1,
        "{text}"
    );
    assert_eq!(text.lines().filter(|line| *line == ".env").count(), 1);
}

#[tokio::test]
async fn add_ignore_fails_clearly_and_leaves_nothing_behind() {
    let repo = Repo::new();
    let refused = async |path: &str| match repo.open().add_ignore(path).await {
        Err(RepositoryError::NotIgnored { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    repo.write("hidden", "x\n");
    let linked = symlink("hidden", repo.root.join(".gitignore"));
    if linked {
        let error = refused(".env").await;
        assert!(
            matches!(&error, IgnoreError::Symlink(file) if file == ".gitignore"),
            "{error}"
        );
        assert_eq!(repo.read("hidden"), "x\n");
        fs::remove_file(repo.root.join(".gitignore")).unwrap();
    }

    repo.write(".gitignore", [0xff, 0xfe, b'x', 0]);
    let error = refused(".env").await;
    assert!(matches!(error, IgnoreError::Utf16(_)), "{error}");

    repo.write(".gitignore", "x\n");
    if linked {
        assert!(symlink("elsewhere", repo.root.join("linked")));
        let error = refused("linked/.env").await;
        assert!(
            matches!(&error, IgnoreError::Ineffective(reason) if reason.contains("symbolic link")),
            "{error}"
        );
    }
    assert_eq!(repo.read(".gitignore"), "x\n");
    let error = refused("../x").await;
    assert!(matches!(error, IgnoreError::Outside), "{error}");
}

#[tokio::test]
async fn the_innermost_repository_answers() {
    let repo = Repo::new();
    repo.commit("a", "1");
    repo.write(".gitignore", ".env\n");
    fs::create_dir(repo.root.join("sub")).unwrap();
    let sub = repo.root.join("sub");
    repo.git_in(&sub, &["init", "-q"]);
    repo.write("sub/.env", "A=1\n");
    let git = repo.open();
    assert_eq!(
        git.protection("sub/.env").await.unwrap().ignored,
        GitAnswer::No,
        "the outer rules do not count"
    );
    assert_eq!(git.add_ignore("sub/.env").await.unwrap(), "sub/.gitignore");
    assert_eq!(
        git.protection("sub/.env").await.unwrap().ignored,
        GitAnswer::Yes
    );
    repo.git_in(&sub, &["add", "-f", ".env"]);
    assert_eq!(
        git.protection("sub/.env").await.unwrap().tracked,
        GitAnswer::Yes
    );
    git.untrack("sub/.env").await.unwrap();
    assert_eq!(
        git.protection("sub/.env").await.unwrap().tracked,
        GitAnswer::No
    );
    assert_eq!(repo.open_in(&sub).root().unwrap(), sub);
}

#[tokio::test]
async fn a_linked_work_tree_is_a_repository_too() {
    let repo = Repo::new();
    repo.commit(".gitignore", ".env\n");
    let other = repo.root.parent().unwrap().join("other");
    repo.git(&["worktree", "add", "-q", other.to_str().unwrap()]);
    fs::write(other.join(".env"), "A=1\n").unwrap();
    let git = repo.open_in(&other);
    assert_eq!(git.root().unwrap(), other);
    let protection = git.protection(".env").await.unwrap();
    assert_eq!(
        (protection.ignored, protection.tracked),
        (GitAnswer::Yes, GitAnswer::No)
    );
}

#[tokio::test]
async fn what_libgit2_cannot_open_is_read_through_git() {
    let secret = "npg_aB3dE5fG7hJ9";
    let mut kinds: Vec<(&str, Repo)> = Vec::new();
    for (kind, option) in [
        ("sha256", "--object-format=sha256"),
        ("reftable", "--ref-format=reftable"),
    ] {
        let repo = Repo::empty();
        if repo
            .try_git(&repo.root, &["init", "-q", "-b", "main", option])
            .0
        {
            kinds.push((kind, repo));
        }
    }
    let split = Repo::new();
    split.git(&["config", "core.splitIndex", "true"]);
    kinds.push(("split index", split));
    let partial = Repo::new();
    partial.git(&["config", "core.repositoryformatversion", "1"]);
    partial.git(&["config", "extensions.partialClone", "origin"]);
    kinds.push(("partial", partial));
    assert!(kinds.len() >= 3);
    for (kind, repo) in &kinds {
        repo.commit("notes.md", format!("pw {secret}\n"));
        repo.git(&["rm", "-q", "notes.md"]);
        repo.commit("kept.txt", "x");
        repo.write(".gitignore", ".env\n");
        repo.write(".env", secret);
        let git = repo.open();
        assert_eq!(git.root(), Some(repo.root.as_path()), "{kind}");
        let protection = git.protection(".env").await.unwrap();
        assert_eq!(
            (protection.ignored, protection.tracked),
            (GitAnswer::Yes, GitAnswer::No),
            "{kind}"
        );
        let live = [live("pw", secret)];
        assert_eq!(repo.tree(&live).await.leaks, [], "{kind}");
        let history = repo.history(&live, &[".env"]).await;
        let leaks = of(&history.leaks, "pw");
        assert_eq!(leaks.len(), 1, "{kind}: {history:?}");
        assert_eq!(leaks[0].path.as_deref(), Some("notes.md"), "{kind}");
        repo.git(&["gc", "-q"]);
        let packed = repo.history(&live, &[".env"]).await;
        assert_eq!(packed.leaks, history.leaks, "{kind}, packed");
    }
}

#[tokio::test]
async fn without_git_nothing_is_called_safe() {
    let repo = Repo::new();
    repo.commit("a", "1");
    repo.write(".gitignore", ".env\n");
    repo.write(".env", "A=1\n");
    let git = repo.open_without_git();
    let protection = git.protection(".env").await.unwrap();
    assert_eq!(
        (protection.ignored, protection.tracked),
        (GitAnswer::Yes, GitAnswer::No)
    );
    assert_eq!(git.protection("a").await.unwrap().ignored, GitAnswer::No);
    repo.git(&["add", "-f", ".env"]);
    let protection = git.protection(".env").await.unwrap();
    assert_eq!(
        (protection.ignored, protection.tracked, protection.staged),
        (GitAnswer::No, GitAnswer::Yes, GitAnswer::Yes)
    );
    git.untrack(".env").await.unwrap();
    assert_eq!(git.protection(".env").await.unwrap().tracked, GitAnswer::No);
    let tree = git.scan_tree(&[], &|_, _| {}).await.unwrap();
    assert_eq!(unread(&tree.coverage), Vec::<String>::new());

    let secret = "npg_aB3dE5fG7hJ9";
    repo.commit("leak", secret);
    let history = git
        .scan_history(&[live("pw", secret)], &[], &|_, _| {})
        .await
        .unwrap();
    assert_eq!(history.leaks[0].location, Location::Object);
}

#[tokio::test]
async fn without_git_the_rules_are_read_and_what_is_not_sure_is_unknown() {
    let repo = Repo::new();
    repo.commit("a", "1");
    let git = repo.open_without_git();
    // the line is added, and asked for again
    repo.write("backend/.env", "A=1\n");
    assert_eq!(
        git.protection("backend/.env").await.unwrap().ignored,
        GitAnswer::No
    );
    assert_eq!(git.add_ignore("backend/.env").await.unwrap(), ".gitignore");
    assert_eq!(
        git.protection("backend/.env").await.unwrap().ignored,
        GitAnswer::Yes
    );
    assert_eq!(git.add_ignore("backend/.env").await.unwrap(), ".gitignore");
    assert_eq!(repo.read(".gitignore").matches("backend/.env\n").count(), 1);
    // behind a link git alone knows
    if symlink("backend", repo.root.join("link")) {
        assert!(matches!(
            git.protection("link/.env").await.unwrap().ignored,
            GitAnswer::Unknown(_)
        ));
        // of a symbolic link git reads no rules
        repo.write("rules", ".env\n");
        repo.write("linked/.env", "A=1\n");
        assert!(symlink("../rules", repo.root.join("linked/.gitignore")));
        assert_eq!(
            git.protection("linked/.env").await.unwrap().ignored,
            GitAnswer::No
        );
    }
    // what libgit2 cannot open has nobody to ask
    for option in ["--object-format=sha256", "--ref-format=reftable"] {
        let repo = Repo::empty();
        if !repo
            .try_git(&repo.root, &["init", "-q", "-b", "main", option])
            .0
        {
            continue;
        }
        repo.write(".gitignore", ".env\n");
        let protection = repo.open_without_git().protection(".env").await.unwrap();
        for answer in [protection.ignored, protection.tracked, protection.staged] {
            assert!(
                matches!(answer, GitAnswer::Unknown(_)),
                "{option}: {answer:?}"
            );
        }
        let scan = repo
            .open_without_git()
            .scan_history(&[], &[], &|_, _| {})
            .await;
        assert!(
            matches!(scan, Err(RepositoryError::Unopened(_))),
            "{option}"
        );
    }
    let split = Repo::new();
    split.commit("a", "1");
    split.git(&["update-index", "--split-index"]);
    let answer = split.open_without_git().protection("a").await.unwrap();
    assert!(
        matches!(answer.tracked, GitAnswer::Unknown(_)),
        "{answer:?}"
    );
    assert_ne!(answer.ignored, GitAnswer::Yes);
    let partial = Repo::new();
    partial.commit("a", "1");
    partial.git(&["config", "core.repositoryformatversion", "1"]);
    partial.git(&["config", "extensions.partialClone", "origin"]);
    let answer = partial.open_without_git().protection("a").await.unwrap();
    assert!(
        matches!(answer.tracked, GitAnswer::Unknown(_)),
        "{answer:?}"
    );
}

#[tokio::test]
async fn no_repository_and_an_unopened_one_are_errors_of_their_own() {
    let empty = Repo::empty();
    let git = empty.open();
    assert_eq!(git.root(), None);
    assert!(matches!(
        git.protection(".env").await,
        Err(RepositoryError::NotARepository)
    ));

    let repo = Repo::new();
    repo.write(
        ".git/config",
        "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tfromTheFuture = true\n",
    );
    let git = repo.open();
    assert_eq!(git.root(), Some(repo.root.as_path()));
    assert!(matches!(
        git.protection(".env").await.unwrap().ignored,
        GitAnswer::Unknown(_)
    ));
    assert!(matches!(
        git.scan_tree(&[], &|_, _| {}).await,
        Err(RepositoryError::Unopened(_))
    ));
}

#[tokio::test]
async fn a_shallow_clone_is_incomplete() {
    let repo = Repo::new();
    repo.commit("a", "1");
    repo.commit("a", "2");
    let clone = repo.root.parent().unwrap().join("clone");
    let url = format!("file://{}", repo.root.display());
    repo.git(&["clone", "-q", "--depth", "1", &url, clone.to_str().unwrap()]);
    let scan = repo
        .open_in(&clone)
        .scan_history(&[], &[], &|_, _| {})
        .await
        .unwrap();
    assert_eq!(
        unread(&scan.coverage),
        ["the history: the clone is shallow: only part of the history is here"]
    );
}

/// Lines that ignore files are made of.
pub(super) const PATTERNS: &[&str] = &[
    ".env",
    "/.env",
    "*.env",
    ".env*",
    ".env.*",
    "!.env",
    "!.env.example",
    "!.env*",
    "backend/",
    "/backend/",
    "backend/*",
    "!backend/",
    "!backend/.env",
    "**/.env",
    "!**/.env",
    "**/backend/",
    "*",
    "!*",
    "/*",
    "!*/",
    "*/.env",
    "backend/.env",
    "a/",
    "!a/",
    "a/**",
    "!a/**/.env",
    ".env ",
    ".env\\ ",
    "\\.env",
    "#.env",
    "[.]env",
    ".en?",
    "!.en[v]",
    "backend",
];

/// Random rules against `git add` itself: what is called ignored must be refused by it. `NEONUP_IGNORE_TREES=10000` asks more.
#[tokio::test]
async fn random_rules_are_never_called_safe_when_git_add_would_take_the_file() {
    let trees = std::env::var("NEONUP_IGNORE_TREES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(60_u32);
    let paths = [
        "backend/.env",
        "a/backend/.env",
        ".env",
        "backend/.env.example",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % 1_000_003).unwrap() % below
    };
    let repo = Repo::new();
    for path in paths {
        repo.write(path, "A=1\n");
    }
    let git = repo.open();
    let without = repo.open_without_git();
    let (mut ignored, mut taken) = (0, 0);
    for tree in 0..trees {
        let places = [
            ".gitignore",
            "backend/.gitignore",
            "a/.gitignore",
            "a/backend/.gitignore",
            ".git/info/exclude",
        ];
        let mut rules = String::new();
        for place in places {
            let count = if random(3) == 0 { 0 } else { random(4) };
            let lines: Vec<_> = (0..count)
                .map(|_| PATTERNS[random(PATTERNS.len())])
                .collect();
            let text = lines.join("\n");
            writeln!(rules, "{place}: {lines:?}").unwrap();
            if count == 0 {
                fs::remove_file(repo.root.join(place)).ok();
            } else {
                repo.write(place, text);
            }
        }
        for path in paths {
            let answer = git.protection(path).await.unwrap();
            assert_eq!(answer.tracked, GitAnswer::No);
            let (accepted, said) = repo.try_git(&repo.root, &["add", "--dry-run", "--", path]);
            let refused = !accepted && said.contains("ignored");
            assert_eq!(
                answer.ignored == GitAnswer::Yes,
                refused,
                "tree {tree}, {path}: {said}\n{rules}"
            );
            let second = without.protection(path).await.unwrap();
            assert_eq!(
                second.ignored == GitAnswer::Yes,
                refused,
                "without git, tree {tree}, {path}: {said}\n{rules}"
            );
            *(if refused { &mut ignored } else { &mut taken }) += 1;
        }
    }
    assert!(
        ignored > trees / 2 && taken > trees / 2,
        "{ignored} ignored, {taken} taken"
    );
}
