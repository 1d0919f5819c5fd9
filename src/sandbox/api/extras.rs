//! What the `neon` CLI asks for besides Postgres. The sandbox has none of it, and says so in the answers that the CLI expects.
//!
//! Without them `neon link` warns and writes no env file. `auth` and `data-api` are not here: for them the right answer is 404.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        caller::Caller,
        reply::{self, ApiError, CreatedReply, OrNotFound as _, Reply},
        request::{self, PlaneState},
    },
    control_plane::ControlPlane,
    ids,
};

fn branch_exists(
    plane: &ControlPlane,
    caller: &Caller,
    project: &str,
    branch: &str,
) -> Result<(), ApiError> {
    let exists = caller.project(plane, project, |project| project.branch(branch).is_some())?;
    exists.then_some(()).or_not_found("branch")
}

pub(super) async fn buckets(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch)): Path<(String, String)>,
) -> Reply {
    branch_exists(&plane, &caller, &project, &branch)?;
    Ok(Json(json!({"buckets": []})))
}

pub(super) async fn functions(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch)): Path<(String, String)>,
) -> Reply {
    branch_exists(&plane, &caller, &project, &branch)?;
    Ok(Json(json!({"functions": []})))
}

pub(super) async fn credentials(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch)): Path<(String, String)>,
) -> Reply {
    branch_exists(&plane, &caller, &project, &branch)?;
    Ok(Json(json!({"credentials": []})))
}

/// Returns a token that opens nothing: there is no service behind it.
pub(super) async fn create_credential(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch)): Path<(String, String)>,
    bytes: Bytes,
) -> CreatedReply {
    branch_exists(&plane, &caller, &project, &branch)?;
    let asked: Value = request::body(&bytes)?;
    let id = ids::uuid();
    let short: String = id.chars().take(8).collect();
    Ok(reply::created(json!({
        "token_id": id,
        "token_id_short": short,
        "name": asked.get("name").and_then(Value::as_str).unwrap_or_default(),
        "api_token": ids::api_key(),
        "s3_secret_access_key": ids::api_key(),
        "scopes": asked.get("scopes").filter(|scopes| scopes.is_array()).unwrap_or(&json!([])),
        "branch_id": branch,
        "created_at": ids::now(),
    })))
}
