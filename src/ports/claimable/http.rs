//! The real adapter: the service over HTTPS. It asks for no key, and is never given one.

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use reqwest::{Method, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ports::claimable::{Claimable, Ownership, TemporaryDatabase};
use crate::{
    core::{
        code::Code,
        failure::{Failure, Result},
        secret::{DOTS, Secret},
    },
    domain::redact,
    ports::http::{Outlet, segment},
};

/// Where the service's API begins, below its host.
const DATABASES: &str = "/api/v1/database";
/// What the service wants to know of every caller.
const REFERRER: &str = "neonup";
/// How often a read that was not answered is sent again.
const RETRIES: u32 = 2;
/// How many times longer a create may take than any other request: nobody finds out what became of one that was given up.
const CREATE: u32 = 4;
/// The most of a refusal's text that is passed on, in characters.
const TEXT: usize = 200;

/// The service over HTTP.
pub(crate) struct HttpClaimable {
    outlet: Outlet,
    /// How long a create may take.
    patience: Duration,
    pause: Duration,
}

/// The service's answer.
#[derive(Deserialize)]
struct Body {
    id: String,
    status: String,
    #[serde(default)]
    neon_project_id: Option<String>,
    #[serde(default)]
    connection_string: Option<String>,
    #[serde(default)]
    claim_url: Option<String>,
    expires_at: String,
    #[serde(default)]
    created_at: Option<String>,
}

/// How an attempt ended when it did not succeed.
enum Refusal {
    /// The service said no: status and words.
    Answered(StatusCode, String),
    /// Nothing was sent, or nothing can have been done.
    Unsent(Failure),
    /// Nobody knows whether something was done.
    Lost(Failure),
}

impl HttpClaimable {
    /// An adapter for the service at `host`, such as `https://neon.new`. Nothing is opened or read before the first call.
    pub(crate) fn new(
        host: impl Into<String>,
        ca_file: Option<PathBuf>,
        timeout: Duration,
    ) -> Self {
        Self {
            outlet: Outlet::new(host.into(), "NEONUP_CLAIM_HOST", ca_file, timeout),
            patience: timeout * CREATE,
            pause: Duration::from_millis(250),
        }
    }

    async fn once(&self, method: Method, path: &str) -> Result<Body, Refusal> {
        let client = self.outlet.client().map_err(Refusal::Unsent)?;
        let mut request = client
            .request(method.clone(), format!("{}{path}", self.outlet.base))
            .header(header::ACCEPT, "application/json");
        if method == Method::POST {
            request = request
                .timeout(self.patience)
                .json(&json!({"ref": REFERRER, "enable_logical_replication": false}));
        }
        let failed = |error: &reqwest::Error| match self.outlet.unreachable(error) {
            (failure, true) => Refusal::Lost(failure),
            (failure, false) => Refusal::Unsent(failure),
        };
        let response = request.send().await.map_err(|error| failed(&error))?;
        let status = response.status();
        let bytes = response
            .bytes()
            .await
            .map_err(|error| Refusal::Lost(self.outlet.unreachable(&error).0))?;
        // the path holds the id, which no log may
        tracing::debug!(%method, status = status.as_u16(), "claimable");
        if !status.is_success() {
            return Err(Refusal::Answered(status, text(&bytes)));
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            // serde's message may quote the body, which holds a password: only its place is told
            Refusal::Lost(
                Failure::new(
                    Code::LoginUnreachable,
                    format!(
                        "{} answered with something else than its JSON",
                        self.outlet.base
                    ),
                )
                .why(format!(
                    "{method} {DATABASES}: unexpected at line {} column {}",
                    error.line(),
                    error.column()
                ))
                .hint("check whether a proxy or a login page stands in between"),
            )
        })
    }

    fn database(&self, body: Body) -> TemporaryDatabase {
        let link = body
            .claim_url
            .filter(|link| url::Url::parse(link).is_ok_and(|url| url.host().is_some()))
            .unwrap_or_else(|| format!("{}/claim/{}", self.outlet.base, segment(&body.id)));
        TemporaryDatabase {
            id: Secret::new(body.id),
            // a word that is not known yet is taken for something under way
            ownership: match body.status.as_str() {
                "UNCLAIMED" => Ownership::Unclaimed,
                "CLAIMED" => Ownership::Claimed,
                _ => Ownership::Claiming,
            },
            project: body.neon_project_id.unwrap_or_default(),
            connection_string: body
                .connection_string
                .filter(|text| !text.is_empty())
                .map(Secret::new),
            claim_url: Secret::new(link),
            created_at: body.created_at.unwrap_or_default(),
            expires_at: body.expires_at,
        }
    }

    /// What a refusal means, for a read and for a create.
    fn refused(&self, status: StatusCode, text: &str) -> Failure {
        let host = &self.outlet.base;
        let (code, what, hint) = match status.as_u16() {
            429 => (
                Code::LoginUnreachable,
                format!("{host} asks to slow down"),
                "try again in a minute",
            ),
            500..=599 => (
                Code::ProjectNotReady,
                format!("{host} could not do it ({status})"),
                "try again in a minute; what was half made goes by itself after 72 hours",
            ),
            _ => (
                Code::ProjectNotReady,
                format!("{host} refused the request ({status})"),
                "this version of neonup may be too old: update it",
            ),
        };
        Failure::new(code, what).why(text).hint(hint)
    }
}

/// The words of a refusal, wherever they stand in its body.
fn text(bytes: &[u8]) -> String {
    fn words(value: &Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Object(fields) => ["message", "error"]
                .iter()
                .find_map(|name| words(fields.get(*name)?)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
        }
    }
    let whole = serde_json::from_slice::<Value>(bytes)
        .ok()
        .and_then(|value| words(&value))
        .unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
    let line: String = whole
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(TEXT)
        .collect();
    redact::text(line.trim())
}

#[async_trait]
impl Claimable for HttpClaimable {
    async fn create(&self) -> Result<TemporaryDatabase> {
        match self.once(Method::POST, DATABASES).await {
            Ok(body) => Ok(self.database(body)),
            Err(Refusal::Answered(status, text)) => Err(self.refused(status, &text)),
            Err(Refusal::Unsent(failure)) => Err(failure),
            Err(Refusal::Lost(failure)) => Err(Failure::new(
                Code::ProjectNotReady,
                "whether a temporary database was made is not known: the answer was lost",
            )
            .why(format!(
                "{}; the service has no list to look into",
                failure.what
            ))
            .hint("run the same command again: if one was made, a second one is, and the first goes by itself after 72 hours")),
        }
    }

    async fn get(&self, id: &Secret) -> Result<Option<TemporaryDatabase>> {
        let path = format!("{DATABASES}/{}", segment(id.expose()));
        let mut attempt = 0;
        loop {
            let (failure, repeat) = match self.once(Method::GET, &path).await {
                Ok(body) => return Ok(Some(self.database(body))),
                Err(Refusal::Answered(StatusCode::NOT_FOUND, _)) => return Ok(None),
                Err(Refusal::Answered(StatusCode::BAD_REQUEST, text))
                    if text.to_lowercase().contains("not found") =>
                {
                    return Ok(None);
                }
                Err(Refusal::Answered(status, text)) => {
                    let text = text.replace(id.expose(), DOTS);
                    (self.refused(status, &text), status.is_server_error())
                }
                Err(Refusal::Unsent(failure)) => (failure, false),
                Err(Refusal::Lost(failure)) => (failure, true),
            };
            if !repeat || attempt >= RETRIES {
                return Err(failure);
            }
            tokio::time::sleep(self.pause * 2_u32.pow(attempt)).await;
            attempt += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_refusal_are_found_wherever_they_stand() {
        for (body, found) in [
            (r#"{"message":"Missing referrer"}"#, "Missing referrer"),
            (
                r#"{"success":false,"error":"Database not found"}"#,
                "Database not found",
            ),
            (
                r#"{"error":{"code":"x","message":"Database not found"}}"#,
                "Database not found",
            ),
            ("Database not found\n", "Database not found"),
            ("a\u{1b}[2Jb", "a [2Jb"),
        ] {
            assert_eq!(text(body.as_bytes()), found);
        }
        let secret = "no: postgresql://neondb_owner:npg_canaryPassword42@ep-a.neon.tech/neondb";
        assert!(!text(secret.as_bytes()).contains("canary"));
    }

    #[test]
    fn an_answer_is_read_with_as_little_as_it_may_hold() {
        let service = HttpClaimable::new("https://neon.new", None, Duration::from_secs(1));
        let body = r#"{"id":"0b0c","status":"CLAIMED","connection_string":null,"expires_at":"2026-01-01T00:00:00Z","more":1}"#;
        let read = service.database(serde_json::from_str(body).unwrap());
        assert_eq!(read.ownership, Ownership::Claimed);
        assert_eq!(read.connection_string, None);
        assert_eq!(read.claim_url, Secret::new("https://neon.new/claim/0b0c"));
        let body =
            r#"{"id":"0b0c","status":"MOVING","claim_url":"javascript:alert(1)","expires_at":""}"#;
        let read = service.database(serde_json::from_str(body).unwrap());
        assert_eq!(read.ownership, Ownership::Claiming);
        assert_eq!(read.claim_url, Secret::new("https://neon.new/claim/0b0c"));
    }
}
