//! What the sandbox knows: organizations, keys, projects and all that is in them; and how it is kept.
//!
//! A sandbox with a folder of its own keeps `sandbox.json` and one file for each project, so that a change costs the same
//! whether there are two projects or two thousand. A temporary one keeps nothing.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sandbox::{files, ids};

/// The version of the files; a newer one is refused.
pub(crate) const VERSION: u32 = 1;

/// What concerns no single project.
#[derive(Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) version: u32,
    /// The key handed out at the start.
    pub(crate) api_key: String,
    pub(crate) user_id: String,
    pub(crate) organizations: Vec<Organization>,
    pub(crate) keys: Vec<Key>,
    pub(crate) next_key: i64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created_at: String,
}

/// What a key may do (reference/neon-api.md section 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    Personal,
    Organization { org: String },
    Project { org: String, project: String },
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// SHA-256 of the key, in hexadecimal.
    pub(crate) digest: String,
    pub(crate) scope: Scope,
    pub(crate) created_at: String,
    pub(crate) last_used_at: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Project {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) org_id: String,
    pub(crate) region_id: String,
    pub(crate) pg_version: u32,
    pub(crate) store_passwords: bool,
    pub(crate) history_retention_seconds: i64,
    pub(crate) default_endpoint_settings: Value,
    pub(crate) settings: Value,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) branches: Vec<Branch>,
    pub(crate) endpoints: Vec<Endpoint>,
    /// Oldest first.
    pub(crate) operations: Vec<Operation>,
    #[serde(default)]
    pub(crate) permissions: Vec<Permission>,
    /// What the service of temporary databases knows of it, where it was made there.
    #[serde(default)]
    pub(crate) temporary: Option<Temporary>,
}

/// Whose a temporary database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Ownership {
    Unclaimed,
    Claiming,
    Claimed,
}

/// A temporary database (reference/neon-api.md section 7.1).
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Temporary {
    /// The id that reads and claims it.
    pub(crate) id: String,
    pub(crate) status: Ownership,
    pub(crate) expires_at: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Permission {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) granted_at: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent facts, each a field of Neon's"
)]
pub(crate) struct Branch {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) parent_id: Option<String>,
    pub(crate) parent_lsn: Option<String>,
    pub(crate) parent_timestamp: Option<String>,
    pub(crate) init_source: String,
    pub(crate) default: bool,
    pub(crate) protected: bool,
    /// Whether its data exists; `init` before that.
    pub(crate) ready: bool,
    /// Whether roles and databases have to be brought in line at the next start: the data is new, or the sandbox ended
    /// before it was done.
    pub(crate) fresh: bool,
    pub(crate) state_changed_at: String,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) expires_at: Option<String>,
    #[serde(default)]
    pub(crate) last_reset_at: Option<String>,
    pub(crate) roles: Vec<Role>,
    pub(crate) databases: Vec<Database>,
    #[serde(default)]
    pub(crate) annotations: Value,
}

/// A role. Not `Debug`: it holds a password.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) name: String,
    /// The newest password; Postgres may not know it yet.
    pub(crate) password: Option<String>,
    /// Whether Postgres has still to be told of the role or its password.
    pub(crate) pending: bool,
    pub(crate) no_login: bool,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Database {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) owner_name: String,
    /// Whether Postgres has still to make it.
    pub(crate) pending: bool,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// What a compute endpoint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EndpointState {
    Init,
    Active,
    Idle,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) branch_id: String,
    pub(crate) read_only: bool,
    pub(crate) name: Option<String>,
    /// The loopback port of its front.
    pub(crate) port: u16,
    pub(crate) state: EndpointState,
    pub(crate) pending_state: Option<EndpointState>,
    pub(crate) disabled: bool,
    pub(crate) autoscaling_limit_min_cu: f64,
    pub(crate) autoscaling_limit_max_cu: f64,
    /// 0 = the default, -1 = never.
    pub(crate) suspend_timeout_seconds: i64,
    pub(crate) settings: Value,
    pub(crate) last_active: Option<String>,
    pub(crate) started_at: Option<String>,
    pub(crate) suspended_at: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// Neon's word for the state of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Scheduling,
    Running,
    Finished,
    Failed,
    Cancelled,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) branch_id: Option<String>,
    pub(crate) endpoint_id: Option<String>,
    pub(crate) action: String,
    pub(crate) status: Status,
    pub(crate) error: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) total_duration_ms: u64,
}

impl Project {
    /// Whether it is a temporary database that no account has: then no key sees it.
    pub(crate) fn is_ownerless(&self) -> bool {
        self.temporary
            .as_ref()
            .is_some_and(|temporary| temporary.status != Ownership::Claimed)
    }

    /// The branch that is used when none is named.
    pub(crate) fn default_branch(&self) -> Option<&Branch> {
        self.branches.iter().find(|branch| branch.default)
    }

    pub(crate) fn branch(&self, id: &str) -> Option<&Branch> {
        self.branches.iter().find(|branch| branch.id == id)
    }

    pub(crate) fn branch_mut(&mut self, id: &str) -> Option<&mut Branch> {
        self.branches.iter_mut().find(|branch| branch.id == id)
    }

    pub(crate) fn endpoint(&self, id: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.id == id)
    }

    pub(crate) fn endpoint_mut(&mut self, id: &str) -> Option<&mut Endpoint> {
        self.endpoints.iter_mut().find(|endpoint| endpoint.id == id)
    }

    /// The endpoints of a branch, the read-write one first.
    pub(crate) fn endpoints_of(&self, branch: &str) -> Vec<&Endpoint> {
        let mut endpoints: Vec<_> = self
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.branch_id == branch)
            .collect();
        endpoints.sort_by_key(|endpoint| endpoint.read_only);
        endpoints
    }

    /// Whether something is still being done, so that nothing else may be scheduled.
    pub(crate) fn busy(&self) -> bool {
        let unfinished = |operation: &&Operation| {
            matches!(operation.status, Status::Scheduling | Status::Running)
        };
        self.operations
            .iter()
            .rev()
            .any(|operation| unfinished(&operation))
    }
}

/// Everything there is.
pub(crate) struct State {
    pub(crate) account: Account,
    pub(crate) projects: BTreeMap<String, Project>,
}

/// The state behind a lock, and its files.
pub(crate) struct Store {
    state: Mutex<State>,
    dir: Option<PathBuf>,
}

/// Why the state could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{path} is malformed: {why}")]
    Malformed { path: String, why: String },
    #[error("version {0}")]
    Newer(u32),
}

impl Store {
    /// Opens the state in `dir`, or begins a new one; without `keep` nothing is ever written.
    pub(crate) fn open(dir: &Path, keep: bool) -> Result<Self, OpenError> {
        let mut projects = BTreeMap::new();
        let account = match read(&dir.join("sandbox.json"))? {
            Some(value) => {
                // The version first: a newer file may look different altogether.
                let version = value
                    .get("version")
                    .and_then(Value::as_u64)
                    .unwrap_or_default();
                if version > u64::from(VERSION) {
                    return Err(OpenError::Newer(u32::try_from(version).unwrap_or(u32::MAX)));
                }
                typed(value, &dir.join("sandbox.json"))?
            }
            None => Account::new(),
        };
        if keep {
            let folder = dir.join("projects");
            files::create_private_dir(&folder)?;
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                let json = path
                    .extension()
                    .is_some_and(|extension| extension == "json");
                if json && let Some(value) = read(&path)? {
                    let project: Project = typed(value, &path)?;
                    projects.insert(project.id.clone(), settle(project));
                }
            }
        }
        let store = Self {
            state: Mutex::new(State { account, projects }),
            dir: keep.then(|| dir.to_owned()),
        };
        store.save_account(&store.lock())?;
        Ok(store)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while it was held cannot have left half a change: all changes are whole values.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Looks at one project.
    pub(crate) fn project<T>(&self, id: &str, look: impl FnOnce(&Project) -> T) -> Option<T> {
        self.lock().projects.get(id).map(look)
    }

    /// Changes one project and keeps the change.
    pub(crate) fn edit<T>(&self, id: &str, change: impl FnOnce(&mut Project) -> T) -> Option<T> {
        let mut state = self.lock();
        let project = state.projects.get_mut(id)?;
        let answer = change(project);
        self.save(project);
        Some(answer)
    }

    /// Adds a project if `allow` has nothing against it.
    pub(crate) fn add<E>(
        &self,
        project: Project,
        allow: impl FnOnce(&State) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut state = self.lock();
        allow(&state)?;
        self.save(&project);
        state.projects.insert(project.id.clone(), project);
        Ok(())
    }

    /// Takes a project away.
    pub(crate) fn remove(&self, id: &str) -> Option<Project> {
        let project = self.lock().projects.remove(id)?;
        if let Some(dir) = &self.dir
            && let Err(error) = fs::remove_file(project_file(dir, id))
        {
            tracing::warn!(%error, project = id, "a deleted project's file stays");
        }
        Some(project)
    }

    /// Changes what concerns no single project.
    pub(crate) fn edit_account<T>(&self, change: impl FnOnce(&mut Account) -> T) -> T {
        let mut state = self.lock();
        let answer = change(&mut state.account);
        if let Err(error) = self.save_account(&state) {
            tracing::error!(%error, "the sandbox could not write its state");
        }
        answer
    }

    fn save(&self, project: &Project) {
        let Some(dir) = &self.dir else { return };
        let written = serde_json::to_vec_pretty(project)
            .map_err(io::Error::other)
            .and_then(|json| files::write_private(&project_file(dir, &project.id), &json));
        if let Err(error) = written {
            tracing::error!(%error, project = project.id, "the sandbox could not write its state");
        }
    }

    fn save_account(&self, state: &State) -> io::Result<()> {
        let Some(dir) = &self.dir else { return Ok(()) };
        let json = serde_json::to_vec_pretty(&state.account).map_err(io::Error::other)?;
        files::write_private(&dir.join("sandbox.json"), &json)
    }
}

fn project_file(dir: &Path, id: &str) -> PathBuf {
    dir.join("projects").join(format!("{id}.json"))
}

fn read(path: &Path) -> Result<Option<Value>, OpenError> {
    match fs::read(path) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(malformed(path, &error)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn typed<T: serde::de::DeserializeOwned>(value: Value, path: &Path) -> Result<T, OpenError> {
    serde_json::from_value(value).map_err(|error| malformed(path, &error))
}

fn malformed(path: &Path, error: &serde_json::Error) -> OpenError {
    OpenError::Malformed {
        path: path.display().to_string(),
        why: error.to_string(),
    }
}

/// What was running when the sandbox ended runs no more.
fn settle(mut project: Project) -> Project {
    for operation in &mut project.operations {
        if matches!(operation.status, Status::Scheduling | Status::Running) {
            operation.status = Status::Failed;
            operation.error = Some("the sandbox ended before the operation did".to_owned());
        }
    }
    for branch in &mut project.branches {
        let pending = branch.roles.iter().any(|role| role.pending)
            || branch.databases.iter().any(|database| database.pending);
        branch.fresh |= pending;
    }
    for endpoint in &mut project.endpoints {
        endpoint.state = EndpointState::Idle;
        endpoint.pending_state = None;
    }
    project
}

impl Account {
    fn new() -> Self {
        let api_key = ids::api_key();
        let now = ids::now();
        let key = Key {
            id: 1,
            name: "sandbox".to_owned(),
            digest: digest(&api_key),
            scope: Scope::Personal,
            created_at: now.clone(),
            last_used_at: None,
        };
        Self {
            version: VERSION,
            api_key,
            user_id: ids::uuid(),
            organizations: vec![Organization {
                id: ids::organization(),
                name: "Sandbox".to_owned(),
                created_at: now,
            }],
            keys: vec![key],
            next_key: 2,
        }
    }
}

/// What is kept of a key.
pub(crate) fn digest(key: &str) -> String {
    use sha2::{Digest as _, Sha256};
    ids::hex(&Sha256::digest(key.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_survives_and_a_newer_state_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let key = |store: &Store| store.read(|state| state.account.api_key.clone());
        let first = key(&Store::open(dir.path(), true).unwrap());
        assert_eq!(key(&Store::open(dir.path(), true).unwrap()), first);
        fs::write(
            dir.path().join("sandbox.json"),
            r#"{"version": 99, "unknown": true}"#,
        )
        .unwrap();
        assert!(matches!(
            Store::open(dir.path(), true),
            Err(OpenError::Newer(99))
        ));
        fs::write(dir.path().join("sandbox.json"), "{").unwrap();
        assert!(matches!(
            Store::open(dir.path(), true),
            Err(OpenError::Malformed { .. })
        ));
    }

    #[test]
    fn a_temporary_state_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        Store::open(dir.path(), false).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
