//! Git, read through libgit2 and, where libgit2 is known to be wrong, through git itself.
//!
//! Whether git ignores a path is git's own answer; where there is no git program the rules are read here, and what is not sure is said to
//! be unknown. What libgit2 cannot open (SHA-256, reftable, partial clones,
//! split and sparse indexes) is asked of the git program; what nobody can answer is [`Known::Unknown`], never "safe". The
//! objects of the history are read by a scanner of our own, which looks at every byte once.

mod cache;
mod content;
mod excludes;
mod git;
mod history;
mod hooks;
mod ignore;
mod index;
mod layout;
mod loose;
mod members;
mod meter;
mod pack;
mod program;
#[cfg(test)]
mod tests;
mod tree;

use std::path::Path;

use async_trait::async_trait;

#[cfg(any(test, feature = "testing"))]
pub(crate) use git::GitOptions;
pub(crate) use git::GitRepository;

use crate::{
    core::{failure::Result, secret::Secret},
    domain::credentials::Weight,
};

/// Yes, no, or not to be determined, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// Could not be determined; why.
    Unknown(String),
}

/// How well git keeps one path out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Protection {
    /// `git add` would refuse it.
    pub ignored: Known,
    /// It is in the index.
    pub tracked: Known,
    /// The index holds a version of it that `HEAD` has not: the next commit takes it.
    pub staged: Known,
    /// Whether a commit, reachable or not, ever held a file of this path or name; with an example.
    pub committed: Known,
    /// Files that editors and this program make beside it for a moment or as a backup, and that `git add` would take, relative to the
    /// root. Only said of a path that is itself ignored.
    pub exposed: Vec<String>,
}

/// Where a secret stands, from what is easiest to mend to what cannot be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    /// A file of the work tree that git tracks.
    Tracked,
    /// A tracked file whose changes git was told not to look at (skip-worktree, assume-unchanged).
    Hidden,
    /// A file of the work tree that `git add .` would take.
    Untracked,
    /// The index: the next commit takes it.
    Staged,
    /// A commit of a branch, a tag or a remote: pushed, or pushed with the next `git push`.
    Branch,
    /// Only other refs: the stash, notes, another work tree's `HEAD`.
    OtherRef,
    /// Only the reflog: a commit that was undone.
    Reflog,
    /// Only the index of this or another work tree.
    Index,
    /// No ref at all: an object that only this disk has, until git clears it away.
    Disk,
    /// An object; which refs lead to it could not be found out.
    Object,
    /// The name of a branch, a tag or another ref.
    RefName,
    /// One of git's own files, such as the configuration, a log or a message.
    GitFile,
}

impl Place {
    /// How it is named to a person.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Tracked => "a tracked file",
            Self::Hidden => "a tracked file whose changes git is told to overlook",
            Self::Untracked => "a file that git would take",
            Self::Staged => "staged for the next commit",
            Self::Branch => "on a branch, a tag or a remote: leaked if it was pushed",
            Self::OtherRef => "in the stash, a note or another ref; not on a branch",
            Self::Reflog => "only in the reflog",
            Self::Index => "only in the index",
            Self::Disk => "only on this disk, in an object that no ref leads to",
            Self::Object => "in an object of the repository",
            Self::RefName => "the name of a ref",
            Self::GitFile => "one of git's own files, on this disk only",
        }
    }

    /// Whether others have it, or get it with the next push.
    pub(crate) const fn leaves(self) -> bool {
        match self {
            Self::Tracked | Self::Staged | Self::Branch | Self::Object | Self::RefName => true,
            Self::Hidden
            | Self::Untracked
            | Self::OtherRef
            | Self::Reflog
            | Self::Index
            | Self::Disk
            | Self::GitFile => false,
        }
    }
}

/// A secret found where it must not be. Never holds the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leak {
    /// Which secret: the name it was given, or what kind of credential it is.
    pub what: String,
    /// Whether it is a live secret; else some other credential.
    pub live: bool,
    /// What it is worth.
    pub weight: Weight,
    /// How it is written there, such as `in base64`; empty when as it is.
    pub spelling: &'static str,
    /// The file, where it has a name: relative to the root, and after `!` the member of an archive.
    pub path: Option<String>,
    /// The 1-based line.
    pub line: Option<u32>,
    /// Where it stands.
    pub place: Place,
    /// What else is known of the place, such as `in the name of the file`.
    pub note: &'static str,
    /// The object that holds it, in hexadecimal digits.
    pub object: Option<String>,
    /// Commits that brought it or took it away, the newest first, abbreviated.
    pub commits: Vec<String>,
    /// How many more objects hold the same.
    pub more: usize,
}

/// A watched path that a commit held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Committed {
    /// The path, or only the name where no commit leads to it.
    pub path: String,
    /// Whether it is one of the watched paths itself, and no relative of it.
    pub exact: bool,
    /// A commit that brought it or took it away.
    pub commit: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// What stands where git looks for the pre-commit hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookPlace {
    /// Nothing.
    Free,
    /// Ours.
    Ours,
    /// Somebody else's.
    Other,
}

/// The pre-commit hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hook {
    /// Where it lies.
    pub path: std::path::PathBuf,
    /// What stands there.
    pub place: HookPlace,
    /// Why nothing may be written there, if so.
    pub closed: Option<String>,
}

/// Git.
#[async_trait]
pub(crate) trait Repository: Send + Sync {
    /// The root of the work tree, or `None` where there is no repository.
    fn root(&self) -> Option<&Path>;

    /// What git's configuration calls the person here (`user.name`), if it does.
    fn user_name(&self) -> Option<String>;

    /// How well a path (relative to the root) is kept out. Cheap: does not look into the history.
    async fn protection(&self, path: &str) -> Result<Protection>;

    /// Adds an ignore line for the path to the right `.gitignore`, and asks again. Gives the file that was changed.
    async fn add_ignore(&self, path: &str) -> Result<String>;

    /// Takes a path out of the index; the file stays.
    async fn untrack(&self, path: &str) -> Result<()>;

    /// The ignored files of the work tree whose names fit one of these patterns (`*.env`), relative to the root. Dependencies' own
    /// folders (`node_modules`, `.venv`) are left out. Fails where there is no git program to tell.
    async fn ignored_files(&self, patterns: &[&str]) -> Result<Vec<String>>;

    /// Looks for live secrets and other credentials in tracked files, untracked files that are not ignored, and the index.
    async fn scan_tree(
        &self,
        live: &[(String, Secret)],
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<TreeScan>;

    /// Looks for live secrets and other credentials in what the next commit adds or changes, and only there.
    async fn scan_staged(&self, live: &[(String, Secret)]) -> Result<TreeScan>;

    /// The pre-commit hook as it is.
    async fn hook(&self) -> Result<Hook>;

    /// Installs our pre-commit hook, which runs this very program. Another hook is kept and called first.
    async fn install_hook(&self) -> Result<Hook>;

    /// Takes our pre-commit hook away, and brings another one back; `false` when there was none of ours.
    async fn remove_hook(&self) -> Result<bool>;

    /// Looks for live secrets and other credentials in every object of the history, reachable or not, and for the paths of
    /// `watched` and their relatives in every tree.
    async fn scan_history(
        &self,
        live: &[(String, Secret)],
        watched: &[String],
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<HistoryScan>;
}

/// Why a scan does not know everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Incomplete {
    /// The clone was made so: shallow, or partial.
    Clone(String),
    /// Something that should be readable is not.
    Unread(String),
}

impl Incomplete {
    /// The reason, as a fragment of a sentence.
    pub(crate) fn why(&self) -> &str {
        match self {
            Self::Clone(why) | Self::Unread(why) => why,
        }
    }
}

/// What a scan of the tree found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TreeScan {
    /// How many files were read.
    pub files: usize,
    /// What was found.
    pub leaks: Vec<Leak>,
    /// Why the answer is not complete, if it is not.
    pub incomplete: Option<Incomplete>,
}

/// What a scan of the history found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct HistoryScan {
    /// How many objects were read.
    pub objects: u64,
    /// What was found.
    pub leaks: Vec<Leak>,
    /// Watched paths and their relatives that some commit held.
    pub committed: Vec<Committed>,
    /// Why the answer is not complete (a shallow clone, an unreadable object), if it is not.
    pub incomplete: Option<Incomplete>,
}
