//! How projects begin and end, whoever asks for it: a caller, the service of temporary databases, a presenter.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::sandbox::{
    api::{
        free_plan,
        reply::{ApiError, OrNotFound as _},
        settings,
    },
    control_plane::{ControlPlane, ENDPOINTS_LIMIT},
    front, ids, lifecycle,
    operations::{self, OperationAction, ScheduledOperation},
    records::{
        BranchRecord, BranchRef, DEFAULT_DATABASE, DatabaseRecord, EndpointRecord, ProjectRecord,
        RoleRecord, SandboxState, TemporaryRecord,
    },
};

/// What `POST /projects` may ask for.
#[derive(Deserialize, Default)]
pub(super) struct ProjectRequest {
    name: Option<String>,
    #[serde(default)]
    branch: FirstBranchRequest,
    region_id: Option<String>,
    pg_version: Option<u32>,
    store_passwords: Option<bool>,
    history_retention_seconds: Option<i64>,
    pub(super) org_id: Option<String>,
    default_endpoint_settings: Option<Value>,
    settings: Option<Value>,
}

#[derive(Deserialize, Default)]
struct FirstBranchRequest {
    name: Option<String>,
    role_name: Option<String>,
    database_name: Option<String>,
}

impl ProjectRequest {
    /// `served`: the version of the one Postgres that there is.
    pub(super) fn check(&self, served: u32) -> Result<(), ApiError> {
        let invalid = |text: &str| Err(ApiError::bad_request(format!("invalid request: {text}")));
        if let Some(name) = &self.name {
            check_length("project.name", name)?;
        }
        if let Some(name) = &self.branch.name {
            check_length("project.branch.name", name)?;
        }
        if let Some(version) = self.pg_version
            && !(14..=18).contains(&version)
        {
            return invalid("project.pg_version: must be between 14 and 18");
        }
        if let Some(version) = self.pg_version
            && version != served
        {
            return invalid(&format!(
                "project.pg_version: unsupported version {version}: the Postgres of this sandbox is {served}"
            ));
        }
        if let Some(region) = &self.region_id
            && !free_plan::is_region(region)
        {
            return Err(ApiError::not_found("region"));
        }
        settings::check_project(self.settings.as_ref())?;
        settings::check_compute(
            "project.default_endpoint_settings",
            self.default_endpoint_settings.as_ref(),
        )?;
        check_retention(self.history_retention_seconds)
    }

    /// The project with its branch, role and database, and without a compute.
    pub(super) fn build(self, org_id: String, pg_version: u32) -> Result<ProjectRecord, ApiError> {
        let database_name = self
            .branch
            .database_name
            .unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
        let role_name = self
            .branch
            .role_name
            .unwrap_or_else(|| format!("{database_name}_owner"));
        for name in [&database_name, &role_name] {
            check_name(name)?;
        }
        let branch_name = self.branch.name.unwrap_or_else(|| "main".to_owned());
        check_length("project.branch.name", &branch_name)?;
        let mut branch = BranchRecord::new(branch_name);
        branch.default = true;
        branch.roles.push(RoleRecord::new(role_name.clone(), true));
        branch
            .databases
            .push(DatabaseRecord::new(1, database_name, role_name));
        let (id, now) = (ids::project(), ids::now());
        Ok(ProjectRecord {
            name: self.name.unwrap_or_else(|| id.clone()),
            id,
            org_id,
            region_id: self.region_id.unwrap_or_else(free_plan::default_region),
            pg_version,
            store_passwords: self.store_passwords.unwrap_or(true),
            history_retention_seconds: self.history_retention_seconds.unwrap_or(86_400),
            default_endpoint_settings: self
                .default_endpoint_settings
                .unwrap_or_else(free_plan::compute_settings),
            settings: self.settings.unwrap_or_else(free_plan::project_settings),
            created_at: now.clone(),
            updated_at: now,
            branches: vec![branch],
            endpoints: Vec::new(),
            operations: Vec::new(),
            permissions: Vec::new(),
            temporary: None,
        })
    }
}

/// Refuses a length of the history that no plan has.
pub(super) fn check_retention(seconds: Option<i64>) -> Result<(), ApiError> {
    if seconds.is_none_or(|seconds| (0..=2_592_000).contains(&seconds)) {
        return Ok(());
    }
    Err(ApiError::bad_request(
        "invalid request: project.history_retention_seconds: must be between 0 and 2592000",
    ))
}

/// A project with Neon's defaults, which belongs to nobody yet.
pub(super) fn ownerless(
    temporary: TemporaryRecord,
    pg_version: u32,
) -> Result<ProjectRecord, ApiError> {
    let mut project = ProjectRequest::default().build(String::new(), pg_version)?;
    project.temporary = Some(temporary);
    Ok(project)
}

/// Adds a project with a compute, unless `allow` has something against it. Returns its id, and the operations to be run.
pub(super) fn begin(
    plane: &Arc<ControlPlane>,
    mut project: ProjectRecord,
    allow: impl FnOnce(&SandboxState) -> Result<(), ApiError>,
) -> Result<(String, Vec<ScheduledOperation>), ApiError> {
    let id = project.id.clone();
    let branch = project.default_branch().or_not_found("branch")?.id.clone();
    let mut endpoint = EndpointRecord::new(&branch);
    let endpoint_id = endpoint.id.clone();
    open_port(plane, &BranchRef::new(&id, &branch), &mut endpoint)?;
    project.endpoints.push(endpoint);
    let actions = vec![
        OperationAction::CreateTimeline,
        OperationAction::StartCompute,
    ];
    let scheduled = operations::schedule(&mut project, &branch, Some(&endpoint_id), actions);
    if let Err(error) = plane.store.add(project, allow) {
        plane.close_front(&endpoint_id);
        return Err(error);
    }
    Ok((id, scheduled))
}

/// Opens the front of a new endpoint.
pub(super) fn open_port(
    plane: &Arc<ControlPlane>,
    branch: &BranchRef,
    endpoint: &mut EndpointRecord,
) -> Result<(), ApiError> {
    if plane.front_count() >= ENDPOINTS_LIMIT {
        return Err(ApiError::limit(
            "ENDPOINTS_LIMIT_EXCEEDED",
            "endpoints",
            ENDPOINTS_LIMIT,
        ));
    }
    endpoint.port = front::open(plane, branch.clone(), &endpoint.id, 0)
        .map_err(|error| ApiError::internal(format!("no port for the compute: {error}")))?;
    Ok(())
}

/// Adds many projects that stand in the list and have no compute, for clients that have to cope with them.
pub(super) fn add_crowd(
    plane: &ControlPlane,
    name: &str,
    count: usize,
    pg_version: u32,
) -> Result<(), ApiError> {
    let org = plane.store.read(|state| {
        let org = state.account.default_organization();
        org.map(|org| org.id.clone())
    });
    let org = org.or_not_found("organization")?;
    let there = plane.store.read(|state| state.projects.len());
    if there.saturating_add(count) > free_plan::PROJECTS_LIMIT {
        return Err(ApiError::limit(
            "PROJECTS_LIMIT_EXCEEDED",
            "user projects",
            free_plan::PROJECTS_LIMIT,
        ));
    }
    for number in 1..=count {
        let new = ProjectRequest {
            name: Some(format!("{name}-{number}")),
            ..ProjectRequest::default()
        };
        let mut project = new.build(org.clone(), pg_version)?;
        for branch in &mut project.branches {
            branch.ready = true; // its data is made when a compute first needs it
        }
        plane.store.add(project, |_| Ok(()))?;
    }
    Ok(())
}

/// Removes a project: closes its ports at once, and stops and removes its computes in the background.
pub(crate) fn remove(plane: &Arc<ControlPlane>, id: &str) {
    let Some(project) = plane.store.remove(id) else {
        return;
    };
    for endpoint in &project.endpoints {
        plane.close_front(&endpoint.id);
    }
    let background = Arc::clone(plane);
    plane.spawn(async move {
        for branch in &project.branches {
            if let Err(error) = lifecycle::destroy(&background, &branch.id).await {
                tracing::warn!(%error, branch = branch.id, "couldn't remove a deleted branch's data");
            }
        }
    });
}

/// Removes all projects, whatever they are doing.
pub(crate) fn remove_all(plane: &Arc<ControlPlane>) {
    let ids: Vec<String> = plane
        .store
        .read(|state| state.projects.keys().cloned().collect());
    for id in ids {
        remove(plane, &id);
    }
}

/// Names that Postgres or Neon keep for themselves.
const RESERVED: [&str; 7] = [
    "cloud_admin",
    "neon_superuser",
    "postgres",
    "template0",
    "template1",
    "public",
    "none",
];

/// Refuses the names of roles and databases that Postgres would (63 bytes, `pg_…`) and those that are reserved.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let reserved = RESERVED.contains(&name) || name.starts_with("pg_");
    let malformed = name.is_empty() || name.len() > 63 || name.contains('\0');
    if reserved || malformed {
        return Err(ApiError::bad_request(format!(
            "invalid request: \"{name}\" cannot be used as a name"
        )));
    }
    Ok(())
}

/// Refuses the names of projects and branches that Neon would; `field` is what its error calls the name.
pub(super) fn check_length(field: &str, name: &str) -> Result<(), ApiError> {
    if (1..=256).contains(&name.chars().count()) {
        return Ok(());
    }
    Err(ApiError::bad_request(format!(
        "invalid request: {field}: must be 1 to 256 characters"
    )))
}
