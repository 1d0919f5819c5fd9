//! The files that `git add .` would take, where there is no git program to ask.
//!
//! The rules are those of [`excludes`](crate::ports::repository::excludes): the user's own exclude file doesn't count, so a file that
//! only it ignores is named here too. To search more than git would take is safe; less would not be.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs::{self, FileType},
    io,
    path::{Path, PathBuf},
};

use gix_ignore::glob::pattern::Case;

use crate::{
    os::files::path_from_git,
    ports::repository::{
        excludes::{IgnoreRules, case},
        layout::Layout,
        meter::Meter,
        program::GitProgram,
    },
};

/// The most entries of folders that a walk looks at.
const MOST_ENTRIES: usize = 1_000_000;

/// What is in a work tree and not in the index.
#[derive(Debug, Default)]
pub(super) struct Untracked {
    /// Relative to the root, with forward slashes.
    pub files: Vec<Vec<u8>>,
    /// The repositories in it, which `git add` doesn't take.
    pub nested: Vec<Vec<u8>>,
    /// What couldn't be looked at, and why.
    pub unread: Vec<(String, String)>,
}

/// Walks through a work tree. `tracked` are the files in the index, `submodules` the folders that are in it as one entry.
pub(super) fn untracked(
    layout: &Layout,
    git: &GitProgram,
    (tracked, submodules): (&HashSet<&[u8]>, &HashSet<&[u8]>),
    meter: &Meter,
) -> Untracked {
    let mut walk = UntrackedWalk {
        layout,
        git,
        tracked,
        submodules,
        rules: IgnoreRules::default(),
        case: case(layout).unwrap_or(Case::Sensitive),
        found: Untracked::default(),
    };
    walk.add_rules(&layout.common.join("info/exclude"), "", true);
    let mut folders = vec![Vec::new()];
    let mut entries = 0;
    while let Some(folder) = folders.pop()
        && !meter.stopped()
    {
        let listed = listing(&layout.root.join(path_from_git(&folder)));
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) => {
                walk.unread(&folder, &error.kind().to_string());
                continue;
            }
        };
        entries += listed.len();
        if entries > MOST_ENTRIES {
            walk.unread(b"", "the work tree has more than 1,000,000 entries");
            break;
        }
        folders.extend(walk.folder(&folder, listed));
    }
    walk.found
}

struct UntrackedWalk<'a> {
    layout: &'a Layout,
    git: &'a GitProgram,
    tracked: &'a HashSet<&'a [u8]>,
    submodules: &'a HashSet<&'a [u8]>,
    rules: IgnoreRules,
    case: Case,
    found: Untracked,
}

impl UntrackedWalk<'_> {
    /// Sorts what is in a folder, and gives the folders in it that are looked at next. The folder's name is empty for the root, and ends
    /// in a slash elsewhere.
    fn folder(&mut self, folder: &[u8], listed: Vec<(OsString, FileType)>) -> Vec<Vec<u8>> {
        if listed.iter().any(|(name, _)| name == ".gitignore") {
            let name = [folder, b".gitignore"].concat();
            let shown = String::from_utf8_lossy(&name).into_owned();
            let file = self.layout.root.join(path_from_git(&name));
            self.add_rules(&file, &shown, false);
        }
        let mut deeper = Vec::new();
        for (name, kind) in listed {
            // no path of git has such a part
            if name == ".git" {
                continue;
            }
            let mut path = [folder, name.as_encoded_bytes()].concat();
            // a file may have become a folder since it was added, and a submodule a file
            let tracked = if kind.is_dir() {
                self.submodules.contains(path.as_slice())
            } else {
                self.tracked.contains(path.as_slice())
            };
            if tracked || self.rules.ignores(&path, kind.is_dir(), self.case) {
                continue;
            }
            if kind.is_dir() {
                let nested = self.layout.nested(&path_from_git(&path), self.git);
                let is_open = nested.as_ref().map(|(inner, _)| inner.unopened.is_none());
                if is_open.is_some() {
                    self.found.nested.push(path.clone());
                }
                // where it isn't sure that it is a repository, git may take what is in it
                if is_open != Some(true) {
                    path.push(b'/');
                    deeper.push(path);
                }
            } else if kind.is_file() || kind.is_symlink() {
                self.found.files.push(path);
            }
        }
        deeper
    }

    /// Rules that can't be read ignore nothing.
    fn add_rules(&mut self, file: &Path, name: &str, follow: bool) {
        if let Err(why) = self.rules.add(file, name, follow) {
            let name = if name.is_empty() {
                ".git/info/exclude"
            } else {
                name
            };
            self.found.unread.push((name.to_owned(), why));
        }
    }

    fn unread(&mut self, folder: &[u8], why: &str) {
        let name = match folder {
            b"" => "untracked files".to_owned(),
            folder => String::from_utf8_lossy(folder).into_owned(),
        };
        self.found.unread.push((name, why.to_owned()));
    }
}

fn listing(folder: &PathBuf) -> io::Result<Vec<(OsString, FileType)>> {
    fs::read_dir(folder)?
        .take(MOST_ENTRIES + 1)
        .map(|entry| {
            let entry = entry?;
            Ok((entry.file_name(), entry.file_type()?))
        })
        .collect()
}
