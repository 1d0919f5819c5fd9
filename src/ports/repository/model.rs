//! What is known of a repository: how paths are kept out, where secrets were found.

use std::path::PathBuf;

use crate::{
    core::proof::Coverage,
    domain::credentials::{self, Weight},
};

/// Git's answer to a yes-or-no question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GitAnswer {
    Yes,
    No,
    /// Could not be determined; why.
    Unknown(String),
}

impl<E: ToString> From<Result<bool, E>> for GitAnswer {
    fn from(answer: Result<bool, E>) -> Self {
        match answer {
            Ok(true) => Self::Yes,
            Ok(false) => Self::No,
            Err(error) => Self::Unknown(error.to_string()),
        }
    }
}

/// How well git keeps one path out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Protection {
    /// `git add` would refuse it.
    pub ignored: GitAnswer,
    /// It is in the index.
    pub tracked: GitAnswer,
    /// The index holds a version of it that `HEAD` has not: the next commit takes it.
    pub staged: GitAnswer,
    /// Files that editors and this program make beside it for a moment or as a backup, and that `git add` would take, relative to the
    /// root. Only of a path that is itself ignored.
    pub exposed: Vec<String>,
}

/// Where a secret was found, from what is easiest to fix to what cannot be fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Location {
    /// A file of the work tree that git tracks.
    Tracked,
    /// A tracked file whose changes git is told to overlook (skip-worktree, assume-unchanged).
    Hidden,
    /// A file of the work tree that `git add .` would take.
    Untracked,
    /// The index: the next commit takes it.
    Staged,
    /// A commit of a branch, a tag or a remote: pushed, or pushed with the next `git push`.
    Branch,
    /// What was fetched, or was on a remote once: pull requests, prefetched refs, `FETCH_HEAD`, the reflog of a remote branch.
    Remote,
    /// Only other refs: the stash, notes, another work tree's `HEAD`.
    OtherRef,
    /// Only the reflog: a commit that was undone.
    Reflog,
    /// Only the index of this or another work tree.
    Index,
    /// No ref at all: an object that stays until git clears it away. Whether it was ever pushed cannot be known.
    Disk,
    /// A file that was staged: no commit that is here holds it, be it one that no ref leads to.
    Dangling,
    /// An object; which refs lead to it could not be determined.
    Object,
    /// The name of a branch, a tag or another ref.
    RefName,
    /// One of git's own files, such as the configuration, a log or a message.
    GitFile,
}

impl Location {
    /// The location as a fragment of a sentence.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Tracked => "a tracked file",
            Self::Hidden => "a tracked file whose changes git is told to overlook",
            Self::Untracked => "a file that git would take",
            Self::Staged => "staged for the next commit",
            Self::Branch => "on a branch, a tag or a remote: leaked if it was pushed",
            Self::Remote => "it was on a remote: leaked, whatever the branches hold today",
            Self::OtherRef => "in the stash, a note or another ref; not on a branch",
            Self::Reflog => {
                "in a commit that was undone; whether it was pushed before cannot be known"
            }
            Self::Index => "in an index, and in no commit",
            Self::Disk => {
                "in an object that no ref leads to; whether it was ever pushed cannot be known"
            }
            Self::Dangling => "staged once, and in no commit that is here",
            Self::Object => "in an object of the repository",
            Self::RefName => "the name of a ref",
            Self::GitFile => "one of git's own files, on this disk only",
        }
    }

    /// Whether others have it, or get it with the next push.
    pub(crate) const fn leaves(self) -> bool {
        match self {
            Self::Tracked
            | Self::Staged
            | Self::Branch
            | Self::Remote
            | Self::Object
            | Self::RefName => true,
            Self::Hidden
            | Self::Untracked
            | Self::OtherRef
            | Self::Reflog
            | Self::Index
            | Self::Disk
            | Self::Dangling
            | Self::GitFile => false,
        }
    }
}

/// Which secret was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LeakedSecret {
    /// A live secret, by the label that it was handed in with.
    Live(String),
    /// Another credential.
    Credential(credentials::CredentialKind),
}

/// A secret found where it must not be. Never holds the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leak {
    pub secret: LeakedSecret,
    /// How much the credential is worth.
    pub weight: Weight,
    /// A salted number that tells other credentials apart; 0 for a live one.
    pub identity: u64,
    /// How it is written there, such as `in base64`; empty when as it is.
    pub spelling: &'static str,
    /// The file, where it has a name: relative to the root, and after `!` the member of an archive.
    pub path: Option<String>,
    /// The 1-based line.
    pub line: Option<u32>,
    pub location: Location,
    /// What else is known of the location, such as `in the name of the file`.
    pub note: &'static str,
    /// The object that holds it, in hexadecimal digits.
    pub object: Option<String>,
    /// Commits that brought it or took it away, the newest first, abbreviated.
    pub commits: Vec<String>,
    /// How many more objects hold the same.
    pub more: usize,
}

impl Leak {
    pub(crate) const fn is_live(&self) -> bool {
        matches!(self.secret, LeakedSecret::Live(_))
    }

    /// Whether it is the same secret in the same file.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.secret == other.secret && self.identity == other.identity && self.path == other.path
    }
}

/// A watched path that a commit held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommittedPath {
    /// The path, or only the name where no commit leads to it.
    pub path: String,
    /// Whether it is one of the watched paths itself, not a relative of it.
    pub exact: bool,
    /// A commit that brought it or took it away.
    pub commit: Option<String>,
    pub location: Location,
}

/// Whose hook lies where git looks for the pre-commit hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookState {
    /// Nobody's.
    Free,
    Ours,
    Other,
}

/// The pre-commit hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hook {
    pub path: PathBuf,
    pub state: HookState,
    /// Why nothing may be written there, if so.
    pub blocked: Option<String>,
}

/// What a scan of the work tree and the index found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TreeScan {
    /// How many files were read.
    pub files: usize,
    pub leaks: Vec<Leak>,
    /// What was read, of all that should have been.
    pub coverage: Coverage,
}

/// What a scan of the history found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryScan {
    /// How many objects were read.
    pub objects: u64,
    pub leaks: Vec<Leak>,
    /// Watched paths and their relatives that some commit held.
    pub committed: Vec<CommittedPath>,
    /// What was read, of all that should have been: not in a shallow clone, or with an object that is missing.
    pub coverage: Coverage,
}

impl TreeScan {
    /// Nothing was found yet, and nothing left out.
    pub(crate) const fn new() -> Self {
        Self {
            files: 0,
            leaks: Vec::new(),
            coverage: Coverage::complete(),
        }
    }
}

impl HistoryScan {
    /// Nothing was found yet, and nothing left out.
    pub(crate) const fn new() -> Self {
        Self {
            objects: 0,
            leaks: Vec::new(),
            committed: Vec::new(),
            coverage: Coverage::complete(),
        }
    }
}
