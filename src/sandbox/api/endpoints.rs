//! Compute endpoints: one port each; all endpoints of a branch lead to the branch's one server.

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
        caller::Caller,
        projects::field,
        reply::{self, ApiError, CreatedReply, Reply},
        views,
    },
    control_plane::ControlPlane,
    front, ids,
    operations::{self, OperationAction},
    records::{BranchRef, EndpointRecord, EndpointState, ProjectRecord},
};

/// The settings of a free plan's compute.
pub(super) fn default_settings() -> Value {
    json!({"autoscaling_limit_min_cu": 0.25, "autoscaling_limit_max_cu": 2, "suspend_timeout_seconds": 0})
}

/// An endpoint that has not started.
pub(super) fn blank(branch: &str) -> EndpointRecord {
    let now = ids::now();
    EndpointRecord {
        id: ids::endpoint(),
        branch_id: branch.to_owned(),
        read_only: false,
        name: None,
        port: 0,
        state: EndpointState::Init,
        pending_state: Some(EndpointState::Active),
        disabled: false,
        autoscaling_limit_min_cu: 0.25,
        autoscaling_limit_max_cu: 2.0,
        suspend_timeout_seconds: 0,
        settings: json!({}),
        last_active: None,
        started_at: None,
        suspended_at: None,
        created_at: now.clone(),
        updated_at: now,
    }
}

/// What can be chosen for an endpoint.
#[derive(Deserialize, Default)]
pub(super) struct EndpointOptions {
    r#type: Option<String>,
    branch_id: Option<String>,
    name: Option<String>,
    settings: Option<Value>,
    autoscaling_limit_min_cu: Option<f64>,
    autoscaling_limit_max_cu: Option<f64>,
    suspend_timeout_seconds: Option<i64>,
    disabled: Option<bool>,
}

impl EndpointOptions {
    /// Checks everything, then changes the endpoint.
    pub(super) fn apply(&self, endpoint: &mut EndpointRecord) -> Result<(), ApiError> {
        let invalid = |text: &str| {
            Err(ApiError::bad_request(format!(
                "invalid request: endpoint.{text}"
            )))
        };
        let read_only = match self.r#type.as_deref() {
            None => endpoint.read_only,
            Some("read_write") => false,
            Some("read_only") => true,
            Some(_) => return invalid("type: must be read_only or read_write"),
        };
        if let Some(seconds) = self.suspend_timeout_seconds
            && !(-1..=604_800).contains(&seconds)
        {
            return invalid("suspend_timeout_seconds: must be between -1 and 604800");
        }
        let least = self
            .autoscaling_limit_min_cu
            .unwrap_or(endpoint.autoscaling_limit_min_cu);
        let most = self
            .autoscaling_limit_max_cu
            .unwrap_or(endpoint.autoscaling_limit_max_cu);
        if least < 0.25 || most < least {
            return invalid(
                "autoscaling_limit_min_cu: must be 0.25 or more, and not above the maximum",
            );
        }
        endpoint.read_only = read_only;
        endpoint.autoscaling_limit_min_cu = least;
        endpoint.autoscaling_limit_max_cu = most;
        if let Some(seconds) = self.suspend_timeout_seconds {
            endpoint.suspend_timeout_seconds = seconds;
        }
        if let Some(disabled) = self.disabled {
            endpoint.disabled = disabled;
        }
        if let Some(settings) = &self.settings {
            endpoint.settings = settings.clone();
        }
        if self.name.is_some() {
            endpoint.name.clone_from(&self.name);
        }
        endpoint.updated_at = ids::now();
        Ok(())
    }
}

fn all<'a>(
    project: &ProjectRecord,
    endpoints: impl Iterator<Item = &'a EndpointRecord>,
) -> Json<Value> {
    let views: Vec<_> = endpoints
        .map(|endpoint| views::endpoint(endpoint, project))
        .collect();
    Json(json!({"endpoints": views}))
}

pub(super) async fn list(
    State(plane): PlaneState,
    caller: Caller,
    Path(project): Path<String>,
) -> Reply {
    caller.project(&plane, &project, |project| {
        all(project, project.endpoints.iter())
    })
}

pub(super) async fn list_of_branch(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch)): Path<(String, String)>,
) -> Reply {
    caller.project(&plane, &project, |project| {
        if project.branch(&branch).is_none() {
            return Err(ApiError::not_found("branch"));
        }
        Ok(all(project, project.endpoints_of(&branch).into_iter()))
    })?
}

fn one(project: &ProjectRecord, id: &str) -> Result<Value, ApiError> {
    let endpoint = project
        .endpoint(id)
        .ok_or_else(|| ApiError::not_found("endpoint"))?;
    Ok(views::endpoint(endpoint, project))
}

pub(super) async fn get(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, id)): Path<(String, String)>,
) -> Reply {
    let view = caller.project(&plane, &project, |project| one(project, &id))??;
    Ok(Json(json!({"endpoint": view})))
}

pub(super) async fn create(
    State(plane): PlaneState,
    caller: Caller,
    Path(project_id): Path<String>,
    bytes: Bytes,
) -> CreatedReply {
    let options: EndpointOptions = field(&bytes, "endpoint")?;
    let missing = |name: &str| {
        ApiError::bad_request(format!("invalid request: endpoint.{name} (field required)"))
    };
    let branch = options
        .branch_id
        .clone()
        .ok_or_else(|| missing("branch_id"))?;
    if options.r#type.is_none() {
        return Err(missing("type"));
    }
    let mut endpoint = blank(&branch);
    options.apply(&mut endpoint)?;
    let (answer, scheduled) = caller.schedule(&plane, &project_id, |project| {
        if project.branch(&branch).is_none() {
            return Err(ApiError::not_found("branch"));
        }
        let second = !endpoint.read_only
            && project
                .endpoints_of(&branch)
                .iter()
                .any(|other| !other.read_only);
        if second {
            let text = format!("read-write endpoint already exists; branch_id:\"{branch}\"");
            return Err(ApiError::conflict("", text));
        }
        endpoint.port = front::open(
            &plane,
            BranchRef::new(&project_id, &branch),
            &endpoint.id,
            0,
        )
        .map_err(|error| ApiError::internal(format!("no port for the compute: {error}")))?;
        project.endpoints.push(endpoint.clone());
        let scheduled = operations::schedule(
            project,
            &branch,
            Some(&endpoint.id),
            vec![OperationAction::StartCompute],
        );
        Ok((
            with_operations(project, &endpoint.id, &scheduled)?,
            scheduled,
        ))
    })?;
    operations::run(&plane, &project_id, scheduled);
    Ok(reply::created(answer))
}

fn with_operations(
    project: &ProjectRecord,
    id: &str,
    scheduled: &[operations::ScheduledOperation],
) -> Result<Value, ApiError> {
    let operations: Vec<_> = scheduled
        .iter()
        .map(|one| views::operation(&one.operation, &project.id))
        .collect();
    Ok(json!({"endpoint": one(project, id)?, "operations": operations}))
}

pub(super) async fn update(
    State(plane): PlaneState,
    caller: Caller,
    Path((project_id, id)): Path<(String, String)>,
    bytes: Bytes,
) -> Reply {
    let options: EndpointOptions = field(&bytes, "endpoint")?;
    let answer = caller.edit(&plane, &project_id, |project| {
        let endpoint = project
            .endpoint_mut(&id)
            .ok_or_else(|| ApiError::not_found("endpoint"))?;
        options.apply(endpoint)?;
        with_operations(project, &id, &[])
    })?;
    Ok(Json(answer))
}

pub(super) async fn delete(
    State(plane): PlaneState,
    caller: Caller,
    Path((project_id, id)): Path<(String, String)>,
) -> Reply {
    let (answer, scheduled) = caller.schedule(&plane, &project_id, |project| {
        let view = one(project, &id)?;
        let branch = project
            .endpoint(&id)
            .map(|endpoint| endpoint.branch_id.clone())
            .unwrap_or_default();
        plane.close_front(&id);
        project.endpoints.retain(|endpoint| endpoint.id != id);
        let last = project.endpoints_of(&branch).is_empty();
        let works = if last {
            vec![OperationAction::SuspendCompute]
        } else {
            Vec::new()
        };
        let scheduled = operations::schedule(project, &branch, Some(&id), works);
        let operations: Vec<_> = scheduled
            .iter()
            .map(|one| views::operation(&one.operation, &project.id))
            .collect();
        Ok((
            json!({"endpoint": view, "operations": operations}),
            scheduled,
        ))
    })?;
    operations::run(&plane, &project_id, scheduled);
    Ok(Json(answer))
}

fn work(
    plane: &Arc<ControlPlane>,
    caller: &Caller,
    project_id: &str,
    id: &str,
    works: Vec<OperationAction>,
) -> Reply {
    let (answer, scheduled) = caller.schedule(plane, project_id, |project| {
        let endpoint = project
            .endpoint_mut(id)
            .ok_or_else(|| ApiError::not_found("endpoint"))?;
        let branch = endpoint.branch_id.clone();
        endpoint.pending_state = Some(match works.last() {
            Some(OperationAction::SuspendCompute) => EndpointState::Idle,
            _ => EndpointState::Active,
        });
        let scheduled = operations::schedule(project, &branch, Some(id), works);
        Ok((with_operations(project, id, &scheduled)?, scheduled))
    })?;
    operations::run(plane, project_id, scheduled);
    Ok(Json(answer))
}

pub(super) async fn start(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, id)): Path<(String, String)>,
) -> Reply {
    work(
        &plane,
        &caller,
        &project,
        &id,
        vec![OperationAction::StartCompute],
    )
}

pub(super) async fn suspend(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, id)): Path<(String, String)>,
) -> Reply {
    work(
        &plane,
        &caller,
        &project,
        &id,
        vec![OperationAction::SuspendCompute],
    )
}

pub(super) async fn restart(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, id)): Path<(String, String)>,
) -> Reply {
    work(
        &plane,
        &caller,
        &project,
        &id,
        vec![
            OperationAction::SuspendCompute,
            OperationAction::StartCompute,
        ],
    )
}
