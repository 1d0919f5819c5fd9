//! The real adapter.

use std::{
    collections::hash_map::RandomState,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use tokio::{sync::watch, task::JoinError};

use crate::{
    core::secret::Secret,
    os::folders,
    ports::progress,
    ports::repository::{
        error::RepositoryError,
        gitignore,
        history::{self, HistoryQuery},
        hooks::{self, HookRecords},
        ignored,
        layout::{Layout, clean},
        meter::{Meter, StopOnDrop},
        model::{GitAnswer, HistoryScan, Hooks, Protection, Push, StoredFile, TreeScan},
        port::{Repository, Result},
        program::{GitEnvironment, GitProgram},
        protection, push,
        searcher::Searcher,
        survey::{self, Survey},
        tree,
    },
};

/// How git is asked.
#[derive(Debug, Clone)]
pub(crate) struct GitOptions {
    /// The git program; `None` does without one.
    pub program: Option<String>,
    pub environment: GitEnvironment,
    /// Where the searches of packs are remembered; `None` for nowhere.
    pub cache: Option<PathBuf>,
    /// The user's folder for what a program remembers; `None` remembers nothing.
    pub state: Option<PathBuf>,
}

impl Default for GitOptions {
    fn default() -> Self {
        Self {
            program: Some("git".to_owned()),
            environment: GitEnvironment::Inherited(Vec::new()),
            cache: folders::cache().map(|cache| cache.join("neonup").join("packs")),
            state: folders::state(),
        }
    }
}

/// A repository on the disk, or the knowledge that there is none.
#[derive(Debug, Clone)]
pub(crate) struct GitRepository {
    layout: Option<Arc<Layout>>,
    git: GitProgram,
    cache: Option<PathBuf>,
    state: Option<PathBuf>,
    /// Makes the numbers that tell other credentials apart.
    salt: RandomState,
}

impl GitRepository {
    /// The innermost repository around a directory, with git asked in a certain way.
    pub(crate) fn open(directory: &Path, options: GitOptions) -> Self {
        let git = GitProgram::new(options.program, options.environment).anchored(directory);
        let layout = Layout::discover(directory, &git).map(Arc::new);
        let outside = |cache: &PathBuf| {
            layout
                .as_ref()
                .is_none_or(|layout| !cache.starts_with(&layout.root))
        };
        Self {
            cache: options.cache.filter(outside),
            state: options.state,
            layout,
            git,
            salt: RandomState::new(),
        }
    }

    /// The git directory of this work tree, and the one that all its work trees share.
    pub(crate) fn folders(&self) -> Option<(&Path, &Path)> {
        let layout = self.layout.as_ref()?;
        Some((&layout.git_dir, &layout.common))
    }

    /// Names the project's files below a folder, the root of the repository where there is one.
    pub(crate) fn survey(&self, root: &Path) -> Survey {
        let common = self.layout.as_ref().map(|layout| layout.common.as_path());
        survey::survey(root, common)
    }

    /// Git's configuration, as libgit2 reads it.
    fn config(&self) -> Option<git2::Config> {
        let config = match &self.layout {
            Some(layout) => git2::Repository::open(&layout.root).and_then(|found| found.config()),
            None => git2::Config::open_default(),
        };
        config.ok()
    }

    fn layout(&self) -> Result<Arc<Layout>> {
        let layout = self.layout.clone().ok_or(RepositoryError::NotARepository)?;
        match &layout.unopened {
            Some(error) => Err(RepositoryError::Unopened(error.clone())),
            None => Ok(layout),
        }
    }

    /// Runs short blocking work.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Layout, &GitProgram) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (layout, git) = (self.layout()?, self.git.clone());
        finish(tokio::task::spawn_blocking(progress::carried(move || work(&layout, &git))).await)
    }

    /// Runs a scan that reports how far it is, and stops it when nobody waits any more.
    async fn scan<T: Send + 'static>(
        &self,
        live: &[(String, Secret)],
        progress: &(dyn Fn(u64, u64) + Send + Sync),
        work: impl FnOnce(&Layout, &GitProgram, &Searcher, &Meter) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (layout, git) = (self.layout()?, self.git.clone());
        let searcher = Searcher::new(live, self.salt.clone())?;
        let (meter, mut reports) = Meter::new();
        let _stop = StopOnDrop(Arc::clone(&meter));
        let mut task = tokio::task::spawn_blocking(progress::carried(move || {
            work(&layout, &git, &searcher, &meter)
        }));
        loop {
            tokio::select! {
                result = &mut task => return finish(result),
                changed = reports.changed() => match changed {
                    Ok(()) => report(&mut reports, progress),
                    Err(_) => return finish(task.await),
                },
            }
        }
    }
}

fn report(reports: &mut watch::Receiver<(u64, u64)>, progress: &(dyn Fn(u64, u64) + Send + Sync)) {
    let (done, total) = *reports.borrow_and_update();
    progress(done, total);
}

fn finish<T>(result: std::result::Result<Result<T>, JoinError>) -> Result<T> {
    match result {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(RepositoryError::Cancelled),
    }
}

#[async_trait]
impl Repository for GitRepository {
    fn root(&self) -> Option<&Path> {
        self.layout.as_ref().map(|layout| layout.root.as_path())
    }

    fn project_files(&self, root: &Path) -> Vec<String> {
        self.survey(root).files
    }

    fn user_name(&self) -> Option<String> {
        let name = self.config()?.get_string("user.name").ok()?;
        Some(name).filter(|name| !name.trim().is_empty())
    }

    async fn protection(&self, path: &str) -> Result<Protection> {
        if let Err(RepositoryError::Unopened(error)) = self.layout() {
            let unknown = GitAnswer::Unknown(error.to_string());
            return Ok(Protection {
                ignored: unknown.clone(),
                tracked: unknown.clone(),
                staged: unknown,
                exposed: Vec::new(),
            });
        }
        let path = path.to_owned();
        self.run(move |layout, git| match clean(&path) {
            Some(path) => Ok(protection::protection(layout, git, &path)),
            None => Err(RepositoryError::OutsidePath(path)),
        })
        .await
    }

    async fn add_ignore(&self, path: &str) -> Result<String> {
        let path = path.to_owned();
        self.run(move |layout, git| {
            gitignore::add(layout, git, &path)
                .map_err(|reason| RepositoryError::NotIgnored { path, reason })
        })
        .await
    }

    async fn untrack(&self, path: &str) -> Result<()> {
        let path = path.to_owned();
        self.run(move |layout, git| {
            protection::untrack(layout, git, &path)
                .map_err(|reason| RepositoryError::NotUntracked { path, reason })
        })
        .await
    }

    async fn stored(&self, path: &str) -> Result<Option<StoredFile>> {
        let path = path.to_owned();
        self.run(move |layout, git| {
            protection::stored(layout, git, &path).map_err(RepositoryError::Unlisted)
        })
        .await
    }

    async fn ignored_files(&self, patterns: &[&str]) -> Result<Vec<String>> {
        let patterns: Vec<_> = patterns
            .iter()
            .map(|pattern| (*pattern).to_owned())
            .collect();
        self.run(move |layout, git| {
            ignored::files(layout, git, &patterns).map_err(RepositoryError::Unlisted)
        })
        .await
    }

    async fn files_below(&self, folder: &str) -> Result<Vec<String>> {
        let folder = folder.to_owned();
        self.run(move |layout, git| {
            ignored::kept_below(layout, git, &folder).map_err(RepositoryError::Unlisted)
        })
        .await
    }

    async fn scan_tree(
        &self,
        live: &[(String, Secret)],
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<TreeScan> {
        self.scan(live, progress, tree::scan).await
    }

    async fn scan_staged(&self, live: &[(String, Secret)]) -> Result<TreeScan> {
        self.scan(live, &|_, _| {}, tree::scan_staged).await
    }

    async fn scan_message(
        &self,
        live: &[(String, Secret)],
        file: &Path,
        people: &[String],
    ) -> Result<TreeScan> {
        let file = file.to_owned();
        let mut people = people.to_vec();
        if let Some(config) = self.config() {
            let names = ["user.name", "user.email", "author.name", "author.email"]
                .into_iter()
                .chain(["committer.name", "committer.email"]);
            people.extend(names.filter_map(|name| config.get_string(name).ok()));
        }
        self.scan(live, &|_, _| {}, move |_, _, searcher, _| {
            Ok(push::scan_message(&file, &people, searcher))
        })
        .await
    }

    async fn scan_push(&self, live: &[(String, Secret)], push: &Push) -> Result<TreeScan> {
        let push = push.clone();
        self.scan(live, &|_, _| {}, move |layout, git, searcher, meter| {
            push::scan(layout, git, &push, searcher, meter).map_err(RepositoryError::Unsearched)
        })
        .await
    }

    async fn hooks(&self) -> Result<Hooks> {
        let state = self.state.clone();
        self.run(move |layout, git| hooks::inspect(layout, git, &HookRecords::new(layout, state)))
            .await
    }

    async fn install_hooks(&self, agreed: bool) -> Result<Hooks> {
        let state = self.state.clone();
        self.run(move |layout, git| {
            hooks::install(layout, git, &HookRecords::new(layout, state), agreed)
        })
        .await
    }

    async fn remove_hooks(&self) -> Result<bool> {
        let state = self.state.clone();
        self.run(move |layout, git| hooks::remove(layout, git, &HookRecords::new(layout, state)))
            .await
    }

    async fn scan_history(
        &self,
        live: &[(String, Secret)],
        watched: &[String],
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<HistoryScan> {
        let query = HistoryQuery {
            live: live.to_owned(),
            watched: watched.to_owned(),
            cache: self.cache.clone(),
        };
        self.scan(live, progress, move |layout, git, searcher, meter| {
            history::scan(layout, git, &query, searcher, meter)
        })
        .await
    }
}
