//! `/sandbox/…`: identifies the sandbox, sets faults, lists requests.
//!
//! It needs no key of the user who runs the sandbox, and a personal one of everyone else; only that it is a sandbox is told to all.

use axum::{Json, body::Bytes, extract::State, response::Response};
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        provisioning,
        reply::answer,
        request::{self, PlaneState},
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
    answer(request::optional_body(&bytes).map(|faults: Faults| {
        plane.set_faults(faults.clone());
        json!(faults)
    }))
}

/// Adds projects to list, without computes: `{"count": 12000, "name": "crowd"}`.
pub(super) async fn add_projects(State(plane): PlaneState, bytes: Bytes) -> Response {
    #[derive(serde::Deserialize)]
    struct Crowd {
        count: usize,
        name: String,
    }
    let version = plane.pg_version().await;
    let added = request::body(&bytes).and_then(|crowd: Crowd| {
        provisioning::add_crowd(&plane, &crowd.name, crowd.count, version)?;
        Ok(json!({"added": crowd.count}))
    });
    answer(added)
}

pub(super) async fn requests(State(plane): PlaneState) -> Json<Value> {
    Json(json!({"requests": plane.requests()}))
}
