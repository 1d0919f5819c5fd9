//! Untracked files where there is no git program, compared with what git names.

use std::{collections::BTreeSet, fs};

use crate::{
    ports::repository::{
        GitAnswer, GitRepository, Location, Repository as _, tests::protection::PATTERNS,
    },
    testing::repository::{Repo, live, unread},
};

const SECRET: &str = "npg_aB3dE5fG7hJ9";

/// The untracked files in which the secret is found, and what was not read.
async fn found(git: &GitRepository) -> (BTreeSet<String>, Vec<String>) {
    let scan = git
        .scan_tree(&[live("pw", SECRET)], &|_, _| {})
        .await
        .unwrap();
    let untracked = scan
        .leaks
        .into_iter()
        .filter(|leak| leak.location == Location::Untracked);
    let paths = untracked.filter_map(|leak| leak.path).collect();
    (paths, unread(&scan.coverage))
}

#[tokio::test]
async fn without_git_the_same_untracked_files_are_searched() {
    let repo = Repo::new();
    repo.write(
        ".gitignore",
        "*.log\n/build/\nnode_modules/\n!keep.log\nonly-folder/\n",
    );
    repo.write("web/.gitignore", "/dist\n!again.log\n");
    repo.write(".git/info/exclude", "local-notes\n");
    for path in [
        "a.txt",
        "a.log",
        "keep.log",
        "build/out.txt",
        "web/build/out.txt",
        "web/again.log",
        "web/dist/index.js",
        "web/deep/dist/index.js",
        "web/node_modules/x/index.js",
        "local-notes",
        "only-folder",
        "web/only-folder/a.txt",
        "with space/and;semi/ä.txt",
        "x/.Git/config.txt",
        "tracked.txt",
        "mixed/tracked.txt",
        "mixed/untracked.txt",
        "nested/inside.txt",
        "nested/.gitignore",
        "no-repository/.git/HEAD",
        "no-repository/inside.txt",
    ] {
        repo.write(path, format!("{SECRET}\n"));
    }
    repo.git(&["add", "tracked.txt", "mixed/tracked.txt"]);
    repo.git(&["init", "-q", "nested"]);
    repo.write("nested/.gitignore", "ignored.txt\n");
    repo.write("nested/ignored.txt", SECRET);
    #[cfg(unix)]
    {
        use std::os::unix::{ffi::OsStrExt as _, fs::symlink};
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.txt");
        fs::write(repo.root.join(name), SECRET).unwrap();
        symlink("/etc", repo.root.join("link-to-folder")).unwrap();
        symlink(SECRET, repo.root.join("link-to-nothing")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, repo.root.join("pipe"), 0o600.into()).unwrap();
    }
    let (with_git, read) = found(&repo.open()).await;
    assert_eq!(read, Vec::<String>::new());
    assert!(with_git.contains("nested/inside.txt"), "{with_git:#?}");
    assert!(with_git.contains("web/again.log"), "{with_git:#?}");
    let (without, read) = found(&repo.open_without_git()).await;
    assert_eq!(read, Vec::<String>::new());
    assert_eq!(without, with_git);
}

/// As after `git clone` was cut off, or where a submodule's folder was copied.
#[tokio::test]
async fn a_folder_whose_git_folder_is_none_belongs_to_the_repository_around_it() {
    let repo = Repo::new();
    repo.write(".gitignore", "/.env\n");
    repo.write("sub/.env", SECRET);
    for git_folder in ["HEAD", "config"] {
        repo.write(&format!("sub/.git/{git_folder}"), "nothing\n");
        for git in [repo.open(), repo.open_without_git()] {
            let protection = git.protection("sub/.env").await.unwrap();
            assert_eq!(
                protection.ignored,
                GitAnswer::No,
                "the rule is for another file"
            );
            let (paths, read) = found(&git).await;
            assert_eq!(paths, BTreeSet::from(["sub/.env".to_owned()]));
            assert_eq!(read, Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn a_nested_repository_whose_files_are_elsewhere_is_not_followed_there() {
    let repo = Repo::new();
    let elsewhere = Repo::empty();
    elsewhere.write("secret.txt", SECRET);
    repo.git(&["init", "-q", "sub"]);
    for worktree in [elsewhere.root.to_str().unwrap(), "../.."] {
        repo.git(&["config", "-f", "sub/.git/config", "core.worktree", worktree]);
        for git in [repo.open(), repo.open_without_git()] {
            let (paths, read) = found(&git).await;
            assert_eq!(paths, BTreeSet::new());
            assert_eq!(read.len(), 1, "{read:?}");
            assert!(read[0].contains("its files are elsewhere"), "{read:?}");
        }
    }
}

#[tokio::test]
async fn a_tracked_file_that_has_become_a_folder_is_searched() {
    let repo = Repo::new();
    repo.commit("conf", "1\n");
    fs::remove_file(repo.root.join("conf")).unwrap();
    repo.write("conf/prod.txt", SECRET);
    for git in [repo.open(), repo.open_without_git()] {
        let (paths, _) = found(&git).await;
        assert_eq!(paths, BTreeSet::from(["conf/prod.txt".to_owned()]));
    }
}

#[tokio::test]
async fn rules_that_cannot_be_read_hide_nothing() {
    let repo = Repo::new();
    repo.write("a/.gitignore", "*.txt\n".repeat(200_000));
    repo.write("a/b.txt", SECRET);
    let (paths, read) = found(&repo.open_without_git()).await;
    assert!(paths.contains("a/b.txt"), "{paths:?}");
    assert_eq!(read.len(), 1, "{read:?}");
    assert!(read[0].contains("isn't a file of ignore rules"), "{read:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_cannot_be_read_is_told() {
    use crate::testing::folders::set_mode;
    if rustix::process::geteuid().is_root() {
        return; // who is root reads everything
    }
    let repo = Repo::new();
    repo.write("a/b.txt", SECRET);
    set_mode(&repo.root.join("a"), 0o000);
    let (paths, read) = found(&repo.open_without_git()).await;
    set_mode(&repo.root.join("a"), 0o700);
    assert!(paths.is_empty(), "{paths:?}");
    assert_eq!(read.len(), 1, "{read:?}");
}

/// `NEONUP_IGNORE_TREES=10000` asks more.
#[tokio::test]
async fn random_rules_leave_out_the_same_files() {
    let trees = std::env::var("NEONUP_IGNORE_TREES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(40_u32);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % 1_000_003).unwrap() % below
    };
    let repo = Repo::new();
    for path in [
        ".env",
        ".env.example",
        "backend/.env",
        "backend/deep/.env",
        "a/backend/.env",
        "a/b/c/.env.local",
    ] {
        repo.write(path, SECRET);
    }
    let mut sizes = BTreeSet::new();
    for tree in 0..trees {
        for place in [
            ".gitignore",
            "backend/.gitignore",
            "a/.gitignore",
            "a/backend/.gitignore",
            ".git/info/exclude",
        ] {
            let count = if random(3) == 0 { 0 } else { random(4) };
            let lines: Vec<_> = (0..count)
                .map(|_| PATTERNS[random(PATTERNS.len())])
                .collect();
            repo.write(place, lines.join("\n"));
        }
        let (with_git, _) = found(&repo.open()).await;
        let (without, read) = found(&repo.open_without_git()).await;
        assert_eq!(without, with_git, "tree {tree}");
        assert_eq!(read, Vec::<String>::new());
        sizes.insert(with_git.len());
    }
    assert!(sizes.len() > 3, "{sizes:?}");
}
