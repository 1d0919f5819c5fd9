//! A repository whose answers are set by hand.

use std::path::Path;

use async_trait::async_trait;

use crate::{
    core::secret::Secret,
    domain::credentials::Weight,
    ports::repository::{
        GitAnswer, HistoryScan, Hooks, Leak, LeakedSecret, Location, Protection, Push, Repository,
        RepositoryError, StoredFile, TreeScan,
    },
    testing::world::World,
};

type Result<T> = std::result::Result<T, RepositoryError>;

#[async_trait]
impl Repository for World {
    fn root(&self) -> Option<&Path> {
        (!self.with(|state| state.no_repository)).then(|| Self::root(self))
    }

    fn project_files(&self, root: &Path) -> Vec<String> {
        self.with(|state| {
            let files = state.files.keys();
            let below = files.filter_map(|path| path.strip_prefix(root).ok());
            below.map(|path| path.display().to_string()).collect()
        })
    }

    fn user_name(&self) -> Option<String> {
        self.with(|state| state.user_name.clone())
    }

    async fn protection(&self, path: &str) -> Result<Protection> {
        Ok(self.with(|state| {
            let answer = |is: bool| match state.git_refuses {
                Some(why) => GitAnswer::Unknown(why.to_owned()),
                None if is => GitAnswer::Yes,
                None => GitAnswer::No,
            };
            Protection {
                ignored: answer(state.ignored.as_ref().is_none_or(|all| all.contains(path))),
                tracked: answer(state.tracked.contains(path)),
                staged: answer(false),
                exposed: Vec::new(),
            }
        }))
    }

    async fn add_ignore(&self, path: &str) -> Result<String> {
        self.ignore(path);
        Ok(".gitignore".to_owned())
    }

    async fn stored(&self, path: &str) -> Result<Option<StoredFile>> {
        let file = Self::root(self).join(path);
        Ok(self.with(|state| {
            let tracked = state.tracked.contains(path);
            let bytes = state.files.get(&file).filter(|_| tracked)?;
            Some(StoredFile {
                versions: vec![bytes.clone()],
                is_filtered: false,
            })
        }))
    }

    async fn ignored_files(&self, patterns: &[&str]) -> Result<Vec<String>> {
        let env = patterns.contains(&".env.*");
        Ok(self.with(|state| {
            let fits = |file: &&String| file.contains(".env") == env;
            state.ignored_files.iter().filter(fits).cloned().collect()
        }))
    }

    async fn files_below(&self, _folder: &str) -> Result<Vec<String>> {
        self.with(|state| state.kept.clone())
            .ok_or(RepositoryError::NotARepository)
    }

    async fn untrack(&self, path: &str) -> Result<()> {
        self.with(|state| state.tracked.remove(path));
        Ok(())
    }

    async fn scan_tree(
        &self,
        live: &[(String, Secret)],
        _progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<TreeScan> {
        let mut scan = TreeScan::new();
        scan.leaks = self.leaks(live, true);
        self.with(|state| {
            for unread in &state.unread {
                scan.coverage.leave_out(unread.clone());
            }
        });
        Ok(scan)
    }

    async fn scan_staged(&self, _live: &[(String, Secret)]) -> Result<TreeScan> {
        Ok(TreeScan::new())
    }

    async fn scan_message(
        &self,
        _live: &[(String, Secret)],
        _file: &Path,
        _people: &[String],
    ) -> Result<TreeScan> {
        Ok(TreeScan::new())
    }

    async fn scan_push(&self, _live: &[(String, Secret)], _push: &Push) -> Result<TreeScan> {
        Ok(TreeScan::new())
    }

    async fn hooks(&self) -> Result<Hooks> {
        Err(RepositoryError::NotARepository)
    }

    async fn install_hooks(&self, _agreed: bool) -> Result<Hooks> {
        self.hooks().await
    }

    async fn remove_hooks(&self) -> Result<bool> {
        Ok(false)
    }

    async fn scan_history(
        &self,
        live: &[(String, Secret)],
        _watched: &[String],
        _progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<HistoryScan> {
        let mut scan = HistoryScan::new();
        scan.leaks = self.leaks(live, false);
        Ok(scan)
    }
}

impl World {
    /// The blobs of the tree, or of the history, that hold one of these secrets.
    fn leaks(&self, live: &[(String, Secret)], tree: bool) -> Vec<Leak> {
        self.with(|state| {
            let blobs = state.blobs.iter();
            let blobs = blobs.filter(|blob| (blob.location == Location::Tracked) == tree);
            blobs
                .flat_map(|blob| {
                    let held = live
                        .iter()
                        .filter(|(_, secret)| blob.text.contains(secret.expose()));
                    held.map(|(label, _)| Leak {
                        secret: LeakedSecret::Live(label.clone()),
                        weight: Weight::Real,
                        identity: 0,
                        spelling: "",
                        path: Some(blob.path.clone()),
                        line: Some(1),
                        location: blob.location,
                        note: "",
                        object: None,
                        commits: Vec::new(),
                        more: 0,
                    })
                })
                .collect()
        })
    }
}
