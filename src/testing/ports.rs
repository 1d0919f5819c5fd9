//! Ports for tests of a single step: the real disk below a temporary directory, a repository that says what it is told, and
//! nothing else.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;

use crate::ports::{
    Ports,
    claimable::{Claimable, TemporaryDatabase},
    database::{Database, Session, TlsFacts},
    files::DiskFiles,
    neon::{
        ApiKey, Auth, Branch, BranchDatabase, Created, Endpoint, Listing, Neon, NewApiKey,
        NewBranch, NewProject, Operation, Organization, Project, Reset, User,
    },
    process::{CommandSpec, Ended, HttpAnswer, Process, Running},
    repository::{HistoryScan, Hook, Known, Leak, Protection, Repository, TreeScan},
    store::SecretStore,
};
use crate::{
    core::{
        answer::KeyStorage,
        code::Code,
        facts::KeyringState,
        failure::{Failure, Result},
        secret::Secret,
    },
    domain::url::Connection,
};

/// The ports of a test.
pub(crate) fn ports(root: &Path, state: &Path, repository: Arc<FakeRepository>) -> Ports {
    Ports {
        neon: Arc::new(Nothing),
        claimable: Arc::new(Nothing),
        database: Arc::new(Nothing),
        store: Arc::new(Nothing),
        files: Arc::new(DiskFiles::with_state(root, state)),
        repository,
        process: Arc::new(Nothing),
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
        none()
    }

    async fn install_hook(&self) -> Result<Hook> {
        none()
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

/// A port that is not there.
pub(crate) struct Nothing;

fn none<T>() -> Result<T> {
    Err(Failure::new(Code::LoginUnreachable, "not in this test"))
}

#[async_trait]
impl Neon for Nothing {
    async fn auth(&self, _: &Secret) -> Result<Auth> {
        none()
    }
    async fn user(&self, _: &Secret) -> Result<User> {
        none()
    }
    async fn organizations(&self, _: &Secret) -> Result<Vec<Organization>> {
        none()
    }
    async fn projects(
        &self,
        _: &Secret,
        _: Option<&str>,
        _: &(dyn Fn(usize) + Send + Sync),
    ) -> Result<Listing> {
        none()
    }
    async fn project(&self, _: &Secret, _: &str) -> Result<Option<Project>> {
        none()
    }
    async fn create_project(&self, _: &Secret, _: &NewProject) -> Result<Created> {
        none()
    }
    async fn operations(&self, _: &Secret, _: &str) -> Result<Vec<Operation>> {
        none()
    }
    async fn operation(&self, _: &Secret, _: &str, _: &str) -> Result<Operation> {
        none()
    }
    async fn branches(&self, _: &Secret, _: &str) -> Result<Vec<Branch>> {
        none()
    }
    async fn endpoints(&self, _: &Secret, _: &str, _: &str) -> Result<Vec<Endpoint>> {
        none()
    }
    async fn project_endpoints(&self, _: &Secret, _: &str) -> Result<Vec<Endpoint>> {
        none()
    }
    async fn create_branch(&self, _: &Secret, _: &str, _: &NewBranch) -> Result<Vec<Operation>> {
        none()
    }
    async fn create_endpoint(&self, _: &Secret, _: &str, _: &str) -> Result<Vec<Operation>> {
        none()
    }
    async fn create_database(
        &self,
        _: &Secret,
        _: &str,
        _: &str,
        _: &BranchDatabase,
    ) -> Result<Vec<Operation>> {
        none()
    }
    async fn databases(&self, _: &Secret, _: &str, _: &str) -> Result<Vec<BranchDatabase>> {
        none()
    }
    async fn connection_uri(
        &self,
        _: &Secret,
        _: &str,
        _: &str,
        _: &str,
        _: &str,
        _: bool,
    ) -> Result<Secret> {
        none()
    }
    async fn reset_password(&self, _: &Secret, _: &str, _: &str, _: &str) -> Result<Reset> {
        none()
    }
    async fn api_keys(&self, _: &Secret) -> Result<Vec<ApiKey>> {
        none()
    }
    async fn create_api_key(&self, _: &Secret, _: &str) -> Result<NewApiKey> {
        none()
    }
    async fn revoke_api_key(&self, _: &Secret, _: i64) -> Result<()> {
        none()
    }
    async fn sandbox_authority(&self) -> Option<String> {
        None
    }
}

#[async_trait]
impl Claimable for Nothing {
    async fn create(&self) -> Result<TemporaryDatabase> {
        none()
    }
    async fn get(&self, _: &Secret) -> Result<Option<TemporaryDatabase>> {
        none()
    }
}

#[async_trait]
impl Database for Nothing {
    async fn resolve(&self, _: &str, _: u16) -> Result<Vec<SocketAddr>> {
        none()
    }
    async fn dial(&self, _: &[SocketAddr]) -> Result<SocketAddr> {
        none()
    }
    async fn handshake(&self, _: &Connection, _: Option<&str>) -> Result<TlsFacts> {
        none()
    }
    async fn connect(&self, _: &Connection, _: Option<&str>) -> Result<Box<dyn Session>> {
        none()
    }
}

#[async_trait]
impl SecretStore for Nothing {
    async fn self_test(&self) -> KeyringState {
        KeyringState::Ready
    }
    async fn get(&self, _: KeyStorage, _: &str) -> Result<Option<Secret>> {
        Ok(None)
    }
    async fn set(&self, _: KeyStorage, _: &str, _: &Secret) -> Result<()> {
        none()
    }
    async fn delete(&self, _: KeyStorage, _: &str) -> Result<bool> {
        Ok(false)
    }
    fn place(&self, _: KeyStorage, _: &str) -> String {
        String::new()
    }
    async fn neon_cli(&self) -> Option<(String, Secret)> {
        None
    }
}

#[async_trait]
impl Process for Nothing {
    fn find(&self, _: &str, _: &Path) -> Option<PathBuf> {
        None
    }
    async fn run(&self, _: &CommandSpec, _: Duration) -> Result<Ended> {
        none()
    }
    async fn start(&self, _: &CommandSpec) -> Result<Box<dyn Running>> {
        none()
    }
    async fn get(&self, _: &str, _: Duration) -> Option<HttpAnswer> {
        None
    }
    fn holding(&self, _: &Secret) -> Vec<(u32, String)> {
        Vec::new()
    }
    async fn free_port(&self) -> Option<u16> {
        None
    }
    async fn listening(&self, _: u16) -> bool {
        false
    }
}
