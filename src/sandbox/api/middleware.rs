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
        damage,
        reply::{self, ApiError, RequestId},
        request::{self, PlaneState},
    },
    control_plane::LoggedRequest,
    faults::{BodyDamage, BodyFault, Faults},
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
    mut request: Request,
    next: Next,
) -> Response {
    let faults = plane.faults();
    if faults.latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(faults.latency_ms)).await;
    }
    let (method, path) = (
        request.method().to_string(),
        request.uri().path().to_owned(),
    );
    if let Some(burst) = plane.take_fault(|faults| faults.take_error(&method, &path)) {
        return ApiError::of_burst(burst).into_response();
    }
    let limit = page_limit(&request);
    let is_endless = |body: &BodyFault| body.kind == BodyDamage::EndlessCursor;
    if faults.bodies.iter().any(is_endless)
        && let Some(uri) = damage::without_cursor(request.uri())
    {
        *request.uri_mut() = uri;
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
        Some(kind) => damage::damage(response, kind, limit).await,
    }
}

/// How many entries a client wants on a page.
fn page_limit(request: &Request) -> usize {
    let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(request.uri());
    let pairs = query.map(|query| query.0).unwrap_or_default();
    let limit = pairs.iter().find(|(name, _)| name == "limit");
    limit.and_then(|(_, text)| text.parse().ok()).unwrap_or(10)
}
