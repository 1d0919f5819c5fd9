//! A small world in memory: fakes of every port, for tests of the engine and of the steps.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use crate::{
    core::{
        answer::KeyStorage,
        code::Code,
        environment::Environment,
        event::Event,
        facts::KeyringState,
        failure::{Failure, Result},
        secret::Secret,
        step::StepId,
    },
    domain::url::Connection,
    engine::context::Cx,
    ports::{
        Ports,
        claimable::{Claimable, TemporaryDatabase},
        database::{Database, Session, SqlFile, TableFacts, TlsFacts},
        files::{FileError, FileKind, FileStat, Files, UndoCopy},
        neon::{
            ApiKey, Auth, Branch, BranchDatabase, Created, Endpoint, Listing, Neon, NewApiKey,
            NewBranch, NewProject, Operation, Organization, Project, Reset, User,
        },
        process::{CommandSpec, Ended, HttpAnswer, Process, Running},
        repository::{HistoryScan, Hook, Known, Protection, Repository, TreeScan},
        store::SecretStore,
    },
    project::{
        config::Config,
        resolve::Layers,
        settings::{Flags, Settings},
    },
};
use async_trait::async_trait;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The key that the fake Neon accepts; a canary that no output may hold.
pub(crate) const KEY: &str = "napi_canary0123456789canary";
/// The password of every role, until it is reset.
pub(crate) const PASSWORD: &str = "npg_canaryPassword42";

/// What a create does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Create {
    #[default]
    Answers,
    /// Makes the project, but the answer never arrives.
    AnswerLost,
    /// Nothing is made, and nobody is told.
    Nothing,
    Refused(Code),
}

#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one switch of the fake world"
)]
pub(crate) struct State {
    pub projects: Vec<Project>,
    pub unavailable: Vec<String>,
    pub create: Create,
    pub creates: usize,
    pub org_needed: bool,
    pub organizations: Vec<Organization>,
    /// How many more polls an operation needs.
    pub busy: usize,
    pub operation_fails: bool,
    pub scoped_to: Option<String>,
    pub auth_panics: bool,
    pub auth_hangs: bool,
    pub auth_method: Option<String>,
    pub stored: BTreeMap<(u8, String), String>,
    pub keyring: Option<String>,
    pub neon_cli: Option<(String, String)>,
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    pub calls: Vec<String>,
    /// Neon's password of the role, where it was reset.
    pub password: Option<String>,
    /// What the compute takes, where it is not [`PASSWORD`]: a reset works only when its operation has finished.
    pub accepted: Option<String>,
    /// Neon's password whose operation failed: the compute never learns it.
    pub never_applied: Option<String>,
    pub resets: usize,
    /// This many resets are done, and their answers lost.
    pub lost_resets: usize,
    /// Keys beside [`KEY`], with their numbers; a revoked one goes.
    pub keys: Vec<(i64, String, String)>,
    /// Whether [`KEY`], which has number 1, was revoked.
    pub revoked: bool,
    /// How often each key was used.
    pub uses: BTreeMap<i64, u64>,
    /// Whether Neon's list tells when a key was last used.
    pub tells_uses: bool,
    /// This many keys are made, and the answers lost.
    pub lost_keys: usize,
    /// How many more changes of the world happen before everything stands still, as after a SIGKILL.
    pub changes_left: Option<usize>,
    pub killed: bool,
    /// Branches beside `main`.
    pub branches: Vec<Branch>,
    /// What new projects were to be.
    pub new_projects: Vec<NewProject>,
    /// What was asked for when they were made.
    pub new_branches: Vec<NewBranch>,
    /// This many branches are made, and the answers lost.
    pub lost_branches: usize,
    /// Whether the branches have no compute.
    pub no_compute: bool,
    /// Databases beside `neondb`.
    pub databases: Vec<BranchDatabase>,
    /// Hosts of projects, where they are not all the same.
    pub hosts: BTreeMap<String, String>,
    /// git's `user.name`.
    pub user_name: Option<String>,
    /// How many projects the user may have.
    pub projects_limit: Option<i64>,
    /// Another one's project of the same name appears together with ours.
    pub rival: Option<Project>,
    /// Files that git ignores.
    pub ignored: Vec<String>,
    /// What the service of temporary databases makes next, and what it knows.
    pub temporary: Option<TemporaryDatabase>,
    /// How many temporary databases were made.
    pub temporaries: usize,
    /// What the service says in place of an answer.
    pub service_fails: Option<Failure>,
}

impl State {
    /// Neon's password of the role.
    pub(crate) fn password(&self) -> String {
        self.password.clone().unwrap_or_else(|| PASSWORD.to_owned())
    }

    fn accepted(&self) -> String {
        self.accepted.clone().unwrap_or_else(|| PASSWORD.to_owned())
    }
}

/// All fakes share one state.
#[derive(Clone, Default)]
pub(crate) struct World(pub Arc<Mutex<State>>);

impl World {
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    pub(crate) fn ports(&self) -> Ports {
        let world = Arc::new(self.clone());
        Ports {
            neon: world.clone(),
            claimable: world.clone(),
            database: world.clone(),
            store: world.clone(),
            files: world.clone(),
            repository: world.clone(),
            process: world,
        }
    }

    /// Settings of a project `todo` in `/repo`, with the right key in the environment.
    pub(crate) fn settings(flags: Flags) -> Settings {
        Self::settings_with(&[("NEON_API_KEY", KEY)], flags)
    }

    pub(crate) fn settings_with(environment: &[(&str, &str)], flags: Flags) -> Settings {
        Self::settings_of("[project]\nname = \"todo\"\n", environment, flags)
    }

    pub(crate) fn settings_of(
        config: &str,
        environment: &[(&str, &str)],
        flags: Flags,
    ) -> Settings {
        let config = Config::parse(config).unwrap();
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::resolve(
            Path::new("/repo"),
            Path::new("/repo/neonup.toml"),
            Layers {
                config: Some(config),
                detected: Config::default(),
                environment: Environment::new(environment),
            },
            flags,
            SystemTime::UNIX_EPOCH + Duration::from_hours(490_896),
        )
    }

    pub(crate) fn context(
        &self,
        settings: Settings,
        step: StepId,
    ) -> (Cx, UnboundedReceiver<Event>) {
        let (sender, receiver) = unbounded_channel();
        (Cx::for_test(settings, self.ports(), step, sender), receiver)
    }

    pub(crate) fn project(&self, id: &str, name: &str) {
        self.with(|state| state.projects.push(project(id, name)));
    }

    pub(crate) fn file(&self, path: &str) -> Option<String> {
        self.with(|state| {
            state
                .files
                .get(Path::new(path))
                .map(|bytes| String::from_utf8(bytes.clone()).unwrap())
        })
    }

    fn called(&self, call: &str) {
        self.with(|state| state.calls.push(call.to_owned()));
    }

    /// Whether a change may happen; false once the process counts as killed.
    fn change(&self) -> bool {
        self.with(|state| {
            match &mut state.changes_left {
                Some(0) => state.killed = true,
                Some(left) => *left -= 1,
                None => {}
            }
            !state.killed
        })
    }

    /// A call that changes the world: never goes on where the process counts as killed.
    async fn changing(&self, call: &str) {
        if !self.change() {
            std::future::pending::<()>().await;
        }
        self.called(call);
    }

    fn check(&self, key: &Secret) -> Result<()> {
        let known = self.with(|state| {
            let own = (key.expose() == KEY && !state.revoked).then_some(1);
            let mut others = state.keys.iter();
            let mut other = || others.find(|(_, _, known)| known == key.expose());
            let id = own.or_else(|| other().map(|(id, ..)| *id))?;
            *state.uses.entry(id).or_default() += 1;
            Some(id)
        });
        if known.is_some() {
            return Ok(());
        }
        Err(
            Failure::new(Code::LoginKeyRejected, "Neon does not accept the API key")
                .hint("make a new key"),
        )
    }
}

pub(crate) fn project(id: &str, name: &str) -> Project {
    Project {
        id: id.to_owned(),
        name: name.to_owned(),
        region_id: "aws-us-east-2".to_owned(),
        pg_version: 17,
        created_at: "2025-12-29T00:00:00Z".to_owned(),
        org_id: None,
    }
}

fn connection() -> Connection {
    let uri = format!(
        "postgresql://neondb_owner:{PASSWORD}@ep-a-b-12345678.us-east-2.aws.neon.tech/neondb?sslmode=require"
    );
    Connection::from_uris(&Secret::new(uri), None).unwrap()
}

#[async_trait]
impl Neon for World {
    async fn auth(&self, key: &Secret) -> Result<Auth> {
        self.called("auth");
        let (panics, hangs, method) = self.with(|state| {
            (
                state.auth_panics,
                state.auth_hangs,
                state.auth_method.clone(),
            )
        });
        assert!(!panics, "a panic with {} in it", key.expose());
        if hangs {
            std::future::pending::<()>().await;
        }
        self.check(key)?;
        Ok(Auth {
            account_id: "ada".to_owned(),
            auth_method: method.unwrap_or_else(|| "api_key_user".to_owned()),
        })
    }

    async fn user(&self, key: &Secret) -> Result<User> {
        self.check(key)?;
        Ok(User {
            email: "ada@example.org".to_owned(),
            projects_limit: self.with(|state| state.projects_limit),
        })
    }

    async fn organizations(&self, _key: &Secret) -> Result<Vec<Organization>> {
        Ok(self.with(|state| state.organizations.clone()))
    }

    async fn projects(
        &self,
        key: &Secret,
        org: Option<&str>,
        page: &(dyn Fn(usize) + Send + Sync),
    ) -> Result<Listing> {
        self.called("list");
        self.check(key)?;
        self.with(|state| {
            if let Some(id) = &state.scoped_to {
                return Err(Failure::new(
                    Code::LoginKeyScope,
                    "this kind of API key may not do that",
                )
                .why(format!("…; subject_project_id:\"{id}\"")));
            }
            if state.org_needed && org.is_none() {
                return Err(Failure::new(
                    Code::ProjectOrganizationNeeded,
                    "Neon asks which organization is meant",
                ));
            }
            page(state.projects.len());
            Ok(Listing {
                projects: state.projects.clone(),
                unavailable: state.unavailable.clone(),
            })
        })
    }

    async fn project(&self, _key: &Secret, id: &str) -> Result<Option<Project>> {
        self.called("project");
        Ok(self.with(|state| {
            state
                .projects
                .iter()
                .find(|project| project.id == id)
                .cloned()
        }))
    }

    async fn create_project(&self, _key: &Secret, new: &NewProject) -> Result<Created> {
        self.called("create");
        self.with(|state| {
            state.creates += 1;
            state.new_projects.push(new.clone());
            let made = project(&format!("made-{}", state.creates), &new.name);
            state
                .databases
                .extend(new.database.clone().map(|name| BranchDatabase {
                    name,
                    owner_name: "neondb_owner".to_owned(),
                }));
            state.branches.extend(new.branch.clone().map(|name| Branch {
                id: format!("br-{name}"),
                name,
                ..branch()
            }));
            let lost = || Failure::new(Code::ProjectNotReady, "the answer was lost");
            let rival = state.rival.take();
            state.projects.extend(rival);
            match state.create {
                Create::Answers => state.projects.push(made.clone()),
                Create::AnswerLost => {
                    state.projects.push(made);
                    return Err(lost());
                }
                Create::Nothing => return Err(lost()),
                Create::Refused(code) => return Err(Failure::new(code, "no")),
            }
            Ok(Created {
                project: made,
                branch: branch(),
                operations: if state.busy > 0 || state.operation_fails {
                    vec![Operation {
                        id: "op".to_owned(),
                        action: "start_compute".to_owned(),
                        status: "running".to_owned(),
                        error: None,
                    }]
                } else {
                    Vec::new()
                },
                connection: Some(connection()),
            })
        })
    }

    async fn operations(&self, _key: &Secret, _project: &str) -> Result<Vec<Operation>> {
        Ok(self.with(|state| {
            if state.operation_fails {
                state.never_applied.clone_from(&state.password);
            }
            if state.busy == 0 && state.never_applied != state.password {
                state.accepted.clone_from(&state.password);
            }
            let status = if state.operation_fails {
                "failed"
            } else if state.busy > 0 {
                state.busy -= 1;
                "running"
            } else {
                "finished"
            };
            vec![Operation {
                id: "op".to_owned(),
                action: "start_compute".to_owned(),
                status: status.to_owned(),
                error: None,
            }]
        }))
    }

    async fn operation(&self, key: &Secret, project: &str, _id: &str) -> Result<Operation> {
        Ok(self.operations(key, project).await?.remove(0))
    }

    async fn branches(&self, _key: &Secret, _project: &str) -> Result<Vec<Branch>> {
        Ok(self.with(|state| {
            let made = state.branches.clone();
            [branch()].into_iter().chain(made).collect()
        }))
    }

    async fn endpoints(
        &self,
        _key: &Secret,
        _project: &str,
        branch: &str,
    ) -> Result<Vec<Endpoint>> {
        if self.with(|state| state.no_compute) {
            return Ok(Vec::new());
        }
        Ok(vec![Endpoint {
            id: "ep-a-b-12345678".to_owned(),
            host: "ep-a-b-12345678.us-east-2.aws.neon.tech".to_owned(),
            branch_id: branch.to_owned(),
            kind: "read_write".to_owned(),
            current_state: "active".to_owned(),
        }])
    }

    async fn project_endpoints(&self, key: &Secret, project: &str) -> Result<Vec<Endpoint>> {
        self.called("project endpoints");
        let branch = branch().id;
        let mut endpoints = self.endpoints(key, project, &branch).await?;
        if let Some(host) = self.with(|state| state.hosts.get(project).cloned()) {
            endpoints[0].host = host;
        }
        Ok(endpoints)
    }

    async fn create_branch(
        &self,
        _key: &Secret,
        _project: &str,
        new: &NewBranch,
    ) -> Result<Vec<Operation>> {
        self.changing("create branch").await;
        let made = Branch {
            id: format!("br-made-{}", new.name),
            name: new.name.clone(),
            default: false,
            current_state: "ready".to_owned(),
        };
        self.with(|state| {
            state.branches.push(made);
            state.new_branches.push(new.clone());
            if state.lost_branches > 0 {
                state.lost_branches -= 1;
                return Err(Failure::new(Code::LoginUnreachable, "no answer"));
            }
            Ok(Vec::new())
        })
    }

    async fn create_endpoint(
        &self,
        _key: &Secret,
        _project: &str,
        _branch: &str,
    ) -> Result<Vec<Operation>> {
        self.changing("create endpoint").await;
        self.with(|state| state.no_compute = false);
        Ok(Vec::new())
    }

    async fn create_database(
        &self,
        _key: &Secret,
        _project: &str,
        _branch: &str,
        database: &BranchDatabase,
    ) -> Result<Vec<Operation>> {
        self.changing("create database").await;
        self.with(|state| state.databases.push(database.clone()));
        Ok(Vec::new())
    }

    async fn databases(
        &self,
        _key: &Secret,
        _project: &str,
        _branch: &str,
    ) -> Result<Vec<BranchDatabase>> {
        let usual = BranchDatabase {
            name: "neondb".to_owned(),
            owner_name: "neondb_owner".to_owned(),
        };
        let made = self.with(|state| state.databases.clone());
        Ok([usual].into_iter().chain(made).collect())
    }

    async fn connection_uri(
        &self,
        _key: &Secret,
        _project: &str,
        _branch: &str,
        database: &str,
        role: &str,
        pooled: bool,
    ) -> Result<Secret> {
        let suffix = if pooled { "-pooler" } else { "" };
        let password = self.with(|state| state.password());
        Ok(Secret::new(format!(
            "postgresql://{role}:{password}@ep-a-b-12345678{suffix}.us-east-2.aws.neon.tech/{database}?sslmode=require&channel_binding=require"
        )))
    }

    async fn reset_password(
        &self,
        key: &Secret,
        _project: &str,
        _branch: &str,
        _role: &str,
    ) -> Result<Reset> {
        self.check(key)?;
        self.changing("reset").await;
        self.with(|state| {
            state.resets += 1;
            state.busy = 2;
            let password = format!("npg_rotated{}Password42", state.resets);
            state.password = Some(password.clone());
            if state.lost_resets > 0 {
                state.lost_resets -= 1;
                return Err(Failure::new(Code::LoginUnreachable, "no answer"));
            }
            Ok(Reset {
                password: Secret::new(password),
                operations: vec![Operation {
                    id: "op".to_owned(),
                    action: "apply_config".to_owned(),
                    status: "running".to_owned(),
                    error: None,
                }],
            })
        })
    }

    async fn api_keys(&self, key: &Secret) -> Result<Vec<ApiKey>> {
        self.check(key)?;
        Ok(self.with(|state| {
            let own = (!state.revoked).then(|| (1, "mine".to_owned()));
            let others = state.keys.iter().map(|(id, name, _)| (*id, name.clone()));
            own.into_iter()
                .chain(others)
                .map(|(id, name)| ApiKey {
                    id,
                    name,
                    last_used_at: state
                        .uses
                        .get(&id)
                        .filter(|_| state.tells_uses)
                        .map(|count| format!("2026-01-01T00:00:{count:02}Z")),
                })
                .collect()
        }))
    }

    async fn create_api_key(&self, key: &Secret, name: &str) -> Result<NewApiKey> {
        self.check(key)?;
        self.changing("create key").await;
        self.with(|state| {
            let id = 2 + i64::try_from(state.keys.len()).unwrap();
            let secret = format!("napi_another{id}0123456789another");
            state.keys.push((id, name.to_owned(), secret.clone()));
            if state.lost_keys > 0 {
                state.lost_keys -= 1;
                return Err(Failure::new(Code::LoginUnreachable, "no answer"));
            }
            Ok(NewApiKey {
                id,
                key: Secret::new(secret),
            })
        })
    }

    async fn revoke_api_key(&self, key: &Secret, id: i64) -> Result<()> {
        self.check(key)?;
        self.changing("revoke key").await;
        self.with(|state| {
            if id == 1 {
                state.revoked = true;
            }
            state.keys.retain(|(known, ..)| *known != id);
        });
        Ok(())
    }

    async fn sandbox_authority(&self) -> Option<String> {
        None
    }
}

fn branch() -> Branch {
    Branch {
        id: "br-a-b-12345678".to_owned(),
        name: "main".to_owned(),
        default: true,
        current_state: "ready".to_owned(),
    }
}

#[async_trait]
impl Claimable for World {
    async fn create(&self) -> Result<TemporaryDatabase> {
        self.changing("create temporary").await;
        self.with(|state| {
            if let Some(failure) = state.service_fails.clone() {
                return Err(failure);
            }
            state.temporaries += 1;
            Ok(state.temporary.clone().unwrap())
        })
    }

    async fn get(&self, id: &Secret) -> Result<Option<TemporaryDatabase>> {
        self.called("get temporary");
        self.with(|state| {
            if let Some(failure) = state.service_fails.clone() {
                return Err(failure);
            }
            Ok(state.temporary.clone().filter(|known| known.id == *id))
        })
    }
}

#[async_trait]
impl Database for World {
    async fn resolve(&self, _host: &str, port: u16) -> Result<Vec<SocketAddr>> {
        Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
    }

    async fn dial(&self, addresses: &[SocketAddr]) -> Result<SocketAddr> {
        Ok(addresses[0])
    }

    async fn handshake(
        &self,
        _connection: &Connection,
        _authority: Option<&str>,
    ) -> Result<TlsFacts> {
        Ok(TlsFacts {
            version: "TLS 1.3".to_owned(),
            issuer: "a test".to_owned(),
            days_left: Some(61),
        })
    }

    async fn connect(
        &self,
        connection: &Connection,
        _authority: Option<&str>,
    ) -> Result<Box<dyn Session>> {
        if self.with(|state| state.accepted()) != connection.password.expose() {
            return Err(Failure::new(Code::HealthAuth, "refused"));
        }
        Ok(Box::new(FakeSession))
    }
}

struct FakeSession;

#[async_trait]
impl Session for FakeSession {
    async fn ping(&mut self) -> Result<Duration> {
        Ok(Duration::from_millis(1))
    }

    async fn tables(&mut self) -> Result<Vec<TableFacts>> {
        Ok(Vec::new())
    }

    async fn rows(&mut self, _table: &str) -> Result<u64> {
        Ok(0)
    }

    async fn run(&mut self, _files: &[SqlFile]) -> Result<()> {
        Ok(())
    }

    async fn expected(&mut self, _files: &[SqlFile]) -> Result<Vec<TableFacts>> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl SecretStore for World {
    async fn self_test(&self) -> KeyringState {
        self.with(|state| {
            state
                .keyring
                .clone()
                .map_or(KeyringState::Ready, KeyringState::Unavailable)
        })
    }

    async fn get(&self, store: KeyStorage, account: &str) -> Result<Option<Secret>> {
        Ok(self.with(|state| {
            state
                .stored
                .get(&(store as u8, account.to_owned()))
                .map(Secret::new)
        }))
    }

    async fn set(&self, store: KeyStorage, account: &str, key: &Secret) -> Result<()> {
        self.changing("store key").await;
        if store != KeyStorage::Session {
            self.with(|state| {
                state
                    .stored
                    .insert((store as u8, account.to_owned()), key.expose().to_owned())
            });
        }
        Ok(())
    }

    async fn delete(&self, store: KeyStorage, account: &str) -> Result<bool> {
        Ok(self.with(|state| {
            state
                .stored
                .remove(&(store as u8, account.to_owned()))
                .is_some()
        }))
    }

    fn place(&self, store: KeyStorage, account: &str) -> String {
        format!("{store:?} of {account}")
    }

    async fn neon_cli(&self) -> Option<(String, Secret)> {
        self.with(|state| {
            state
                .neon_cli
                .clone()
                .map(|(account, key)| (account, Secret::new(key)))
        })
    }
}

impl Files for World {
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        Ok(self.with(|state| state.files.get(path).cloned()))
    }

    fn stat(&self, path: &Path) -> Result<Option<FileStat>, FileError> {
        Ok(self.with(|state| {
            state.files.get(path).map(|bytes| FileStat {
                kind: FileKind::File,
                len: bytes.len() as u64,
                mode: Some(0o600),
            })
        }))
    }

    fn writable(&self, _dir: &Path) -> bool {
        true
    }

    fn replace_secret(
        &self,
        path: &Path,
        expected: Option<&[u8]>,
        new: &[u8],
    ) -> Result<(), FileError> {
        self.replace(path, expected, new)
    }

    fn replace(&self, path: &Path, expected: Option<&[u8]>, new: &[u8]) -> Result<(), FileError> {
        if !self.change() {
            return Err(io::Error::other("killed").into());
        }
        self.with(|state| {
            if state.files.get(path).map(Vec::as_slice) != expected {
                return Err(FileError::Changed);
            }
            state.files.insert(path.to_owned(), new.to_vec());
            Ok(())
        })
    }

    fn replace_in_place(&self, path: &Path, expected: &[u8], new: &[u8]) -> Result<(), FileError> {
        self.replace(path, Some(expected), new)
    }

    fn remove_stale(&self, _dir: &Path) -> usize {
        0
    }

    fn keep_undo(&self, _path: &Path, _bytes: Option<&[u8]>) -> Result<(), FileError> {
        Ok(())
    }

    fn undo(&self, _path: &Path) -> Result<Option<UndoCopy>, FileError> {
        Ok(None)
    }

    fn remove(&self, path: &Path) -> Result<(), FileError> {
        self.with(|state| state.files.remove(path));
        Ok(())
    }

    fn forget_undo(&self, _path: &Path) -> Result<(), FileError> {
        Ok(())
    }
}

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

#[async_trait]
impl Process for World {
    fn find(&self, _program: &str, _dir: &Path) -> Option<PathBuf> {
        None
    }

    async fn run(&self, _command: &CommandSpec, _limit: Duration) -> Result<Ended> {
        Err(Failure::new(Code::SchemaCommandFailed, "no programs here"))
    }

    async fn start(&self, _command: &CommandSpec) -> Result<Box<dyn Running>> {
        Err(Failure::new(Code::HealthAppStart, "no programs here"))
    }

    async fn get(&self, _url: &str, _limit: Duration) -> Option<HttpAnswer> {
        None
    }

    fn holding(&self, _secret: &Secret) -> Vec<(u32, String)> {
        Vec::new()
    }

    async fn free_port(&self) -> Option<u16> {
        None
    }

    async fn listening(&self, _port: u16) -> bool {
        false
    }
}
