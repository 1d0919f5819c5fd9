//! Keeps what the sandbox knows, in memory and in files.
//!
//! A sandbox with a folder of its own keeps `sandbox.json` and one file for each project, so that a change costs the same
//! whether there are two projects or two thousand. A temporary one keeps nothing.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use crate::sandbox::{
    files,
    records::{
        AccountRecord, BranchRecord, BranchRef, EndpointState, OperationStatus, ProjectRecord,
        SandboxState, VERSION,
    },
};

/// The state behind a lock, and its files.
pub(crate) struct StateStore {
    state: Mutex<SandboxState>,
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

impl StateStore {
    /// Opens the state in `dir`, or begins a new one; without `keep` it is never written.
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
            None => AccountRecord::new(),
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
                    let project: ProjectRecord = typed(value, &path)?;
                    projects.insert(project.id.clone(), settle(project));
                }
            }
        }
        let store = Self {
            state: Mutex::new(SandboxState { account, projects }),
            dir: keep.then(|| dir.to_owned()),
        };
        store.save_account(&store.lock())?;
        Ok(store)
    }

    fn lock(&self) -> MutexGuard<'_, SandboxState> {
        // A panic cannot have left half a change: all changes are whole values.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&SandboxState) -> T) -> T {
        look(&self.lock())
    }

    /// Reads one project.
    pub(crate) fn project<T>(&self, id: &str, look: impl FnOnce(&ProjectRecord) -> T) -> Option<T> {
        self.lock().projects.get(id).map(look)
    }

    /// Reads one branch.
    pub(crate) fn branch<T>(
        &self,
        branch_ref: &BranchRef,
        look: impl FnOnce(&BranchRecord) -> T,
    ) -> Option<T> {
        let look = |project: &ProjectRecord| project.branch(&branch_ref.branch).map(look);
        self.project(&branch_ref.project, look).flatten()
    }

    /// Changes one branch and saves it.
    pub(crate) fn edit_branch(
        &self,
        branch_ref: &BranchRef,
        change: impl FnOnce(&mut BranchRecord),
    ) {
        self.edit(&branch_ref.project, |project| {
            project.branch_mut(&branch_ref.branch).map(change)
        });
    }

    /// Changes one project and saves it.
    pub(crate) fn edit<T>(
        &self,
        id: &str,
        change: impl FnOnce(&mut ProjectRecord) -> T,
    ) -> Option<T> {
        let mut state = self.lock();
        let project = state.projects.get_mut(id)?;
        let answer = change(project);
        self.save(project);
        Some(answer)
    }

    /// Adds a project, unless `allow` refuses.
    pub(crate) fn add<E>(
        &self,
        project: ProjectRecord,
        allow: impl FnOnce(&SandboxState) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut state = self.lock();
        allow(&state)?;
        self.save(&project);
        state.projects.insert(project.id.clone(), project);
        Ok(())
    }

    /// Removes a project.
    pub(crate) fn remove(&self, id: &str) -> Option<ProjectRecord> {
        let project = self.lock().projects.remove(id)?;
        if let Some(dir) = &self.dir
            && let Err(error) = fs::remove_file(project_file(dir, id))
        {
            tracing::warn!(%error, project = id, "couldn't remove a deleted project's file");
        }
        Some(project)
    }

    /// Changes what does not belong to a single project.
    pub(crate) fn edit_account<T>(&self, change: impl FnOnce(&mut AccountRecord) -> T) -> T {
        let mut state = self.lock();
        let answer = change(&mut state.account);
        if let Err(error) = self.save_account(&state) {
            tracing::error!(%error, "the sandbox couldn't write its state");
        }
        answer
    }

    fn save(&self, project: &ProjectRecord) {
        let Some(dir) = &self.dir else { return };
        let written = serde_json::to_vec_pretty(project)
            .map_err(io::Error::other)
            .and_then(|json| files::write_private(&project_file(dir, &project.id), &json));
        if let Err(error) = written {
            tracing::error!(%error, project = project.id, "the sandbox couldn't write its state");
        }
    }

    fn save_account(&self, state: &SandboxState) -> io::Result<()> {
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

/// Marks as ended what was running when the sandbox ended.
fn settle(mut project: ProjectRecord) -> ProjectRecord {
    for operation in &mut project.operations {
        if matches!(
            operation.status,
            OperationStatus::Scheduling | OperationStatus::Running
        ) {
            operation.status = OperationStatus::Failed;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::folders::temp_dir;

    #[test]
    fn reopened_state_keeps_the_key_and_a_newer_one_is_refused() {
        let dir = temp_dir();
        let key = |store: &StateStore| store.read(|state| state.account.api_key.clone());
        let first = key(&StateStore::open(dir.path(), true).unwrap());
        assert_eq!(key(&StateStore::open(dir.path(), true).unwrap()), first);
        fs::write(
            dir.path().join("sandbox.json"),
            r#"{"version": 99, "unknown": true}"#,
        )
        .unwrap();
        assert!(matches!(
            StateStore::open(dir.path(), true),
            Err(OpenError::Newer(99))
        ));
        fs::write(dir.path().join("sandbox.json"), "{").unwrap();
        assert!(matches!(
            StateStore::open(dir.path(), true),
            Err(OpenError::Malformed { .. })
        ));
    }

    #[test]
    fn temporary_state_writes_nothing() {
        let dir = temp_dir();
        StateStore::open(dir.path(), false).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
