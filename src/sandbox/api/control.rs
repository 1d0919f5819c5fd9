//! `/sandbox/…`: what a client needs to know it is a sandbox, and the switches for what goes wrong.
//!
//! It asks for no key: whoever reaches the loopback address may reach the databases' ports, and they ask for passwords.

use axum::{Json, body::Bytes, extract::State};
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        Shared,
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

pub(super) async fn set_faults(State(core): Shared, bytes: Bytes) -> axum::response::Response {
    use axum::response::IntoResponse as _;
    let outcome: Result<Faults, ApiError> = reply::optional_body(&bytes);
    match outcome {
        Ok(faults) => {
            core.set_faults(faults.clone());
            Json(faults).into_response()
        }
        // No middleware signs these.
        Err(error) => reply::sign(
            error.respond(),
            &RequestId::of(&axum::http::HeaderMap::new()),
        ),
    }
}

pub(super) async fn requests(State(core): Shared) -> Json<Value> {
    Json(json!({"requests": core.requests()}))
}
