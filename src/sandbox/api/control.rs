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
        PlaneState, projects,
        reply::{self, ApiError, RequestId},
    },
    faults::Faults,
};

pub(super) async fn about(State(plane): PlaneState) -> Json<Value> {
    Json(json!({
        "sandbox": true,
        "version": env!("CARGO_PKG_VERSION"),
        "ca_file": plane.authority.file,
        "ca_pem": plane.authority.pem,
    }))
}

pub(super) async fn faults(State(plane): PlaneState) -> Json<Faults> {
    Json(plane.faults())
}

pub(super) async fn set_faults(State(plane): PlaneState, bytes: Bytes) -> Response {
    answer(reply::optional_body(&bytes).map(|faults: Faults| {
        plane.set_faults(faults.clone());
        json!(faults)
    }))
}

/// `{"count": 12000, "name": "crowd"}`: projects to list, without computes.
pub(super) async fn add_projects(State(plane): PlaneState, bytes: Bytes) -> Response {
    #[derive(serde::Deserialize)]
    struct Crowd {
        count: usize,
        name: String,
    }
    let added = reply::body(&bytes).and_then(|crowd: Crowd| {
        projects::scenery(&plane, &crowd.name, crowd.count)?;
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

pub(super) async fn requests(State(plane): PlaneState) -> Json<Value> {
    Json(json!({"requests": plane.requests()}))
}
