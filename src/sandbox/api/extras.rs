//! What the `neon` CLI asks for besides Postgres. The sandbox has none of it, and says so in the answers that the CLI expects.
//!
//! Without them `neon link` warns and writes no env file. `auth` and `data-api` are not here: for them the right answer is 404.

use axum::{Json, body::Bytes};
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        call::Call,
        reply::{self, ApiError, CreatedReply, Reply},
        request,
    },
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

/// Says that the sandbox does not have it. Not with 404, which `neon diff` takes for an empty schema.
fn absent(call: &Call, what: &str) -> Reply {
    call.read(|_| Ok(()))?;
    Err(ApiError::unprocessable(
        "",
        format!("{what} not available in the sandbox"),
    ))
}

pub(super) async fn snapshots(call: Call) -> Reply {
    absent(&call, "snapshots are")
}

pub(super) async fn schemas(call: Call) -> Reply {
    absent(&call, "schema comparison is")
}

/// Returns a token that opens nothing: there is no service behind it.
pub(super) async fn create_credential(call: Call, bytes: Bytes) -> CreatedReply {
    call.read_branch(|_, _| Ok(()))?;
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
        "branch_id": call.branch,
        "created_at": ids::now(),
    })))
}
