//! Projects: listed in pages, created once, changed, deleted, shared.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        PlaneState,
        account::REGIONS,
        branches,
        caller::Caller,
        endpoints,
        reply::{self, ApiError, CreatedReply, Query, Reply},
        views,
    },
    control_plane::ControlPlane,
    front, ids, lifecycle,
    operations::{self, OperationAction, ScheduledOperation},
    records::{
        BranchRef, DEFAULT_DATABASE, DatabaseRecord, KeyScope, PermissionRecord, ProjectRecord,
        RoleRecord, State as SandboxState, TemporaryRecord,
    },
};

/// How many projects there may be unless a fault says otherwise.
pub(super) const DEFAULT_LIMIT: usize = 20_000;

pub(super) async fn list(State(plane): PlaneState, caller: Caller, query: Query) -> Reply {
    caller.unscoped()?;
    let faults = plane.faults();
    if faults.organization_required
        && caller.scope == KeyScope::Personal
        && query.get("org_id").is_none()
    {
        return Err(organization_required());
    }
    if let Some(org) = query.get("org_id") {
        caller.organization(org)?;
    }
    let limit = query.limit(10, 400)?;
    let page = |unavailable: &mut Vec<String>| {
        plane.store.read(|state| {
            if query.flag("recoverable") {
                return Vec::new(); // nothing that was deleted comes back
            }
            let wanted = |project: &&ProjectRecord| {
                let found = query
                    .get("search")
                    .is_none_or(|part| project.name.contains(part) || project.id.contains(part));
                let after = query
                    .get("cursor")
                    .is_none_or(|cursor| project.id.as_str() > cursor);
                let org = query.get("org_id").is_none_or(|org| project.org_id == org);
                caller.sees(project) && found && after && org
            };
            let mut shown = Vec::new();
            for project in state.projects.values().filter(wanted).take(limit) {
                if faults.unavailable_projects.contains(&project.id) {
                    unavailable.push(project.id.clone());
                } else {
                    shown.push((project.id.clone(), views::project(project, state, true)));
                }
            }
            shown
        })
    };
    let mut unavailable = Vec::new();
    let page = page(&mut unavailable);
    let last = page
        .last()
        .map(|(id, _)| id.clone())
        .max(unavailable.last().cloned());
    let projects: Vec<_> = page.into_iter().map(|(_, view)| view).collect();
    let mut answer = json!({"projects": projects, "applications": {}, "integrations": {}});
    if let Some(fields) = answer.as_object_mut() {
        // The cursor is there even on the last page; an empty list has no pagination (reference/neon-api.md section 1.1).
        if let Some(last) = last {
            fields.insert("pagination".to_owned(), json!({"cursor": last}));
        }
        if !unavailable.is_empty() {
            fields.insert("unavailable_project_ids".to_owned(), json!(unavailable));
        }
    }
    Ok(Json(answer))
}

/// Nobody else is here to share with us.
pub(super) async fn shared(caller: Caller) -> Reply {
    caller.personal("this endpoint")?;
    Ok(Json(json!({"projects": []})))
}

fn organization_required() -> ApiError {
    ApiError::bad_request("org_id is required, you can find it on your organization settings page")
}

#[derive(Deserialize, Default)]
struct NewProject {
    name: Option<String>,
    #[serde(default)]
    branch: NewBranch,
    region_id: Option<String>,
    pg_version: Option<u32>,
    store_passwords: Option<bool>,
    history_retention_seconds: Option<i64>,
    org_id: Option<String>,
    default_endpoint_settings: Option<Value>,
    settings: Option<Value>,
}

#[derive(Deserialize, Default)]
struct NewBranch {
    name: Option<String>,
    role_name: Option<String>,
    database_name: Option<String>,
}

/// The object below a key of the body; Neon's words if it is missing (reference/neon-api.md section 3).
pub(super) fn field<T: serde::de::DeserializeOwned>(
    bytes: &Bytes,
    name: &str,
) -> Result<T, ApiError> {
    let mut body: Value = reply::body(bytes)?;
    let value = body.get_mut(name).map(Value::take).ok_or_else(|| {
        let text =
            format!("invalid request: decode application/json: invalid: {name} (field required)");
        ApiError::bad_request(text)
    })?;
    serde_json::from_value(value).map_err(|error| {
        ApiError::bad_request(format!(
            "invalid request: decode application/json: {name}: {error}"
        ))
    })
}

impl NewProject {
    fn check(&self) -> Result<(), ApiError> {
        let invalid = |text: &str| Err(ApiError::bad_request(format!("invalid request: {text}")));
        if let Some(name) = &self.name
            && !(1..=256).contains(&name.chars().count())
        {
            return invalid("project.name: must be 1 to 256 characters");
        }
        if let Some(version) = self.pg_version
            && !(14..=18).contains(&version)
        {
            return invalid("project.pg_version: must be between 14 and 18");
        }
        if let Some(region) = &self.region_id
            && !REGIONS.iter().any(|(id, ..)| id == region)
        {
            return Err(ApiError::not_found("region"));
        }
        if let Some(seconds) = self.history_retention_seconds
            && !(0..=2_592_000).contains(&seconds)
        {
            return invalid("project.history_retention_seconds: must be between 0 and 2592000");
        }
        Ok(())
    }

    /// The project with its branch, role and database, and without a compute.
    fn build(self, org_id: String) -> Result<ProjectRecord, ApiError> {
        let now = ids::now();
        let id = ids::project();
        let database_name = self
            .branch
            .database_name
            .unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
        let role_name = self
            .branch
            .role_name
            .unwrap_or_else(|| format!("{database_name}_owner"));
        for name in [&database_name, &role_name] {
            crate::sandbox::api::roles::check_name(name)?;
        }
        let mut branch = branches::blank(self.branch.name.unwrap_or_else(|| "main".to_owned()));
        branch.default = true;
        branch.roles.push(RoleRecord {
            name: role_name.clone(),
            password: Some(ids::password()),
            pending: true,
            no_login: false,
            created_at: now.clone(),
            updated_at: now.clone(),
        });
        branch.databases.push(DatabaseRecord {
            id: 1,
            name: database_name,
            owner_name: role_name,
            pending: true,
            created_at: now.clone(),
            updated_at: now.clone(),
        });
        Ok(ProjectRecord {
            name: self.name.unwrap_or_else(|| id.clone()),
            id,
            org_id,
            region_id: self.region_id.unwrap_or_else(|| "aws-us-east-2".to_owned()),
            pg_version: self.pg_version.unwrap_or(17),
            store_passwords: self.store_passwords.unwrap_or(true),
            history_retention_seconds: self.history_retention_seconds.unwrap_or(86_400),
            default_endpoint_settings: self
                .default_endpoint_settings
                .unwrap_or_else(endpoints::default_settings),
            settings: self.settings.unwrap_or_else(default_settings),
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

/// A project with Neon's defaults, which belongs to nobody yet.
pub(super) fn ownerless(temporary: TemporaryRecord) -> Result<ProjectRecord, ApiError> {
    let mut project = NewProject::default().build(String::new())?;
    project.temporary = Some(temporary);
    Ok(project)
}

/// Projects that stand in the list and have no compute, for what has to cope with many; one can be added to each.
pub(super) fn scenery(plane: &ControlPlane, name: &str, count: usize) -> Result<(), ApiError> {
    let org = plane.store.read(|state| {
        state
            .account
            .organizations
            .first()
            .map(|org| org.id.clone())
    });
    let org = org.ok_or_else(|| ApiError::not_found("organization"))?;
    for number in 1..=count {
        let new = NewProject {
            name: Some(format!("{name}-{number}")),
            ..NewProject::default()
        };
        let mut project = new.build(org.clone())?;
        for branch in &mut project.branches {
            branch.ready = true; // its data is made when a compute first needs it
        }
        plane.store.add(project, |_| Ok(()))?;
    }
    Ok(())
}

pub(super) async fn create(State(plane): PlaneState, caller: Caller, bytes: Bytes) -> CreatedReply {
    caller.unscoped()?;
    let new: NewProject = field(&bytes, "project")?;
    new.check()?;
    let org = organization_of(&plane, &caller, new.org_id.as_deref())?;
    let limit = plane.faults().projects_limit.unwrap_or(DEFAULT_LIMIT);
    let (id, scheduled) = begin(&plane, new.build(org)?, |state| {
        let owned = |project: &&ProjectRecord| !project.is_ownerless();
        let count = state.projects.values().filter(owned).count();
        if count < limit {
            return Ok(());
        }
        let text = format!("user projects limit of {limit} exceeded, got {count}");
        Err(ApiError::unprocessable("PROJECTS_LIMIT_EXCEEDED", text))
    })?;
    let answer = plane.store.read(|state| {
        let project = state.projects.get(&id)?;
        Some(receipt(project, state))
    });
    operations::run(&plane, &id, scheduled);
    answer
        .map(reply::created)
        .ok_or_else(|| ApiError::internal("the project was deleted while it was created"))
}

/// Adds a project with a compute, unless `allow` has something against it. Gives its id, and the work to be run.
pub(super) fn begin(
    plane: &Arc<ControlPlane>,
    mut project: ProjectRecord,
    allow: impl FnOnce(&SandboxState) -> Result<(), ApiError>,
) -> Result<(String, Vec<ScheduledOperation>), ApiError> {
    let id = project.id.clone();
    let branch_id = project
        .default_branch()
        .map(|branch| branch.id.clone())
        .unwrap_or_default();
    let endpoint = endpoints::blank(&branch_id);
    let (place, endpoint_id) = (BranchRef::new(&id, &branch_id), endpoint.id.clone());
    project.endpoints.push(endpoint);
    let port = front::open(plane, place.clone(), &endpoint_id, 0)
        .map_err(|error| ApiError::internal(format!("no port for the compute: {error}")))?;
    if let Some(endpoint) = project.endpoint_mut(&endpoint_id) {
        endpoint.port = port;
    }
    let works = vec![
        OperationAction::CreateTimeline,
        OperationAction::StartCompute,
    ];
    let scheduled = operations::schedule(&mut project, &place.branch, Some(&endpoint_id), works);
    if let Err(error) = plane.store.add(project, allow) {
        plane.close_front(&endpoint_id);
        return Err(error);
    }
    Ok((id, scheduled))
}

/// What a create answers: everything there is (reference/neon-api.md section 5.1).
fn receipt(project: &ProjectRecord, state: &SandboxState) -> Value {
    let branch = project.default_branch();
    let endpoint = project.endpoints.first();
    let role = branch.and_then(|branch| branch.roles.first());
    let database = branch.and_then(|branch| branch.databases.first());
    let connections: Vec<_> = endpoint
        .zip(role)
        .zip(database)
        .map(|((endpoint, role), database)| views::connection(role, endpoint, &database.name))
        .into_iter()
        .collect();
    let branch_id = branch.map(|branch| branch.id.clone()).unwrap_or_default();
    let all = |views: Vec<Value>| Value::Array(views);
    json!({
        "project": views::project(project, state, false),
        "connection_uris": connections,
        "roles": all(role.iter().map(|role| views::role(role, &branch_id, true)).collect()),
        "databases": all(database.iter().map(|database| views::database(database, &branch_id)).collect()),
        "operations": all(project.operations.iter().map(|one| views::operation(one, &project.id)).collect()),
        "branch": branch.map(|branch| views::branch(branch, &project.id, false)),
        "endpoints": all(endpoint.iter().map(|endpoint| views::endpoint(endpoint, project)).collect()),
    })
}

fn default_settings() -> Value {
    json!({
        "allowed_ips": {"ips": [], "protected_branches_only": false},
        "enable_logical_replication": false,
        "maintenance_window": {"weekdays": [5], "start_time": "07:00", "end_time": "08:00"},
        "block_public_connections": false,
        "block_vpc_connections": false,
        "hipaa": false,
    })
}

/// The organization of a new project: the one named, the key's, the only one.
fn organization_of(
    plane: &ControlPlane,
    caller: &Caller,
    named: Option<&str>,
) -> Result<String, ApiError> {
    if let Some(org) = named {
        caller.organization(org)?;
        let known = plane.store.read(|state| {
            state
                .account
                .organizations
                .iter()
                .any(|known| known.id == org)
        });
        return known
            .then(|| org.to_owned())
            .ok_or_else(|| ApiError::not_found("organization"));
    }
    match &caller.scope {
        KeyScope::Organization { org } | KeyScope::Project { org, .. } => Ok(org.clone()),
        KeyScope::Personal if plane.faults().organization_required => Err(organization_required()),
        KeyScope::Personal => plane
            .store
            .read(|state| {
                state
                    .account
                    .organizations
                    .first()
                    .map(|org| org.id.clone())
            })
            .ok_or_else(organization_required),
    }
}

fn view(plane: &ControlPlane, id: &str) -> Reply {
    plane
        .store
        .read(|state| {
            let project = state.projects.get(id)?;
            Some(json!({"project": views::project(project, state, false)}))
        })
        .map(Json)
        .ok_or_else(|| ApiError::not_found("project"))
}

pub(super) async fn get(State(plane): PlaneState, caller: Caller, Path(id): Path<String>) -> Reply {
    caller.project(&plane, &id, |_| ())?;
    view(&plane, &id)
}

#[derive(Deserialize)]
struct ConfigChange {
    name: Option<String>,
    history_retention_seconds: Option<i64>,
    default_endpoint_settings: Option<Value>,
    settings: Option<Value>,
}

pub(super) async fn update(
    State(plane): PlaneState,
    caller: Caller,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Reply {
    let change: ConfigChange = field(&bytes, "project")?;
    caller.edit(&plane, &id, |project| {
        if let Some(name) = change.name {
            if !(1..=256).contains(&name.chars().count()) {
                return Err(ApiError::bad_request(
                    "invalid request: project.name: must be 1 to 256 characters",
                ));
            }
            project.name = name;
        }
        if let Some(seconds) = change.history_retention_seconds {
            project.history_retention_seconds = seconds;
        }
        merge(
            &mut project.default_endpoint_settings,
            change.default_endpoint_settings,
        );
        merge(&mut project.settings, change.settings);
        project.updated_at = ids::now();
        Ok(())
    })?;
    let Json(mut answer) = view(&plane, &id)?;
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("operations".to_owned(), json!([]));
    }
    Ok(Json(answer))
}

fn merge(into: &mut Value, change: Option<Value>) {
    if let (Some(fields), Some(Value::Object(change))) = (into.as_object_mut(), change) {
        fields.extend(change);
    }
}

pub(super) async fn delete(
    State(plane): PlaneState,
    caller: Caller,
    Path(id): Path<String>,
) -> Reply {
    // A project-scoped key is an editor of its project and no more.
    if let KeyScope::Project { .. } = caller.scope {
        caller.project(&plane, &id, |_| ())?;
        return Err(ApiError::forbidden(
            "not allowed to delete the project this key is scoped to",
        ));
    }
    let busy = caller.project(&plane, &id, ProjectRecord::busy)?;
    if busy {
        return Err(ApiError::locked());
    }
    let answer = view(&plane, &id)?;
    if let Some(project) = plane.store.remove(&id) {
        forget(&plane, project);
    }
    plane.store.edit_account(|account| {
        account.keys.retain(
            |key| !matches!(&key.scope, KeyScope::Project { project, .. } if *project == id),
        );
    });
    Ok(answer)
}

/// Takes all projects away, whatever they are doing.
pub(super) fn forget_all(plane: &Arc<ControlPlane>) {
    let ids: Vec<String> = plane
        .store
        .read(|state| state.projects.keys().cloned().collect());
    for id in ids {
        if let Some(project) = plane.store.remove(&id) {
            forget(plane, project);
        }
    }
}

/// Closes the ports at once, and stops and removes the computes in the background.
pub(super) fn forget(plane: &Arc<ControlPlane>, project: ProjectRecord) {
    for endpoint in &project.endpoints {
        plane.close_front(&endpoint.id);
    }
    let background = Arc::clone(plane);
    plane.spawn(async move {
        for branch in &project.branches {
            if let Err(error) = lifecycle::destroy(&background, &branch.id).await {
                tracing::warn!(%error, branch = branch.id, "a deleted branch's data stays");
            }
        }
    });
}

fn permission_view(permission: &PermissionRecord) -> Value {
    json!({"id": permission.id, "granted_to_email": permission.email, "granted_at": permission.granted_at})
}

pub(super) async fn permissions(
    State(plane): PlaneState,
    caller: Caller,
    Path(id): Path<String>,
) -> Reply {
    let all: Vec<_> = caller.project(&plane, &id, |project| {
        project.permissions.iter().map(permission_view).collect()
    })?;
    Ok(Json(json!({"project_permissions": all})))
}

#[derive(Deserialize)]
struct Share {
    email: String,
}

pub(super) async fn share(
    State(plane): PlaneState,
    caller: Caller,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Reply {
    let share: Share = reply::body(&bytes)?;
    let permission = PermissionRecord {
        id: ids::uuid(),
        email: share.email,
        granted_at: ids::now(),
    };
    let view = permission_view(&permission);
    caller.edit(&plane, &id, |project| {
        project.permissions.push(permission);
        Ok(())
    })?;
    Ok(Json(view))
}

pub(super) async fn unshare(
    State(plane): PlaneState,
    caller: Caller,
    Path((id, permission)): Path<(String, String)>,
) -> Reply {
    let gone = caller.edit(&plane, &id, |project| {
        let at = project
            .permissions
            .iter()
            .position(|known| known.id == permission);
        let at = at.ok_or_else(|| ApiError::not_found("permission"))?;
        Ok(project.permissions.remove(at))
    })?;
    let mut view = permission_view(&gone);
    if let Some(fields) = view.as_object_mut() {
        fields.insert("revoked_at".to_owned(), json!(ids::now()));
    }
    Ok(Json(view))
}
