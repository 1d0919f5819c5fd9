//! Who is answered at all: programs that mean the sandbox, and not a page in somebody's browser; without a key, only programs
//! of the user who started it.
//!
//! Whose page it is, `site` tells; and a body has to be of a type that a page cannot send unasked.

use std::time::Duration;

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::{
    os::peer,
    sandbox::{
        api::{
            cuttable::ConnectionCutter,
            issuer,
            reply::{self, ApiError, RequestId},
            request::{self, PlaneState},
            temporary::TOKEN_PATH,
        },
        control_plane::ControlPlane,
        records::{KeyScope, digest},
        serverless, site,
    },
};

/// The longest body, in bytes: the longest that Neon's clients send have some kB.
pub(super) const BODY_LIMIT: usize = 1 << 20;
/// How long a client may take to send its body.
const BODY_TIME_LIMIT: Duration = Duration::from_secs(30);
/// All headers of a request together, in bytes: twice what browsers and proxies send at most.
pub(super) const HEADERS_LIMIT: usize = 32 << 10;

/// Answers only what may be asked, and only within bounds.
pub(super) async fn admit(
    ConnectInfo(connection): ConnectInfo<ConnectionCutter>,
    request: Request,
    next: Next,
) -> Response {
    let id = RequestId::of(request.headers());
    let mut response = match checked(&connection, request).await {
        Ok(request) => next.run(request).await,
        Err(refused) => reply::sign(refused.into_response(), &id),
    };
    response.headers_mut().extend(site::FOR_BROWSERS);
    response
}

async fn checked(connection: &ConnectionCutter, request: Request) -> Result<Request, ApiError> {
    let headers = request.headers();
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if size > HEADERS_LIMIT {
        return Err(ApiError::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("invalid request: the headers are longer than {HEADERS_LIMIT} bytes"),
        ));
    }
    let port = connection.port();
    let target = request.uri().authority().map(Authority::as_str);
    if !site::means_us(headers, target, port) {
        return Err(ApiError::forbidden(
            "the host of the request is not the sandbox's",
        ));
    }
    if is_serverless(&request) {
        return Ok(request); // it has bounds of its own
    }
    if !site::is_same_site(headers, port) {
        return Err(ApiError::forbidden(
            "requests from pages of other sites are not allowed",
        ));
    }
    let form_routes = [TOKEN_PATH, issuer::TOKEN_PATH, issuer::REVOCATION_PATH];
    let is_form_route = form_routes.contains(&request.uri().path());
    let (parts, body) = request.into_parts();
    if !body.is_end_stream() && !is_json(&parts.headers) && !is_form_route {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "invalid request: the content type of a body must be application/json",
        ));
    }
    let read = tokio::time::timeout(BODY_TIME_LIMIT, to_bytes(body, BODY_LIMIT)).await;
    let bytes = read
        .map_err(|_elapsed| {
            ApiError::new(
                StatusCode::REQUEST_TIMEOUT,
                format!("the body did not come within {BODY_TIME_LIMIT:?}"),
            )
        })?
        .map_err(|_too_long| {
            ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("invalid request: the body is longer than {BODY_LIMIT} bytes, or broken"),
            )
        })?;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

fn is_serverless(request: &Request) -> bool {
    [serverless::SQL, serverless::WEBSOCKET].contains(&request.uri().path())
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(kind), None) = (types.next(), types.next()) else {
        return false;
    };
    kind.to_str().is_ok_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/json")
    })
}

/// Lets pass the sandbox's own user, and who has a personal key: for what Neon does not have.
pub(super) async fn only_own_user(
    State(plane): PlaneState,
    ConnectInfo(connection): ConnectInfo<ConnectionCutter>,
    request: Request,
    next: Next,
) -> Response {
    if is_own_user(&plane, &connection, request.headers()) {
        return next.run(request).await;
    }
    let refused = ApiError::forbidden("this is only for the user who started the sandbox");
    reply::sign(refused.into_response(), &RequestId::of(request.headers()))
}

/// Lets pass the same, and everyone on this machine where the sandbox was told so: for Neon's services without a key.
pub(super) async fn only_if_claimable(
    State(plane): PlaneState,
    ConnectInfo(connection): ConnectInfo<ConnectionCutter>,
    request: Request,
    next: Next,
) -> Response {
    if plane.claimable || is_own_user(&plane, &connection, request.headers()) {
        return next.run(request).await;
    }
    let refused = ApiError::forbidden(
        "services without a key are off for other users; start the sandbox with --claimable to enable them",
    );
    reply::sign(refused.into_response(), &RequestId::of(request.headers()))
}

fn is_own_user(plane: &ControlPlane, connection: &ConnectionCutter, headers: &HeaderMap) -> bool {
    let has_key = request::bearer(headers).map(digest).is_some_and(|digest| {
        plane.store.read(|state| {
            let mut keys = state.account.keys.iter();
            keys.any(|key| key.scope == KeyScope::Personal && key.digest == digest)
        })
    });
    let own = || {
        connection
            .client()
            .is_some_and(|(client, server)| peer::is_own(client, server))
    };
    has_key || own()
}
