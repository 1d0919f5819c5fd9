//! The ways in that are not Postgres' own: `POST /sql` runs statements over HTTP, and `/v2` is a session in a websocket.
//!
//! It is what `@neondatabase/serverless` speaks, and drizzle's `neon-http` through it. The requests, answers and words are those
//! of Neon's proxy (neondatabase/neon, `proxy/src/serverless`); the port of a compute has both over TLS, the API's without.
//!
//! | file | what it holds |
//! |---|---|
//! | `sql` | one request: who asks, for what, and the answer |
//! | `place` | the port that a request came to |
//! | `connection` | the connection string, and the endpoint that it means |
//! | `statements` | statements on a server, and their results as JSON |
//! | `json` | values: JSON to Postgres' text, and back |
//! | `reason` | why there is no result, in Neon's form |
//! | `websocket` | a session of Postgres in a websocket |
//! | `memory` | how much all requests together may hold |

mod connection;
mod json;
mod memory;
mod place;
mod reason;
mod sql;
mod statements;
mod websocket;

use std::{io, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header, uri::Authority},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::sandbox::{
    control_plane::ControlPlane,
    serverless::{place::ComputePort, reason::Reason},
    session::Target,
    site,
};

/// The paths of both.
pub(crate) const SQL: &str = "/sql";
pub(crate) const WEBSOCKET: &str = "/v2";

/// How long a connection may take to send the headers of its next request.
const HEADERS_TIME: Duration = Duration::from_secs(30);
/// The headers of a request, in bytes: the connection string is among them.
const HEADERS_LIMIT: usize = 64 << 10;
/// The headers that a page may send.
const PAGE_HEADERS: &str = "Authorization, Neon-Connection-String, Neon-Raw-Text-Output, Neon-Array-Mode, \
     Neon-Pool-Opt-In, Neon-Batch-Read-Only, Neon-Batch-Isolation-Level, Neon-Batch-Deferrable, Content-Type";

/// The routes at a port.
pub(crate) fn router(plane: Arc<ControlPlane>, own: Option<Target>, port: u16) -> Router {
    let here = Arc::new(ComputePort { plane, own, port });
    Router::new()
        .route(SQL, post(sql::answer).options(preflight))
        .route(WEBSOCKET, get(websocket::upgrade))
        .fallback(unsupported)
        .method_not_allowed_fallback(unsupported)
        .layer(from_fn_with_state(Arc::clone(&here), admit))
        .with_state(here)
}

/// Serves HTTP on a connection to the port of an endpoint.
pub(crate) async fn serve(target: &Target, tls: TlsStream<TcpStream>) -> io::Result<()> {
    let Ok(_counted) = target.plane.http.try_acquire() else {
        return Ok(()); // the client sees a closed connection
    };
    let port = tls.get_ref().0.local_addr()?.port();
    let routes = router(Arc::clone(&target.plane), Some(target.clone()), port);
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_TIME)
        .max_buf_size(HEADERS_LIMIT)
        .serve_connection(TokioIo::new(tls), TowerToHyperService::new(routes))
        .with_upgrades()
        .await
        .map_err(io::Error::other)
}

/// Answers programs, and pages of this machine; a page from elsewhere learns nothing, whatever it knows.
async fn admit(State(here): State<Arc<ComputePort>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let target = request.uri().authority().map(Authority::as_str);
    if !site::means_us(headers, target, here.port) {
        return Reason::forbidden("the host of the request is not the sandbox's").into_response();
    }
    if !site::is_local(headers) {
        let text = "requests from pages of other sites are not allowed";
        return Reason::forbidden(text).into_response();
    }
    let page = headers.get(header::ORIGIN).cloned();
    let mut response = next.run(request).await;
    let answered = response.headers_mut();
    answered.extend(site::FOR_BROWSERS);
    if let Some(page) = page {
        answered.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page);
        answered.insert(header::VARY, HeaderValue::from_static("Origin"));
    }
    response
}

/// Neon's word for what is neither of both.
async fn unsupported() -> Response {
    Reason::bad_request("query is not supported").into_response()
}

/// Tells a browser what its page may send.
async fn preflight() -> Response {
    let headers = [
        (header::ALLOW, "OPTIONS, POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, PAGE_HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    (StatusCode::OK, headers).into_response()
}
