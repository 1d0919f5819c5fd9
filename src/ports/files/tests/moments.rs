//! What is on the disk at each moment of a write, and what another program may do then.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::ports::files::{
    FileError, Files as _,
    disk::{DiskFiles, GitFolders, Moment},
};
use crate::testing::{
    folders::{set_mode, temp_dir},
    repository::Repo,
};

const OLD: &[u8] = b"A=old\n";
const NEW: &[u8] = b"A=npg_secret\n";

/// A repository that ignores `.env` and nothing else, with that file.
fn repo() -> Repo {
    let repo = Repo::new();
    repo.commit(".gitignore", ".env\n");
    repo.write(".env", OLD);
    set_mode(&repo.root.join(".env"), 0o600);
    repo
}

/// The files of a repository, staged in its git folder.
fn files(repo: &Repo) -> DiskFiles {
    let git = repo.root.join(".git");
    beside(repo).with_git(GitFolders {
        own: Some(git.clone()),
        common: Some(git),
    })
}

/// The files of a repository, staged beside their place.
fn beside(repo: &Repo) -> DiskFiles {
    DiskFiles::with_state(&repo.root, &repo.home().join("undo"))
}

/// Calls something at a moment, the first time that it comes.
fn at(files: DiskFiles, moment: Moment, act: impl Fn() + Send + Sync + 'static) -> DiskFiles {
    let left = AtomicUsize::new(1);
    files.rehearsing(|rehearsal| {
        rehearsal.at = Some(Arc::new(move |now| {
            if now == moment && left.swap(0, Ordering::SeqCst) > 0 {
                act();
            }
        }));
    })
}

/// Another program: it really is one.
#[cfg(unix)]
fn shell(root: &std::path::Path, script: &str) {
    let status = std::process::Command::new("sh")
        .args(["-ec", script])
        .current_dir(root)
        .status();
    assert!(status.unwrap().success(), "{script}");
}

/// What is left in a repository of a write, in git's folder or beside the file.
fn leftovers(repo: &Repo) -> Vec<PathBuf> {
    [repo.root.clone(), repo.root.join(".git")]
        .iter()
        .flat_map(|dir| fs::read_dir(dir).unwrap().flatten())
        .filter(|entry| entry.file_name().to_string_lossy().contains("neonup-"))
        .map(|entry| entry.path())
        .collect()
}

#[test]
fn killed_at_any_moment_nothing_is_left_that_git_takes() {
    for (rules, old) in [
        (".env\n", Some(OLD)),
        (".env\n", None),
        // a later rule brings back what looks like our temporary files
        ("*\n!.gitignore\n!.env.*\n!neonup-*\n.env\n", Some(OLD)),
    ] {
        for make in [files, beside] {
            let repo = Arc::new(repo());
            if rules != ".env\n" {
                repo.commit(".gitignore", rules);
            }
            if old.is_none() {
                fs::remove_file(repo.root.join(".env")).unwrap();
            }
            let (looked, seen) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&repo));
            let looks = Arc::clone(&looked);
            let files = make(&repo).rehearsing(|rehearsal| {
                rehearsal.at = Some(Arc::new(move |moment| {
                    looks.fetch_add(1, Ordering::SeqCst);
                    for add in [&["add", "."][..], &["add", "-A"], &["stash", "-u", "-q"]] {
                        seen.git(add);
                        let taken = format!(
                            "{}{}",
                            seen.git(&["diff", "--cached"]),
                            seen.git(&["log", "--all", "-p", "-m", "--", ".", ":!.gitignore"])
                        );
                        assert!(!taken.contains("npg_"), "{moment:?} {add:?}: {taken}");
                        assert!(!taken.contains("A=old"), "{moment:?} {add:?}: {taken}");
                    }
                }));
            });
            let written = files.replace_secret(&repo.root.join(".env"), old, NEW);
            assert_eq!(written.unwrap().split, 0);
            assert!(looked.load(Ordering::SeqCst) >= 2);
            assert_eq!(fs::read(repo.root.join(".env")).unwrap(), NEW);
            assert_eq!(leftovers(&repo), Vec::<PathBuf>::new());
        }
    }
}

/// Ways in which editors save.
#[cfg(unix)]
const SAVES: [&str; 4] = [
    "printf 'A=mine\\n' > .env",
    "printf 'A=mine\\n' > .env.swp; mv .env.swp .env",
    "mv .env .env~; printf 'A=mine\\n' > .env; rm .env~",
    "cp .env .env.old; rm .env; printf 'A=mine\\n' > .env; rm .env.old",
];

#[cfg(unix)]
#[test]
fn what_an_editor_saves_in_the_last_moment_is_kept() {
    for save in SAVES {
        for moment in [
            Moment::Staged,
            Moment::Compared,
            Moment::Exchanged,
            Moment::Placed,
        ] {
            for make in [files, beside] {
                let repo = repo();
                let (root, path) = (repo.root.clone(), repo.root.join(".env"));
                let files = at(make(&repo), moment, move || shell(&root, save));
                let result = files.replace_secret(&path, Some(OLD), NEW);
                // what was saved after ours was in place is a version of its own
                let saved = fs::read(&path).unwrap();
                assert_eq!(saved, b"A=mine\n", "{save} {moment:?}");
                assert!(
                    matches!(result, Err(FileError::Changed)),
                    "{save} {moment:?}: {result:?}"
                );
                assert_eq!(leftovers(&repo), Vec::<PathBuf>::new(), "{save} {moment:?}");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_is_removed_in_the_last_moment_stays_removed() {
    for moment in [Moment::Staged, Moment::Compared] {
        let repo = repo();
        let (root, path) = (repo.root.clone(), repo.root.join(".env"));
        let files = at(files(&repo), moment, move || shell(&root, "rm .env"));
        let result = files.replace_secret(&path, Some(OLD), NEW);
        assert!(matches!(result, Err(FileError::Changed)), "{result:?}");
        assert!(!path.exists());
        assert_eq!(leftovers(&repo), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_file_that_appears_in_the_last_moment_is_kept() {
    let repo = repo();
    let path = repo.root.join(".env.local");
    let appears = path.clone();
    let files = at(files(&repo), Moment::Staged, move || {
        fs::write(&appears, "A=mine\n").unwrap();
    });
    let result = files.replace_secret(&path, None, NEW);
    assert!(matches!(result, Err(FileError::Changed)), "{result:?}");
    assert_eq!(fs::read(&path).unwrap(), b"A=mine\n");
    assert_eq!(leftovers(&repo), Vec::<PathBuf>::new());
}

#[cfg(unix)]
#[test]
fn saved_again_and_again_the_last_version_is_in_place() {
    let repo = repo();
    let (root, path) = (repo.root.clone(), repo.root.join(".env"));
    let count = AtomicUsize::new(0);
    let files = files(&repo).rehearsing(|rehearsal| {
        rehearsal.at = Some(Arc::new(move |moment| {
            if moment == Moment::Compared || moment == Moment::Exchanged {
                let number = count.fetch_add(1, Ordering::SeqCst);
                if number < 5 {
                    shell(&root, &format!("echo A={number} > .x; mv .x .env"));
                }
            }
        }));
    });
    let result = files.replace_secret(&path, Some(OLD), NEW);
    assert!(matches!(result, Err(FileError::Changed)), "{result:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "A=4\n");
    assert_eq!(leftovers(&repo), Vec::<PathBuf>::new());
}

#[cfg(unix)]
#[test]
fn saved_without_end_no_version_is_thrown_away() {
    let repo = repo();
    let (root, path) = (repo.root.clone(), repo.root.join(".env"));
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let files = files(&repo).rehearsing(|rehearsal| {
        rehearsal.at = Some(Arc::new(move |moment| {
            if moment == Moment::Compared || moment == Moment::Exchanged {
                let number = counted.fetch_add(1, Ordering::SeqCst);
                shell(&root, &format!("echo A={number} > .x; mv .x .env"));
            }
        }));
    });
    let Err(FileError::LeftIn(left)) = files.replace_secret(&path, Some(OLD), NEW) else {
        panic!("it went well");
    };
    let last = count.load(Ordering::SeqCst) - 1;
    let kept = [&left, &path].map(|path| fs::read_to_string(path).unwrap());
    assert!(kept.contains(&format!("A={last}\n")), "{kept:?}");
}

#[test]
fn without_an_exchange_a_file_is_replaced() {
    for make in [files, beside] {
        let repo = repo();
        let path = repo.root.join(".env");
        let files = make(&repo).rehearsing(|rehearsal| rehearsal.no_exchange = true);
        let written = files.replace_secret(&path, Some(OLD), NEW).unwrap();
        assert_eq!(written.not_durable, None);
        assert_eq!(fs::read(&path).unwrap(), NEW);
        assert_eq!(leftovers(&repo), Vec::<PathBuf>::new());
    }
}

/// Some file systems of Windows replace no file that another program has open.
#[cfg(unix)]
#[test]
fn without_an_exchange_what_was_saved_in_place_is_brought_back() {
    for make in [files, beside] {
        let repo = repo();
        let path = repo.root.join(".env");
        let files = make(&repo).rehearsing(|rehearsal| rehearsal.no_exchange = true);
        // an editor that has the file open since before
        let open = fs::OpenOptions::new().write(true).open(&path).unwrap();
        let files = at(files, Moment::Exchanged, move || {
            std::io::Write::write_all(&mut &open, b"A=mine, saved\n").unwrap();
        });
        let result = files.replace_secret(&path, Some(OLD), NEW);
        assert!(matches!(result, Err(FileError::Changed)), "{result:?}");
        assert_eq!(fs::read(&path).unwrap(), b"A=mine, saved\n");
        assert_eq!(leftovers(&repo), Vec::<PathBuf>::new());
    }
}

#[test]
fn a_directory_that_cannot_be_synced_is_told_and_fails_nothing() {
    let repo = repo();
    let path = repo.root.join(".env");
    let files = files(&repo).rehearsing(|rehearsal| rehearsal.no_sync = true);
    let written = files.replace_secret(&path, Some(OLD), NEW).unwrap();
    assert!(written.not_durable.is_some());
    assert_eq!(fs::read(&path).unwrap(), NEW);
}

#[test]
fn hard_links_are_told_and_kept_in_place() {
    let repo = repo();
    let (path, other) = (repo.root.join(".env"), repo.root.join("other"));
    fs::hard_link(&path, &other).unwrap();
    let files = files(&repo);
    assert_eq!(files.stat(&path).unwrap().unwrap().links, 2);
    files.replace_secret_in_place(&path, OLD, NEW).unwrap();
    assert_eq!(fs::read(&other).unwrap(), NEW);
    let written = files.replace_secret(&path, Some(NEW), OLD).unwrap();
    assert_eq!(written.split, 1);
    assert_eq!(fs::read(&other).unwrap(), NEW);
}

#[test]
fn an_undo_of_a_new_file_does_not_remove_what_was_saved_since() {
    let repo = repo();
    let path = repo.root.join(".env");
    let files = files(&repo);
    assert!(matches!(files.remove(&path, NEW), Err(FileError::Changed)));
    assert_eq!(fs::read(&path).unwrap(), OLD);
    files.remove(&path, OLD).unwrap();
    assert!(!path.exists());
    assert_eq!(leftovers(&repo), Vec::<PathBuf>::new());
}

#[test]
fn undo_copies_never_lie_in_the_repository() {
    let repo = repo();
    let other = temp_dir();
    for root in [&repo.root, other.path()] {
        let git = GitFolders {
            own: Some(repo.root.join(".git")),
            common: None,
        };
        let files = DiskFiles::new(root, git);
        let place = files.undo_folder().unwrap();
        assert!(
            place.starts_with(repo.root.join(".git")) || !place.starts_with(&repo.root),
            "{}",
            place.display()
        );
    }
}
