//! Where a repository lies, and what can read it.

use std::path::{Path, PathBuf};

use crate::{
    os::files::real,
    ports::repository::{error::GitError, program::GitProgram},
};

/// A repository on the disk.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The root of the work tree.
    pub(super) root: PathBuf,
    /// The git directory of this work tree.
    pub(super) git_dir: PathBuf,
    /// The git directory that all work trees share.
    pub(super) common: PathBuf,
    /// How many bytes an object id has.
    pub(super) hash: usize,
    /// Why neither git nor libgit2 opens it, if so.
    pub(super) unopened: Option<GitError>,
}

impl Layout {
    /// The innermost repository around `dir`.
    pub(super) fn discover(dir: &Path, git: &GitProgram) -> Option<Self> {
        // libgit2 takes the variables only for the current directory
        if git.is_tied() && git.variable("GIT_DIR").is_some() {
            return Self::from_program(dir, git).or_else(|| {
                let path = PathBuf::from(git.variable("GIT_DIR")?);
                let error = GitError::Refused(
                    "GIT_DIR doesn't point to a repository with files".to_owned(),
                );
                Some(Self {
                    root: tidy(dir),
                    common: path.clone(),
                    git_dir: path,
                    hash: 20,
                    unopened: Some(error),
                })
            });
        }
        let flags = if git.is_tied() {
            git2::RepositoryOpenFlags::FROM_ENV
        } else {
            git2::RepositoryOpenFlags::empty()
        };
        let none: [&Path; 0] = [];
        match git2::Repository::open_ext(dir, flags, none) {
            Ok(repository) => repository.workdir().map(|root| Self {
                root: tidy(root),
                git_dir: tidy(repository.path()),
                common: tidy(repository.commondir()),
                hash: 20,
                unopened: None,
            }),
            Err(error) if error.code() == git2::ErrorCode::NotFound => None,
            Err(error) => {
                Self::from_program(dir, git).or_else(|| Self::from_disk(dir, error.into()))
            }
        }
    }

    /// Asks git, where libgit2 does not understand the repository.
    fn from_program(dir: &Path, git: &GitProgram) -> Option<Self> {
        let question = [
            "rev-parse",
            "--path-format=absolute",
            "--show-toplevel",
            "--git-dir",
            "--git-common-dir",
            "--show-object-format",
        ];
        let text = String::from_utf8(git.query(dir, &question).ok()?.out).ok()?;
        let mut lines = text.lines();
        let mut path = || lines.next().map(|line| tidy(Path::new(line)));
        Some(Self {
            root: path()?,
            git_dir: path()?,
            common: path()?,
            hash: if lines.next()? == "sha256" { 32 } else { 20 },
            unopened: None,
        })
    }

    /// A repository that neither of them opens: it is there, and nothing is known of it.
    fn from_disk(dir: &Path, error: GitError) -> Option<Self> {
        let root = dir.ancestors().find(|dir| dir.join(".git").exists())?;
        let git_dir = root.join(".git");
        Some(Self {
            root: tidy(root),
            common: git_dir.clone(),
            git_dir,
            hash: 20,
            unopened: Some(error),
        })
    }

    /// The repository whose root is a directory of this one, and the git that reads it.
    pub(super) fn nested(&self, directory: &Path, git: &GitProgram) -> Option<(Self, GitProgram)> {
        let directory = self.root.join(directory);
        let git = git.untied();
        let is_root = directory.join(".git").exists();
        let mut layout = is_root.then(|| Self::discover(&directory, &git))??;
        let (root, directory) = (real(&layout.root).ok()?, real(&directory).ok()?);
        if root != directory {
            // a `.git` of which git makes nothing: the folder belongs to the repository around it
            let git_dir = real(&layout.git_dir).ok()?;
            if directory.starts_with(&root) && !git_dir.starts_with(&directory) {
                return None;
            }
            let elsewhere = "its configuration says that its files are elsewhere";
            layout.unopened = Some(GitError::Refused(elsewhere.to_owned()));
        }
        Some((layout, git))
    }

    /// The nested repository that owns a path of this one, the git that reads it, and the path in it.
    pub(super) fn owner(&self, path: &str, git: &GitProgram) -> Option<(Self, GitProgram, String)> {
        let full = self.root.join(path);
        let inner = full
            .ancestors()
            .skip(1)
            .take_while(|dir| *dir != self.root && dir.starts_with(&self.root))
            .find(|dir| dir.join(".git").exists())?;
        let rest = full.strip_prefix(inner).ok()?.to_str()?.to_owned();
        let (layout, git) = self.nested(inner, git)?;
        Some((layout, git, rest))
    }

    /// Whether the history ends where a shallow clone was cut.
    pub(super) fn is_shallow(&self) -> bool {
        self.common.join("shallow").exists()
    }

    /// Whether objects may be left on a server, as in a clone with `--filter`.
    pub(super) fn is_partial(&self) -> bool {
        std::fs::read_dir(self.common.join("objects/pack")).is_ok_and(|packs| {
            packs.flatten().any(|entry| {
                let path = entry.path();
                path.extension().is_some_and(|end| end == "promisor")
            })
        })
    }
}

/// The path without `.` and without a slash at its end.
fn tidy(path: &Path) -> PathBuf {
    path.components().collect()
}

/// A relative path without `.`, `..` and empty parts, since libgit2's index accepts nothing else; `None` for one that leads outside.
pub(super) fn clean(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" if parts.is_empty() && path.starts_with('/') => return None,
            "" | "." => {}
            ".." => return None,
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}
