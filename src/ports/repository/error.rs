//! Why a repository could not be read or changed.

use std::{io, path::PathBuf};

use thiserror::Error;

use crate::{domain::credentials::NeedlesError, ports::records::RecordError};

/// Why git, or the disk under it, did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum GitError {
    #[error("git isn't installed")]
    Missing,
    /// The folder belongs to another user, so neither git nor libgit2 opens it.
    #[error("{0}")]
    ForeignOwner(String),
    /// Git refused, in its own words.
    #[error("{0}")]
    Refused(String),
    #[error("git didn't answer in time")]
    TimedOut,
    #[error("{0}")]
    Io(String),
}

impl From<io::Error> for GitError {
    fn from(error: io::Error) -> Self {
        Self::Io(error.to_string())
    }
}

impl From<git2::Error> for GitError {
    fn from(error: git2::Error) -> Self {
        let reason = error.message().to_owned();
        if error.code() == git2::ErrorCode::Owner {
            Self::ForeignOwner(reason)
        } else {
            Self::Refused(reason)
        }
    }
}

/// Why the repository port could not do what it was asked for.
#[derive(Debug, Error)]
pub(crate) enum RepositoryError {
    #[error("this isn't a git repository")]
    NotARepository,
    #[error("git can't open this repository: {0}")]
    Unopened(GitError),
    #[error("`{0}` isn't a path inside the repository")]
    OutsidePath(String),
    #[error("the repository couldn't be searched: {0}")]
    Unsearched(GitError),
    #[error(transparent)]
    Needles(#[from] NeedlesError),
    #[error("couldn't make git ignore `{path}`: {reason}")]
    NotIgnored { path: String, reason: IgnoreError },
    #[error("couldn't remove `{path}` from the index: {reason}")]
    NotUntracked { path: String, reason: UntrackError },
    #[error("couldn't list the ignored files: {0}")]
    Unlisted(GitError),
    #[error("can't tell where git looks for hooks: {0}")]
    HooksUnknown(GitError),
    #[error("the hook `{path}` wasn't changed: {reason}", path = path.display())]
    HookUnchanged { path: PathBuf, reason: HookError },
    #[error("canceled")]
    Cancelled,
}

/// Why a path could not be made ignored. Files are named relative to the repository's root.
#[derive(Debug, Error)]
pub(crate) enum IgnoreError {
    #[error("it isn't a path inside the repository")]
    Outside,
    #[error("`{0}` is a symbolic link, which git doesn't follow")]
    Symlink(String),
    /// Git reads ignore files as bytes, so UTF-16 means nothing to it.
    #[error("`{0}`: it is in UTF-16, which git can't read")]
    Utf16(String),
    #[error("`{file}`: {error}")]
    Io {
        file: String,
        /// The line that was to be added to it.
        rule: String,
        error: io::Error,
    },
    /// The line was added, and git still takes the path, or cannot tell.
    #[error("{0}")]
    Ineffective(String),
}

/// Why a path is still in the index.
#[derive(Debug, Error)]
pub(crate) enum UntrackError {
    #[error("it isn't a path inside the repository")]
    Outside,
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("it is still there")]
    StillTracked,
}

/// Why a hook was left as it was.
#[derive(Debug, Error)]
pub(crate) enum HookError {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Nothing may be written there.
    #[error("{0}")]
    Blocked(String),
    /// Lines would be added to these files, and nobody has agreed to that.
    #[error("it would add lines to {}", .0.join(", "))]
    Unasked(Vec<String>),
    /// The name under which the other hook would be kept is taken.
    #[error("`{}` already exists", .0.display())]
    KeptHookExists(PathBuf),
    /// What is remembered of the hooks could not be removed.
    #[error(transparent)]
    Record(RecordError),
}
