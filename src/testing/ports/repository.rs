//! A repository whose answers are set by hand.

use std::path::Path;

use async_trait::async_trait;

use crate::{
    core::secret::Secret,
    ports::repository::{
        GitAnswer, HistoryScan, Hook, Protection, Repository, RepositoryError, TreeScan,
    },
    testing::world::World,
};

type Result<T> = std::result::Result<T, RepositoryError>;

#[async_trait]
impl Repository for World {
    fn root(&self) -> Option<&Path> {
        (!self.with(|state| state.no_repository)).then(|| Self::root(self))
    }

    fn user_name(&self) -> Option<String> {
        self.with(|state| state.user_name.clone())
    }

    async fn protection(&self, path: &str) -> Result<Protection> {
        Ok(self.with(|state| Protection {
            ignored: known(state.ignored.as_ref().is_none_or(|all| all.contains(path))),
            tracked: known(state.tracked.contains(path)),
            staged: GitAnswer::No,
            exposed: Vec::new(),
        }))
    }

    async fn add_ignore(&self, path: &str) -> Result<String> {
        self.ignore(path);
        Ok(".gitignore".to_owned())
    }

    async fn ignored_files(&self, patterns: &[&str]) -> Result<Vec<String>> {
        let env = patterns.contains(&".env.*");
        Ok(self.with(|state| {
            let fits = |file: &&String| file.contains(".env") == env;
            state.ignored_files.iter().filter(fits).cloned().collect()
        }))
    }

    async fn files_below(&self, _folder: &str) -> Result<Vec<String>> {
        Err(RepositoryError::NotARepository)
    }

    async fn untrack(&self, path: &str) -> Result<()> {
        self.with(|state| state.tracked.remove(path));
        Ok(())
    }

    async fn scan_tree(
        &self,
        _live: &[(String, Secret)],
        _progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<TreeScan> {
        Ok(TreeScan::new())
    }

    async fn scan_staged(&self, _live: &[(String, Secret)]) -> Result<TreeScan> {
        Ok(TreeScan::new())
    }

    async fn hook(&self) -> Result<Hook> {
        Err(RepositoryError::NotARepository)
    }

    async fn install_hook(&self) -> Result<Hook> {
        self.hook().await
    }

    async fn remove_hook(&self) -> Result<bool> {
        Ok(false)
    }

    async fn scan_history(
        &self,
        _live: &[(String, Secret)],
        _watched: &[String],
        _progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<HistoryScan> {
        Ok(HistoryScan::new())
    }
}

fn known(is: bool) -> GitAnswer {
    if is { GitAnswer::Yes } else { GitAnswer::No }
}
