//! A proxy between a client and a sandbox's API that records every answer, and may change it.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use serde_json::Value;
use tokio::{net::TcpListener, runtime::Runtime};

use crate::support::Sandbox;

/// An answer and its request.
#[derive(Debug, Clone)]
pub struct Answer {
    pub method: String,
    /// Without the API's base and without the query.
    pub path: String,
    pub status: u16,
    pub body: Value,
}

/// Changes an answer: its path, status and body.
type Change = dyn Fn(&str, &mut u16, &mut Value) + Send + Sync;

#[derive(Clone)]
struct Wire {
    change: Option<Arc<Change>>,
    client: reqwest::Client,
    origin: String,
    answers: Arc<Mutex<Vec<Answer>>>,
}

/// The proxy; it ends with its runtime.
pub struct Recorder {
    /// The address that the client uses as Neon's API.
    pub api_host: String,
    answers: Arc<Mutex<Vec<Answer>>>,
    _runtime: Runtime,
}

impl Recorder {
    pub fn of(sandbox: &Sandbox) -> Self {
        Self::start(sandbox, None)
    }

    /// A proxy that changes each answer with a JSON body: its path, status and body.
    pub fn changing(
        sandbox: &Sandbox,
        change: impl Fn(&str, &mut u16, &mut Value) + Send + Sync + 'static,
    ) -> Self {
        Self::start(sandbox, Some(Arc::new(change)))
    }

    fn start(sandbox: &Sandbox, change: Option<Arc<Change>>) -> Self {
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let runtime = Runtime::new().unwrap();
        let answers = Arc::default();
        let wire = Wire {
            change,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            origin: sandbox.api_host.trim_end_matches("/api/v2").to_owned(),
            answers: Arc::clone(&answers),
        };
        let listener = runtime
            .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = Router::new().fallback(pass_on).with_state(wire);
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self {
            api_host: format!("http://127.0.0.1:{port}/api/v2"),
            answers,
            _runtime: runtime,
        }
    }

    pub fn answers(&self) -> Vec<Answer> {
        self.answers.lock().unwrap().clone()
    }
}

async fn pass_on(State(wire): State<Wire>, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    head.headers.remove("host");
    let answer = wire
        .client
        .request(head.method.clone(), format!("{}{}", wire.origin, head.uri))
        .headers(head.headers)
        .body(body)
        .send()
        .await
        .unwrap();
    let (mut status, mut headers) = (answer.status(), answer.headers().clone());
    let mut body = answer.bytes().await.unwrap();
    let path = head.uri.path();
    if let Some(change) = &wire.change
        && let Ok(mut document) = serde_json::from_slice(&body)
    {
        let mut code = status.as_u16();
        change(
            path.strip_prefix("/api/v2").unwrap_or(path),
            &mut code,
            &mut document,
        );
        status = code.try_into().unwrap();
        body = serde_json::to_vec(&document).unwrap().into();
        headers.remove("content-length");
    }
    wire.answers.lock().unwrap().push(Answer {
        method: head.method.to_string(),
        path: path.strip_prefix("/api/v2").unwrap_or(path).to_owned(),
        status: status.as_u16(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
