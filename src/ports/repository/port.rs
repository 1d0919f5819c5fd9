//! The port to git.

use std::path::Path;

use async_trait::async_trait;

use crate::{
    core::secret::Secret,
    ports::repository::{
        error::RepositoryError,
        model::{HistoryScan, Hooks, Protection, Push, StoredFile, TreeScan},
    },
};

/// The result of asking a repository.
pub(crate) type Result<T, E = RepositoryError> = std::result::Result<T, E>;

/// Git.
#[async_trait]
pub(crate) trait Repository: Send + Sync {
    /// The root of the work tree, or `None` where there is no repository.
    fn root(&self) -> Option<&Path>;

    /// The project's files below a folder, relative to it, as far as their names tell.
    fn project_files(&self, root: &Path) -> Vec<String>;

    /// What git's configuration calls the person here (`user.name`), if it does.
    fn user_name(&self) -> Option<String>;

    /// How well a path (relative to the root) is kept out. Cheap: does not look into the history.
    async fn protection(&self, path: &str) -> Result<Protection>;

    /// Adds an ignore line for the path to the right `.gitignore`, and asks again. Gives the file that was changed.
    async fn add_ignore(&self, path: &str) -> Result<String>;

    /// Takes a path out of the index; the file stays.
    async fn untrack(&self, path: &str) -> Result<()>;

    /// What git has of a path in its index; `None` where it does not track it.
    async fn stored(&self, path: &str) -> Result<Option<StoredFile>>;

    /// The ignored files of the work tree whose names fit one of these patterns (`*.env`), relative to the root. Dependencies' own
    /// folders (`node_modules`, `.venv`) are left out. Fails where there is no git program to tell.
    async fn ignored_files(&self, patterns: &[&str]) -> Result<Vec<String>>;

    /// The files of a folder that git tracks or would take, relative to the root; a repository in it is one name. Dependencies' own
    /// folders are left out. Fails where there is no git program to tell.
    async fn files_below(&self, folder: &str) -> Result<Vec<String>>;

    /// Looks for live secrets and other credentials in tracked files, untracked files that are not ignored, and the index.
    async fn scan_tree(
        &self,
        live: &[(String, Secret)],
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<TreeScan>;

    /// Looks for live secrets and other credentials in what the next commit adds or changes, and only there.
    async fn scan_staged(&self, live: &[(String, Secret)]) -> Result<TreeScan>;

    /// Looks for them in the message of a commit, which git has written to a file, and in the names of those who make it: these, and
    /// whom git's configuration names.
    async fn scan_message(
        &self,
        live: &[(String, Secret)],
        file: &Path,
        people: &[String],
    ) -> Result<TreeScan>;

    /// Looks for them in every object that a push would send, and in the names of what it sends.
    async fn scan_push(&self, live: &[(String, Secret)], push: &Push) -> Result<TreeScan>;

    /// The hooks as they are.
    async fn hooks(&self) -> Result<Hooks>;

    /// Installs our hooks, which run this very program. Another hook is kept and called first. Files of the tool that runs the hooks
    /// ([`Hooks::edits`]) are changed only if that is `agreed` to; else it fails, and changes nothing.
    async fn install_hooks(&self, agreed: bool) -> Result<Hooks>;

    /// Removes our hooks, and brings others back; `false` when there was none of ours.
    async fn remove_hooks(&self) -> Result<bool>;

    /// Looks for live secrets and other credentials in every object of the history, reachable or not, and for the paths of
    /// `watched` and their relatives in every tree.
    async fn scan_history(
        &self,
        live: &[(String, Secret)],
        watched: &[String],
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<HistoryScan>;
}
