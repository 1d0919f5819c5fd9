//! `/sandbox/…`: what a client needs to know it is a sandbox, and the switches for what goes wrong.
//!
//! It asks for no key: whoever reaches the loopback address may reach the databases' ports, and they ask for passwords.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        Shared, projects,
        reply::{self, ApiError, RequestId},
    },
    faults::Faults,
};

pub(super) async fn about(State(core): Shared) -> Json<Value> {
    Json(json!({
        "sandbox": true,
        "version": env!("CARGO_PKG_VERSION"),
        "ca_file": core.authority.file,
        "ca_pem": core.authority.pem,
    }))
}

pub(super) async fn faults(State(core): Shared) -> Json<Faults> {
    Json(core.faults())
}

pub(super) async fn set_faults(State(core): Shared, bytes: Bytes) -> Response {
    answer(reply::optional_body(&bytes).map(|faults: Faults| {
        core.set_faults(faults.clone());
        json!(faults)
    }))
}

/// `{"count": 12000, "name": "crowd"}`: projects to list, without computes.
pub(super) async fn add_projects(State(core): Shared, bytes: Bytes) -> Response {
    #[derive(serde::Deserialize)]
    struct Crowd {
        count: usize,
        name: String,
    }
    let added = reply::body(&bytes).and_then(|crowd: Crowd| {
        projects::scenery(&core, &crowd.name, crowd.count)?;
        Ok(json!({"added": crowd.count}))
    });
    answer(added)
}

/// No middleware signs the errors of these routes.
pub(super) fn answer(outcome: Result<Value, ApiError>) -> Response {
    match outcome {
        Ok(value) => Json(value).into_response(),
        Err(error) => reply::sign(error.respond(), &RequestId::of(&HeaderMap::new())),
    }
}

pub(super) async fn requests(State(core): Shared) -> Json<Value> {
    Json(json!({"requests": core.requests()}))
}
