//! Where a repository lies, and what can read it.

use std::path::{Path, PathBuf};

use crate::ports::repository::program::Program;

/// A repository on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// The root of the work tree.
    pub(super) root: PathBuf,
    /// The git directory of this work tree.
    pub(super) git_dir: PathBuf,
    /// The git directory that all work trees share.
    pub(super) common: PathBuf,
    /// How many bytes an object id has.
    pub(super) hash: usize,
    /// Whether libgit2 can open it.
    pub(super) libgit2: bool,
    /// Why nothing can be said of it, if that is so.
    pub(super) trouble: Option<String>,
}

impl Layout {
    /// The innermost repository around `dir`.
    pub(super) fn discover(dir: &Path, git: &Program) -> Option<Self> {
        let flags = if git.environment.is_none() {
            git2::RepositoryOpenFlags::FROM_ENV
        } else {
            git2::RepositoryOpenFlags::empty()
        };
        let none: [&Path; 0] = [];
        let error = match git2::Repository::open_ext(dir, flags, none) {
            Ok(repository) => {
                return repository.workdir().map(|root| Self {
                    root: tidy(root),
                    git_dir: tidy(repository.path()),
                    common: tidy(repository.commondir()),
                    hash: 20,
                    libgit2: true,
                    trouble: None,
                });
            }
            Err(error) if error.code() == git2::ErrorCode::NotFound => return None,
            Err(error) => error.message().to_owned(),
        };
        Self::from_program(dir, git).or_else(|| Self::from_disk(dir, error))
    }

    /// What git says, where libgit2 does not understand the repository.
    fn from_program(dir: &Path, git: &Program) -> Option<Self> {
        let said = git
            .run(
                dir,
                &[
                    "rev-parse",
                    "--path-format=absolute",
                    "--show-toplevel",
                    "--git-dir",
                    "--git-common-dir",
                    "--show-object-format",
                ],
            )
            .ok()?;
        let text = String::from_utf8(said.out).ok()?;
        let mut lines = text.lines();
        let (root, git_dir, common) = (lines.next()?, lines.next()?, lines.next()?);
        let hash = if lines.next()? == "sha256" { 32 } else { 20 };
        Some(Self {
            root: tidy(Path::new(root)),
            git_dir: tidy(Path::new(git_dir)),
            common: tidy(Path::new(common)),
            hash,
            libgit2: false,
            trouble: None,
        })
    }

    /// A repository that neither of them will read: it is there, and nothing is known of it.
    fn from_disk(dir: &Path, trouble: String) -> Option<Self> {
        let root = dir.ancestors().find(|dir| dir.join(".git").exists())?;
        let git_dir = root.join(".git");
        Some(Self {
            root: tidy(root),
            common: git_dir.clone(),
            git_dir,
            hash: 20,
            libgit2: false,
            trouble: Some(trouble),
        })
    }

    /// The nested repository that owns a path of this one, with the path in it.
    pub(super) fn owner(&self, path: &str, git: &Program) -> Option<(Self, String)> {
        let full = self.root.join(path);
        let inner = full
            .ancestors()
            .skip(1)
            .take_while(|dir| *dir != self.root && dir.starts_with(&self.root))
            .find(|dir| dir.join(".git").exists())?;
        let rest = full.strip_prefix(inner).ok()?.to_str()?.to_owned();
        let mut alone = git.clone();
        // GIT_DIR and its kin would lead back to the outer one
        if alone.environment.is_none() {
            alone.environment = Some(
                std::env::vars()
                    .filter(|(name, _)| !REPOSITORY_VARIABLES.contains(&name.as_str()))
                    .collect(),
            );
        }
        Some((Self::discover(inner, &alone)?, rest))
    }

    /// Whether the repository knows only a part of its history.
    pub(super) fn partial(&self) -> Option<String> {
        if self.common.join("shallow").exists() {
            return Some("the clone is shallow: only a part of the history is here".to_owned());
        }
        let packs = std::fs::read_dir(self.common.join("objects/pack")).ok()?;
        packs
            .flatten()
            .any(|entry| {
                entry
                    .path()
                    .extension()
                    .is_some_and(|end| end == "promisor")
            })
            .then(|| "the clone is partial: some objects are not here".to_owned())
    }
}

/// The variables that tie git to one repository.
pub(super) const REPOSITORY_VARIABLES: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
];

/// The path without `.` and without a slash at its end.
fn tidy(path: &Path) -> PathBuf {
    path.components().collect()
}
