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
        caller::Caller,
        provisioning::open_port,
        reply::{self, ApiError, CreatedReply, OrNotFound as _, Reply},
        request::{self, PlaneState},
        views,
    },
    control_plane::ControlPlane,
    ids,
    operations::{self, OperationAction},
    records::{BranchRef, EndpointRecord, EndpointState, ProjectRecord},
};

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
    let endpoint = project.endpoint(id).or_not_found("endpoint")?;
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
    let options: EndpointOptions = request::field(&bytes, "endpoint")?;
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
    let mut endpoint = EndpointRecord::new(&branch);
    options.apply(&mut endpoint)?;
    let answer = caller.change(&plane, &project_id, |project| {
        project.branch(&branch).or_not_found("branch")?;
        let endpoints = project.endpoints_of(&branch);
        if !endpoint.read_only && endpoints.iter().any(|other| !other.read_only) {
            let text = format!("read-write endpoint already exists; branch_id:\"{branch}\"");
            return Err(ApiError::conflict("", text));
        }
        open_port(&plane, &BranchRef::new(&project_id, &branch), &mut endpoint)?;
        let id = endpoint.id.clone();
        project.endpoints.push(endpoint);
        let actions = vec![OperationAction::StartCompute];
        let scheduled = operations::schedule(project, &branch, Some(&id), actions);
        Ok((json!({"endpoint": one(project, &id)?}), scheduled))
    })?;
    Ok(reply::created(answer))
}

pub(super) async fn update(
    State(plane): PlaneState,
    caller: Caller,
    Path((project_id, id)): Path<(String, String)>,
    bytes: Bytes,
) -> Reply {
    let options: EndpointOptions = request::field(&bytes, "endpoint")?;
    let view = caller.edit(&plane, &project_id, |project| {
        let endpoint = project.endpoint_mut(&id).or_not_found("endpoint")?;
        options.apply(endpoint)?;
        one(project, &id)
    })?;
    Ok(Json(json!({"endpoint": view, "operations": []})))
}

pub(super) async fn delete(
    State(plane): PlaneState,
    caller: Caller,
    Path((project_id, id)): Path<(String, String)>,
) -> Reply {
    let answer = caller.change(&plane, &project_id, |project| {
        let endpoint = project.endpoint(&id).or_not_found("endpoint")?;
        let (view, branch) = (
            views::endpoint(endpoint, project),
            endpoint.branch_id.clone(),
        );
        plane.close_front(&id);
        project.endpoints.retain(|endpoint| endpoint.id != id);
        let last = project.endpoints_of(&branch).is_empty();
        let actions = last.then_some(OperationAction::SuspendCompute);
        let scheduled =
            operations::schedule(project, &branch, Some(&id), actions.into_iter().collect());
        Ok((json!({"endpoint": view}), scheduled))
    })?;
    Ok(Json(answer))
}

/// Starts, suspends or restarts the compute of an endpoint.
fn run(
    plane: &Arc<ControlPlane>,
    caller: &Caller,
    (project, id): (String, String),
    actions: Vec<OperationAction>,
) -> Reply {
    let answer = caller.change(plane, &project, |project| {
        let endpoint = project.endpoint_mut(&id).or_not_found("endpoint")?;
        let branch = endpoint.branch_id.clone();
        endpoint.pending_state = Some(match actions.last() {
            Some(OperationAction::SuspendCompute) => EndpointState::Idle,
            _ => EndpointState::Active,
        });
        let scheduled = operations::schedule(project, &branch, Some(&id), actions);
        Ok((json!({"endpoint": one(project, &id)?}), scheduled))
    })?;
    Ok(Json(answer))
}

pub(super) async fn start(
    State(plane): PlaneState,
    caller: Caller,
    Path(path): Path<(String, String)>,
) -> Reply {
    run(&plane, &caller, path, vec![OperationAction::StartCompute])
}

pub(super) async fn suspend(
    State(plane): PlaneState,
    caller: Caller,
    Path(path): Path<(String, String)>,
) -> Reply {
    run(&plane, &caller, path, vec![OperationAction::SuspendCompute])
}

pub(super) async fn restart(
    State(plane): PlaneState,
    caller: Caller,
    Path(path): Path<(String, String)>,
) -> Reply {
    let actions = vec![
        OperationAction::SuspendCompute,
        OperationAction::StartCompute,
    ];
    run(&plane, &caller, path, actions)
}
