//! What happens around every request: its id, the log, and what goes wrong on purpose.

use std::time::Duration;

use axum::{
    extract::{ConnectInfo, Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::sandbox::{
    api::{
        cuttable::ConnectionCutter,
        reply::{self, ApiError, RequestId},
        request::{self, PlaneState},
    },
    control_plane::LoggedRequest,
    faults::{BodyDamage, Faults},
};

/// Gives each request its id, and logs it.
pub(super) async fn record(
    State(plane): PlaneState,
    ConnectInfo(scissors): ConnectInfo<ConnectionCutter>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::of(request.headers());
    let method = request.method().to_string();
    let path = request::original_path(&request);
    request.extensions_mut().insert(id.clone());
    let began_us = plane.now_us();
    let response = reply::sign(next.run(request).await, &id);
    let status = (!scissors.used()).then(|| response.status().as_u16());
    plane.log_request(LoggedRequest {
        method,
        path,
        status,
        began_us,
        ended_us: plane.now_us(),
    });
    response
}

/// Lets go wrong what the faults ask for.
pub(super) async fn misbehave(
    State(plane): PlaneState,
    ConnectInfo(scissors): ConnectInfo<ConnectionCutter>,
    request: Request,
    next: Next,
) -> Response {
    let latency = plane.faults().latency_ms;
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let (method, path) = (
        request.method().to_string(),
        request.uri().path().to_owned(),
    );
    if let Some(burst) = plane.take_fault(|faults| faults.take_error(&method, &path)) {
        return ApiError::of_burst(burst).into_response();
    }
    let response = next.run(request).await;
    let created =
        method == "POST" && path == "/projects" && response.status() == StatusCode::CREATED;
    if created && plane.take_fault(Faults::take_lost_create) {
        return scissors.cut(response);
    }
    if !response.status().is_success() {
        return response;
    }
    match plane.take_fault(|faults| faults.take_body(&method, &path)) {
        None => response,
        Some(BodyDamage::Lost) => scissors.cut(response),
        Some(kind) => reply::damage(response, kind).await,
    }
}
