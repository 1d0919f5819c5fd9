//! Git, read through libgit2 and, where libgit2 is known to be wrong, through git itself.

use std::path::Path;

use async_trait::async_trait;

use crate::{failure::Result, secret::Secret};

/// Yes, no, or not to be determined, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// Could not be determined; why.
    Unknown(String),
}

/// How well git keeps one path out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    /// `git add` would refuse it.
    pub ignored: Known,
    /// It is in the index.
    pub tracked: Known,
    /// The index holds a version of it that `HEAD` has not: the next commit takes it.
    pub staged: Known,
    /// Whether a commit, reachable or not, ever held a file of this path or name; with an example.
    pub committed: Known,
}

/// A secret found where it must not be. Never holds the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Which needle: `password`, `api key`, or the kind of a credential.
    pub what: String,
    /// The file, where it has a name.
    pub path: Option<String>,
    /// The 1-based line.
    pub line: Option<u32>,
    /// Whether it is a live secret (else some other credential).
    pub live: bool,
    /// Where it stands: the work tree, the index, or an object; in words.
    pub place: String,
}

/// Git.
#[async_trait]
pub trait Repository: Send + Sync {
    /// The root of the work tree, or `None` where there is no repository.
    fn root(&self) -> Option<&Path>;

    /// How well a path (relative to the root) is kept out. Cheap: does not look into the history.
    async fn protection(&self, path: &str) -> Result<Protection>;

    /// Adds an ignore line for the path to the right `.gitignore`, and asks again. Gives the file that was changed.
    async fn add_ignore(&self, path: &str) -> Result<String>;

    /// Takes a path out of the index; the file stays.
    async fn untrack(&self, path: &str) -> Result<()>;

    /// Looks for live secrets and other credentials in tracked files, untracked files that are not ignored, and the index.
    async fn scan_tree(
        &self,
        live: &[(String, Secret)],
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<TreeScan>;

    /// Looks for live secrets in every object of the history, and for the paths of `watched` in every tree.
    async fn scan_history(
        &self,
        live: &[(String, Secret)],
        watched: &[String],
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<HistoryScan>;
}

/// What a scan of the tree found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TreeScan {
    /// How many files were read.
    pub files: usize,
    /// What was found.
    pub leaks: Vec<Leak>,
}

/// What a scan of the history found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryScan {
    /// How many objects were read.
    pub objects: u64,
    /// What was found.
    pub leaks: Vec<Leak>,
    /// Watched paths that some commit held.
    pub committed: Vec<String>,
    /// Why the answer is not complete (a shallow clone, an unreadable object), if it is not.
    pub incomplete: Option<String>,
}
