//! What the `neon` CLI asks for besides Postgres. The sandbox has none of it, and says so in the answers that the CLI expects.

use std::sync::Arc;

use axum::{Json, Router, body::Bytes, routing::any};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        call::Call,
        reply::{self, ApiError, CreatedReply, Reply},
        request,
    },
    control_plane::ControlPlane,
    ids,
};

/// An empty list below this name.
fn none(call: &Call, name: &str) -> Reply {
    call.read_branch(|_, _| Ok(Json(json!({name: []}))))
}

pub(super) async fn buckets(call: Call) -> Reply {
    none(&call, "buckets")
}

pub(super) async fn functions(call: Call) -> Reply {
    none(&call, "functions")
}

pub(super) async fn credentials(call: Call) -> Reply {
    none(&call, "credentials")
}

/// Says that the sandbox does not have it, to those who may see the project.
fn absent(call: &Call, what: &str) -> Reply {
    call.read(|_| Ok(()))?;
    Err(ApiError::not_available(what))
}

/// The services of a branch that are not here, and where they are in Neon's API.
const ABSENT_OF_BRANCH: [(&str, &str); 6] = [
    ("/backup_schedule", "snapshots are"),
    ("/buckets/{*rest}", "storage buckets are"),
    ("/functions/{*rest}", "functions are"),
    ("/logs/{*rest}", "logs are"),
    ("/triggers", "triggers are"),
    ("/triggers/{*rest}", "triggers are"),
];
/// Those of which a look has to answer that there is none, or `neon link` warns and writes no env file.
const NONE_OF_BRANCH: [(&str, &str); 4] = [
    ("/auth", "Neon Auth is"),
    ("/auth/{*rest}", "Neon Auth is"),
    ("/data-api/{database}", "the Data API is"),
    ("/data-api/{database}/{*rest}", "the Data API is"),
];
/// Those of a project.
const ABSENT_OF_PROJECT: [(&str, &str); 4] = [
    (
        "/projects/{project}/recover",
        "recovery of deleted projects is",
    ),
    ("/projects/{project}/snapshots/{*rest}", "snapshots are"),
    ("/projects/{project}/vpc_endpoints", "private networking is"),
    (
        "/projects/{project}/vpc_endpoints/{*rest}",
        "private networking is",
    ),
];

/// The routes of services that are not here.
pub(super) fn absent_routes() -> Router<Arc<ControlPlane>> {
    let on = |rest: &str| format!("/projects/{{project}}/branches/{{branch}}{rest}");
    let refused = |what: &'static str| move |call: Call| async move { absent(&call, what) };
    let mut routes = Router::new();
    for (path, what) in ABSENT_OF_PROJECT {
        routes = routes.route(path, any(refused(what)));
    }
    for (path, what) in ABSENT_OF_BRANCH {
        routes = routes.route(&on(path), any(refused(what)));
    }
    for (path, what) in NONE_OF_BRANCH {
        let none = move |call: Call| async move {
            call.read_branch(|_, _| Ok(()))?;
            Err::<Json<Value>, _>(ApiError::none_of(what))
        };
        routes = routes.route(&on(path), any(refused(what)).get(none));
    }
    let auth = || async { Err::<Json<Value>, _>(ApiError::not_available("Neon Auth is")) };
    routes.route("/projects/auth/{*rest}", any(auth))
}

pub(super) async fn create_bucket(call: Call) -> Reply {
    absent(&call, "storage buckets are")
}

pub(super) async fn snapshots(call: Call) -> Reply {
    absent(&call, "snapshots are")
}

pub(super) async fn schemas(call: Call) -> Reply {
    absent(&call, "schema comparison is")
}

#[derive(Deserialize)]
struct CredentialRequest {
    name: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(rename = "principal_type")]
    _principal_type: Option<String>,
}

/// Returns a token that opens nothing: there is no service behind it.
pub(super) async fn create_credential(call: Call, bytes: Bytes) -> CreatedReply {
    call.read_branch(|_, _| Ok(()))?;
    let asked: CredentialRequest = request::strict_body(&bytes)?;
    let id = ids::uuid();
    let short: String = id.chars().take(8).collect();
    Ok(reply::created(json!({
        "token_id": id,
        "token_id_short": short,
        "name": asked.name.unwrap_or_default(),
        "api_token": ids::api_key(),
        "s3_secret_access_key": ids::api_key(),
        "scopes": asked.scopes,
        "branch_id": call.branch,
        "created_at": ids::now(),
    })))
}
