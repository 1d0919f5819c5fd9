//! A repository whose answers are set by hand.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;

use crate::{
    core::{
        code::Code,
        failure::{Failure, Result},
        secret::Secret,
    },
    ports::repository::{HistoryScan, Hook, Known, Leak, Protection, Repository, TreeScan},
    testing::world::World,
};

#[async_trait]
impl Repository for World {
    fn root(&self) -> Option<&Path> {
        Some(Path::new("/repo"))
    }

    fn user_name(&self) -> Option<String> {
        self.with(|state| state.user_name.clone())
    }

    async fn protection(&self, _path: &str) -> Result<Protection> {
        Ok(Protection {
            ignored: Known::Yes,
            tracked: Known::No,
            staged: Known::No,
            committed: Known::No,
            exposed: Vec::new(),
        })
    }

    async fn add_ignore(&self, _path: &str) -> Result<String> {
        Ok(".gitignore".to_owned())
    }

    async fn ignored_files(&self, patterns: &[&str]) -> Result<Vec<String>> {
        let env = patterns.contains(&".env.*");
        Ok(self.with(|state| {
            let fits = |file: &&String| file.contains(".env") == env;
            state.ignored.iter().filter(fits).cloned().collect()
        }))
    }

    async fn untrack(&self, _path: &str) -> Result<()> {
        Ok(())
    }

    async fn scan_tree(
        &self,
        _live: &[(String, Secret)],
        _progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<TreeScan> {
        Ok(TreeScan::default())
    }

    async fn scan_staged(&self, _live: &[(String, Secret)]) -> Result<TreeScan> {
        Ok(TreeScan::default())
    }

    async fn hook(&self) -> Result<Hook> {
        Err(Failure::new(Code::SecretsUnknown, "no hooks here"))
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
        Ok(HistoryScan::default())
    }
}

/// A repository whose answers are set by hand.
#[derive(Debug, Default)]
pub(crate) struct FakeRepository {
    pub(crate) root: Option<PathBuf>,
    pub(crate) ignored: Mutex<BTreeSet<String>>,
    pub(crate) tracked: Mutex<BTreeSet<String>>,
}

impl FakeRepository {
    pub(crate) fn at(root: &Path) -> Arc<Self> {
        Arc::new(Self {
            root: Some(root.to_owned()),
            ..Self::default()
        })
    }
}

fn known(is: bool) -> Known {
    if is { Known::Yes } else { Known::No }
}

#[async_trait]
impl Repository for FakeRepository {
    fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    fn user_name(&self) -> Option<String> {
        None
    }

    async fn protection(&self, path: &str) -> Result<Protection> {
        Ok(Protection {
            ignored: known(self.ignored.lock().unwrap().contains(path)),
            tracked: known(self.tracked.lock().unwrap().contains(path)),
            staged: Known::No,
            committed: Known::No,
            exposed: Vec::new(),
        })
    }

    async fn add_ignore(&self, path: &str) -> Result<String> {
        self.ignored.lock().unwrap().insert(path.to_owned());
        Ok(".gitignore".to_owned())
    }

    async fn untrack(&self, path: &str) -> Result<()> {
        self.tracked.lock().unwrap().remove(path);
        Ok(())
    }

    async fn ignored_files(&self, _: &[&str]) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    async fn scan_tree(
        &self,
        _: &[(String, Secret)],
        _: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<TreeScan> {
        Ok(TreeScan::default())
    }

    async fn scan_staged(&self, _: &[(String, Secret)]) -> Result<TreeScan> {
        Ok(TreeScan::default())
    }

    async fn hook(&self) -> Result<Hook> {
        Err(Failure::new(Code::SecretsUnknown, "no hooks here"))
    }

    async fn install_hook(&self) -> Result<Hook> {
        Err(Failure::new(Code::SecretsUnknown, "no hooks here"))
    }

    async fn remove_hook(&self) -> Result<bool> {
        Ok(false)
    }

    async fn scan_history(
        &self,
        _: &[(String, Secret)],
        _: &[String],
        _: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<HistoryScan> {
        Ok(HistoryScan {
            leaks: Vec::<Leak>::new(),
            ..HistoryScan::default()
        })
    }
}
