//! Git, read through libgit2 and, where libgit2 is known to be wrong, through git itself.
//!
//! Whether git ignores a path is git's own answer; without a git program the rules are read here, and what is not certain is unknown.
//! What libgit2 cannot open (SHA-256, reftable, partial clones, split and sparse indexes) is asked of the git program; what nobody can
//! answer is [`GitAnswer::Unknown`], never "safe". The objects of the history are read by a scanner of our own, which looks at
//! every byte once.

mod archives;
mod cache;
mod error;
mod excludes;
#[cfg(any(test, feature = "testing"))]
mod fuzz;
mod git;
mod gitignore;
mod history;
mod hooks;
mod ignored;
mod index;
mod layout;
mod loose;
mod meter;
mod model;
mod object;
mod pack;
mod port;
mod program;
mod protection;
mod push;
mod searcher;
mod survey;
#[cfg(test)]
mod tests;
mod threads;
mod tree;
mod untracked;
mod worktrees;

#[cfg(any(test, feature = "testing"))]
pub(crate) use fuzz::fuzz;
#[cfg(test)]
pub(crate) use model::StoredFile;
pub(crate) use program::GitEnvironment;
pub(crate) use {
    error::{GitError, HookError, IgnoreError, RepositoryError, UntrackError},
    git::{GitOptions, GitRepository},
    model::{
        CommittedPath, GitAnswer, HistoryScan, HookState, Hooks, Leak, LeakedSecret, Location,
        Protection, Push, PushedRef, TreeScan,
    },
    port::Repository,
    survey::Survey,
};
