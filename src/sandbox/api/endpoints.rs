//! Compute endpoints: one port each; all endpoints of a branch lead to the branch's one server.

use axum::{Json, body::Bytes};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        call::Call,
        provisioning::open_port,
        reply::{self, ApiError, CreatedReply, OrNotFound as _, Reply},
        request, settings, views,
    },
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
    /// Refuses a new endpoint of no type.
    pub(super) fn require_type(&self) -> Result<(), ApiError> {
        if self.r#type.is_some() {
            return Ok(());
        }
        Err(ApiError::bad_request(
            "invalid request: endpoint.type (field required)",
        ))
    }

    /// Checks everything, then changes the endpoint.
    pub(super) fn apply(&self, endpoint: &mut EndpointRecord) -> Result<(), ApiError> {
        let read_only = match self.r#type.as_deref() {
            None => endpoint.read_only,
            Some("read_write") => false,
            Some("read_only") => true,
            Some(_) => {
                return Err(ApiError::bad_request(
                    "invalid request: endpoint.type: must be read_only or read_write",
                ));
            }
        };
        if let Some(name) = &self.name
            && !(1..=64).contains(&name.chars().count())
        {
            return Err(ApiError::bad_request(
                "invalid request: endpoint.name: must be 1 to 64 characters",
            ));
        }
        settings::check_suspend("endpoint", self.suspend_timeout_seconds)?;
        settings::check_compute("endpoint.settings", self.settings.as_ref())?;
        let least = self
            .autoscaling_limit_min_cu
            .unwrap_or(endpoint.autoscaling_limit_min_cu);
        let most = self
            .autoscaling_limit_max_cu
            .unwrap_or(endpoint.autoscaling_limit_max_cu);
        settings::check_scaling("endpoint", Some(least), Some(most))?;
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

fn views(project: &ProjectRecord, endpoints: &[&EndpointRecord]) -> Json<Value> {
    let endpoints = endpoints.iter();
    let views = endpoints.map(|endpoint| views::endpoint(endpoint, project));
    Json(json!({"endpoints": views.collect::<Vec<_>>()}))
}

pub(super) async fn list(call: Call) -> Reply {
    call.read(|project| {
        let all: Vec<_> = project.endpoints.iter().collect();
        Ok(views(project, &all))
    })
}

pub(super) async fn list_of_branch(call: Call) -> Reply {
    call.read_branch(|branch, project| Ok(views(project, &project.endpoints_of(&branch.id))))
}

fn view(project: &ProjectRecord, id: &str) -> Result<Value, ApiError> {
    let endpoint = project.endpoint(id).or_not_found("endpoint")?;
    Ok(views::endpoint(endpoint, project))
}

pub(super) async fn get(call: Call) -> Reply {
    let view = call.read(|project| view(project, &call.item))?;
    Ok(Json(json!({"endpoint": view})))
}

pub(super) async fn create(call: Call, bytes: Bytes) -> CreatedReply {
    let options: EndpointOptions = request::field(&bytes, "endpoint")?;
    let missing = |name: &str| {
        ApiError::bad_request(format!("invalid request: endpoint.{name} (field required)"))
    };
    let branch = options
        .branch_id
        .clone()
        .ok_or_else(|| missing("branch_id"))?;
    options.require_type()?;
    let mut endpoint = EndpointRecord::new(&branch);
    options.apply(&mut endpoint)?;
    let answer = call.change(|project| {
        project.branch(&branch).or_not_found("branch")?;
        let endpoints = project.endpoints_of(&branch);
        if !endpoint.read_only && endpoints.iter().any(|other| !other.read_only) {
            let text = format!("read-write endpoint already exists; branch_id:\"{branch}\"");
            return Err(ApiError::conflict("", text));
        }
        open_port(
            &call.plane,
            &BranchRef::new(&project.id, &branch),
            &mut endpoint,
        )?;
        let id = endpoint.id.clone();
        project.endpoints.push(endpoint);
        let actions = vec![OperationAction::StartCompute];
        let scheduled = operations::schedule(project, &branch, Some(&id), actions);
        Ok((json!({"endpoint": view(project, &id)?}), scheduled))
    })?;
    Ok(reply::created(answer))
}

pub(super) async fn update(call: Call, bytes: Bytes) -> Reply {
    let options: EndpointOptions = request::field(&bytes, "endpoint")?;
    let view = call.edit(|project| {
        let endpoint = project.endpoint_mut(&call.item).or_not_found("endpoint")?;
        options.apply(endpoint)?;
        view(project, &call.item)
    })?;
    Ok(Json(json!({"endpoint": view, "operations": []})))
}

pub(super) async fn delete(call: Call) -> Reply {
    let id = &call.item;
    let answer = call.change(|project| {
        let endpoint = project.endpoint(id).or_not_found("endpoint")?;
        let view = views::endpoint(endpoint, project);
        let branch = endpoint.branch_id.clone();
        call.plane.close_front(id);
        project.endpoints.retain(|endpoint| endpoint.id != *id);
        let actions = match project.main_endpoint(&branch) {
            Some(_) => Vec::new(),
            None => vec![OperationAction::SuspendCompute],
        };
        let scheduled = operations::schedule(project, &branch, Some(id), actions);
        Ok((json!({"endpoint": view}), scheduled))
    })?;
    Ok(Json(answer))
}

/// Starts, suspends or restarts the compute of an endpoint.
fn run(call: &Call, actions: Vec<OperationAction>) -> Reply {
    let id = &call.item;
    let answer = call.change(|project| {
        let endpoint = project.endpoint_mut(id).or_not_found("endpoint")?;
        let branch = endpoint.branch_id.clone();
        endpoint.pending_state = Some(match actions.last() {
            Some(OperationAction::SuspendCompute) => EndpointState::Idle,
            _ => EndpointState::Active,
        });
        let scheduled = operations::schedule(project, &branch, Some(id), actions);
        Ok((json!({"endpoint": view(project, id)?}), scheduled))
    })?;
    Ok(Json(answer))
}

pub(super) async fn start(call: Call) -> Reply {
    run(&call, vec![OperationAction::StartCompute])
}

pub(super) async fn suspend(call: Call) -> Reply {
    run(&call, vec![OperationAction::SuspendCompute])
}

pub(super) async fn restart(call: Call) -> Reply {
    let actions = vec![
        OperationAction::SuspendCompute,
        OperationAction::StartCompute,
    ];
    run(&call, actions)
}
