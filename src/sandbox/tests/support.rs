//! A sandbox, a client for its API, and connections to its databases.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::sandbox::{Sandbox, SandboxError, SandboxOptions};
use crate::testing::requirements::PATIENCE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{
    Connection as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgSslMode},
};

pub(crate) async fn start() -> Sandbox {
    start_with(SandboxOptions::default()).await
}

pub(crate) async fn start_with(mut options: SandboxOptions) -> Sandbox {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    if options.pg_bin.is_none() {
        options.pg_bin = std::env::var_os("NEONUP_PG_BIN").map(PathBuf::from);
    }
    // the lock of a folder whose sandbox has just ended may be held for a moment by a program that another test starts: it has the
    // file open until its exec
    until(async || match Sandbox::start(options.clone()).await {
        Err(SandboxError::DirInUse(_)) => None,
        started => Some(started.unwrap()),
    })
    .await
}

/// An answer of the API.
#[derive(Debug)]
pub(crate) struct ApiAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl ApiAnswer {
    pub(crate) fn text(&self, pointer: &str) -> String {
        let value = self.body.pointer(pointer);
        let value = value.unwrap_or_else(|| panic!("no {pointer} in {:#}", self.body));
        value
            .as_str()
            .unwrap_or_else(|| panic!("{pointer} is no text: {value}"))
            .to_owned()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{:#}", self.body);
        self
    }
}

pub(crate) struct Api {
    pub(crate) base: String,
    pub(crate) key: String,
    client: reqwest::Client,
}

impl Api {
    pub(crate) fn of(sandbox: &Sandbox) -> Self {
        Self::new(&sandbox.api_host(), sandbox.api_key().expose())
    }

    pub(crate) fn new(base: &str, key: &str) -> Self {
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        Self {
            base: base.to_owned(),
            key: key.to_owned(),
            client: reqwest::Client::builder()
                .no_proxy()
                .timeout(PATIENCE)
                .build()
                .unwrap(),
        }
    }

    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self::new(&self.base, key)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let base = if path.starts_with("/sandbox") {
            self.base.trim_end_matches("/api/v2")
        } else {
            &self.base
        };
        self.client
            .request(method, format!("{base}{path}"))
            .bearer_auth(&self.key)
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> ApiAnswer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        ApiAnswer {
            status,
            headers,
            body,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> ApiAnswer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> ApiAnswer {
        self.send(self.request(Method::POST, path).json(&body))
            .await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> ApiAnswer {
        self.send(self.request(Method::PATCH, path).json(&body))
            .await
    }

    pub(crate) async fn delete(&self, path: &str) -> ApiAnswer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Makes a project and waits until its operations have finished; the answer of the create.
    pub(crate) async fn project(&self, name: &str) -> ApiAnswer {
        let created = self
            .post("/projects", json!({"project": {"name": name}}))
            .await
            .expect(201);
        self.finish(&created.text("/project/id"), &created.body)
            .await;
        created
    }

    /// Polls the operations of an answer until all have finished.
    pub(crate) async fn finish(&self, project: &str, answer: &Value) {
        for operation in answer["operations"].as_array().unwrap() {
            let path = format!(
                "/projects/{project}/operations/{}",
                operation["id"].as_str().unwrap()
            );
            let ended = self.operation(&path).await;
            assert_eq!(
                ended.text("/operation/status"),
                "finished",
                "{:#}",
                ended.body
            );
        }
    }

    /// Polls one operation until it has ended.
    pub(crate) async fn operation(&self, path: &str) -> ApiAnswer {
        until(async || {
            let answer = self.get(path).await.expect(200);
            let status = answer.text("/operation/status");
            (status != "running" && status != "scheduling").then_some(answer)
        })
        .await
    }
}

/// Asks again and again, until there is an answer or the time is up.
pub(crate) async fn until<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "it did not happen within {PATIENCE:?}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// How our own client connects: certificate and host name verified, whatever the URI says.
pub(crate) async fn connect(uri: &str, ca: &Path) -> Result<PgConnection, sqlx::Error> {
    let options: PgConnectOptions = uri.parse().unwrap();
    let options = options.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert(ca);
    tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options))
        .await
        .unwrap()
}

/// The first column of the first row, as text.
pub(crate) async fn ask(connection: &mut PgConnection, sql: &'static str) -> String {
    sqlx::query(sql).fetch_one(connection).await.unwrap().get(0)
}

pub(crate) async fn run(connection: &mut PgConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}

/// The SQLSTATE of a refusal.
pub(crate) fn sqlstate(error: &sqlx::Error) -> String {
    let refused = error.as_database_error();
    let refused = refused.unwrap_or_else(|| panic!("no refusal by Postgres: {error:?}"));
    refused.code().unwrap().into_owned()
}

/// With another password.
pub(crate) fn with_password(uri: &str, password: &str) -> String {
    let mut url = url::Url::parse(uri).unwrap();
    url.set_password(Some(password)).unwrap();
    url.to_string()
}
