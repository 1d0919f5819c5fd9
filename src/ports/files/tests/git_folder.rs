//! Paths that lead among git's own files, where a write would have git run something.

use std::{fs, path::Path};

use crate::ports::files::{
    FileError, Files as _,
    disk::{DiskFiles, GitFolders},
};
use crate::testing::{
    folders::{symlink, temp_dir},
    repository::Repo,
};

fn files(root: &Path, git: &Path) -> DiskFiles {
    let undo = root.with_file_name("undo");
    DiskFiles::with_state(root, &undo).with_git(GitFolders {
        own: Some(git.to_owned()),
        common: Some(git.to_owned()),
    })
}

/// Expects that nothing is written to a path in any way.
fn refused(files: &DiskFiles, path: &Path) {
    let before = fs::read(path).ok();
    let old = before.as_deref();
    let results = [
        files.resolve(path).map(drop),
        files.replace_secret(path, old, b"x").map(drop),
        files.replace(path, old, b"x").map(drop),
        files.replace_secret_in_place(path, old.unwrap_or_default(), b"x"),
        files.replace_in_place(path, old.unwrap_or_default(), b"x"),
        files.remove(path, old.unwrap_or_default()),
    ];
    for result in results {
        assert!(
            matches!(
                result,
                Err(FileError::GitFolder(_) | FileError::Outside(_) | FileError::NotAFile(_))
            ),
            "{}: {result:?}",
            path.display()
        );
    }
    assert_eq!(fs::read(path).ok(), before, "{}", path.display());
}

#[test]
fn names_and_symlinks_into_gits_folder_are_refused() {
    let repo = Repo::new();
    let root = &repo.root;
    let files = files(root, &root.join(".git"));
    for name in [
        ".git",
        ".git/config",
        ".git/hooks/post-checkout",
        ".git/info/exclude",
        ".git/new/er",
        ".GIT/config",
        "git~1/config",
        ".git./config",
        "sub/.git/config",
        "sub/.git",
        "sub/.Git/hooks/pre-commit",
    ] {
        refused(&files, &root.join(name));
    }
    for to in [
        ".git/config",
        ".git/new-file",
        ".git/hooks/post-checkout",
        "./.git/../.git/config",
        ".git",
    ] {
        if !symlink(to, root.join(".env")) {
            return;
        }
        refused(&files, &root.join(".env"));
        // a symlink to the symlink
        assert!(symlink(".env", root.join("again")));
        refused(&files, &root.join("again"));
        fs::remove_file(root.join(".env")).unwrap();
        fs::remove_file(root.join("again")).unwrap();
    }
    assert!(symlink(".git", root.join("folder")));
    refused(&files, &root.join("folder/config"));
    refused(&files, &root.join("folder/new-file"));
}

#[test]
fn hard_links_to_gits_files_are_refused() {
    let repo = Repo::new();
    let root = &repo.root;
    let files = files(root, &root.join(".git"));
    repo.write(".git/hooks/post-checkout", "#!/bin/sh\n");
    for name in ["config", "hooks/post-checkout", "HEAD"] {
        let path = root.join(".env");
        fs::hard_link(root.join(".git").join(name), &path).unwrap();
        refused(&files, &path);
        fs::remove_file(&path).unwrap();
    }
    // one to a file of the work tree does no harm
    repo.write("a", "x=1\n");
    fs::hard_link(root.join("a"), root.join(".env")).unwrap();
    let written = files.replace_secret(&root.join(".env"), Some(b"x=1\n"), b"x=2\n");
    assert_eq!(written.unwrap().split, 1);
}

#[test]
fn repositories_under_other_names_are_refused() {
    let repo = Repo::new();
    let root = &repo.root;
    let files = files(root, &root.join(".git"));
    repo.git(&["init", "-q", "--bare", "inner"]);
    refused(&files, &root.join("inner/config"));
    if symlink("inner/config", root.join(".env")) {
        refused(&files, &root.join(".env"));
    }
    repo.write("plain/HEAD", "");
    files
        .replace(&root.join("plain/config"), None, b"x")
        .map(drop)
        .unwrap();
}

#[test]
fn the_folder_of_a_linked_work_tree_is_refused_and_the_tree_is_not() {
    let repo = Repo::new();
    repo.commit("a", "1");
    // both within one folder, as with `git clone --bare` and work trees in it
    let inner = repo.root.join(".git/inner-tree");
    repo.git(&["worktree", "add", "-q", inner.to_str().unwrap()]);
    let own = repo.root.join(".git/worktrees/inner-tree");
    let files = DiskFiles::with_state(&inner, &repo.home().join("undo")).with_git(GitFolders {
        own: Some(own),
        common: Some(repo.root.join(".git")),
    });
    files
        .replace_secret(&inner.join(".env"), None, b"A=1\n")
        .map(drop)
        .unwrap();
    refused(&files, &inner.join(".git"));
    if symlink("../config", inner.join("link")) {
        refused(&files, &inner.join("link"));
    }
    let other = temp_dir();
    refused(&files, &other.path().join(".env"));
}

#[test]
fn paths_that_lead_out_by_way_of_nothing_are_refused() {
    let repo = Repo::new();
    let root = &repo.root;
    let files = files(root, &root.join(".git"));
    for path in ["no/../../out", "no/../..", "../out", "a/../../out/.env"] {
        refused(&files, &root.join(path));
    }
    assert!(!root.join("no").exists());
    fs::create_dir(root.join("dir")).unwrap();
    refused_kind(&files, &root.join("dir"));
    if cfg!(unix) {
        refused_kind(&files, Path::new("/dev/null"));
    }
}

fn refused_kind(files: &DiskFiles, path: &Path) {
    let result = files.replace_secret(path, None, b"x");
    assert!(
        matches!(result, Err(FileError::NotAFile(_) | FileError::Outside(_))),
        "{result:?}"
    );
}
