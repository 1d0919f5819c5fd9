//! Who is answered at all: programs that mean the sandbox, and not a page in somebody's browser; without a key, only programs
//! of the user who started it.
//!
//! A page of any site may send simple requests to every port of this machine, and after a rebinding of its name's address it
//! may read the answers. So the host has to be ours, whatever a browser says about where it comes from has to be us, and a
//! body has to be of a type that a page cannot send unasked.

use std::{net::Ipv4Addr, time::Duration};

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::sandbox::{
    api::{
        cuttable::ConnectionCutter,
        reply::{self, ApiError, RequestId},
        request::{self, PlaneState},
        temporary::TOKEN_PATH,
    },
    control_plane::ControlPlane,
    peer,
    records::{KeyScope, digest},
};

/// The longest body, in bytes: the longest that Neon's clients send have some kB.
pub(super) const BODY_LIMIT: usize = 1 << 20;
/// How long a client may take to send its body.
const BODY_TIME_LIMIT: Duration = Duration::from_secs(30);
/// All headers of a request together, in bytes: twice what browsers and proxies send at most.
pub(super) const HEADERS_LIMIT: usize = 32 << 10;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What every answer tells a browser: no other page may show it or guess what it is.
const FOR_BROWSERS: [(HeaderName, HeaderValue); 3] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

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
    response.headers_mut().extend(FOR_BROWSERS);
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
    if !means_us(headers, target, port) {
        return Err(ApiError::forbidden(
            "the host of the request is not the sandbox's",
        ));
    }
    if !is_same_site(headers, port) {
        return Err(ApiError::forbidden(
            "requests from pages of other sites are not allowed",
        ));
    }
    let is_form_route = request.uri().path() == TOKEN_PATH;
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

/// Whether the request names one host, which is a name or address of the loopback interface with our port.
fn means_us(headers: &HeaderMap, target: Option<&str>, port: u16) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let ours = |authority: &str| is_own_authority(authority, port);
    host.to_str().is_ok_and(ours) && target.is_none_or(ours)
}

fn is_own_authority(authority: &str, port: u16) -> bool {
    let (host, own) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    let loopback = || {
        host.eq_ignore_ascii_case("localhost")
            || host == "[::1]"
            || host
                .parse::<Ipv4Addr>()
                .is_ok_and(|address| address.is_loopback())
    };
    own.parse() == Ok(port) && loopback()
}

/// Whether no browser says that the request comes from elsewhere. Other clients say nothing.
fn is_same_site(headers: &HeaderMap, port: u16) -> bool {
    let own_page = |origin: &HeaderValue| {
        origin.to_str().is_ok_and(|origin| {
            let authority = origin.strip_prefix("http://");
            authority.is_some_and(|authority| is_own_authority(authority, port))
        })
    };
    // `none`: typed by a person, or opened by a program.
    let own_fetch = |site: &HeaderValue| site == "same-origin" || site == "none";
    headers.get_all(header::ORIGIN).iter().all(own_page)
        && headers.get_all(FETCH_SITE).iter().all(own_fetch)
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
    let refused = ApiError::forbidden("this is for the user who started the sandbox alone");
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
        "the services without a key are off for other users; start the sandbox with --claimable to open them",
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
        let owner = connection
            .client()
            .and_then(|(client, server)| peer::owner(client, server));
        let us = rustix::process::geteuid().as_raw();
        owner.is_some_and(|owner| owner == us || owner == 0)
    };
    has_key || own()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_with_the_own_port_are_ours() {
        for host in [
            "localhost:8080",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "127.0.0.2:8080",
            "[::1]:8080",
        ] {
            assert!(is_own_authority(host, 8080), "{host}");
        }
        for host in [
            "localhost",
            "localhost:80",
            "localhost:8081",
            "page.example:8080",
            "localhost.page.example:8080",
            "127.0.0.1.page.example:8080",
            "me@localhost:8080",
            "0.0.0.0:8080",
            "10.0.0.1:8080",
            "",
            ":8080",
        ] {
            assert!(!is_own_authority(host, 8080), "{host}");
        }
        assert!(is_own_authority("localhost", 80));
    }
}
