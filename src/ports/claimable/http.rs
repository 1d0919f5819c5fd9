//! The real adapter: the service over HTTPS. It asks for no key, and is never given one.

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use reqwest::{Method, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    core::secret::{DOTS, Secret},
    domain::redact,
    ports::{
        claimable::{Claimable, ClaimableError, Ownership, TemporaryDatabase},
        http::{self, ClientFactory, HttpError, RetryAfter, segment},
    },
};

/// Where the service's API begins, below its host.
const DATABASES: &str = "/api/v1/database";
/// What the service wants to know of every caller.
const REFERRER: &str = "neonup";
/// How often a read that was not answered is sent again.
const RETRIES: u32 = 2;
/// How many times longer a create may take than any other request: nobody finds out what became of one that was given up.
const CREATE_PATIENCE: u32 = 3;
/// The most of a refusal's message that is passed on, in characters.
const MESSAGE_LIMIT: usize = 200;
/// The longest refusal that is read as JSON, in bytes: as values, two bytes of it may take 32 in memory.
const REFUSAL_LIMIT: usize = 64 * 1024;

/// The service over HTTP.
pub(crate) struct HttpClaimable {
    clients: ClientFactory,
    create_timeout: Duration,
    pause: Duration,
}

#[derive(Deserialize)]
struct DatabaseBody {
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

/// What the service said when it refused a request.
struct ServiceRefusal {
    status: StatusCode,
    message: String,
    retry_after: Option<RetryAfter>,
}

/// Why an attempt did not succeed.
enum ClaimAttemptError {
    Refused(ServiceRefusal),
    Unanswered(ClaimableError),
}

impl ServiceRefusal {
    /// Whether there is no such database.
    fn is_unknown(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
            || (self.status == StatusCode::BAD_REQUEST
                && self.message.to_lowercase().contains("not found"))
    }
}

impl HttpClaimable {
    /// An adapter for the service at `host`, such as `https://neon.new`. Nothing is opened or read before the first call.
    pub(crate) fn new(
        host: impl Into<String>,
        ca_file: Option<PathBuf>,
        timeout: Duration,
    ) -> Self {
        Self {
            clients: ClientFactory::new(host.into(), ca_file, timeout),
            create_timeout: timeout * CREATE_PATIENCE,
            pause: Duration::from_millis(250),
        }
    }

    async fn once(&self, method: Method, path: &str) -> Result<DatabaseBody, ClaimAttemptError> {
        let unanswered = |error: HttpError| ClaimAttemptError::Unanswered(error.into());
        let client = self.clients.client().map_err(unanswered)?;
        let mut request = client
            .request(method.clone(), format!("{}{path}", self.clients.base))
            .header(header::ACCEPT, "application/json");
        if method == Method::POST {
            request = request
                .timeout(self.create_timeout)
                .json(&json!({"ref": REFERRER, "enable_logical_replication": false}));
        }
        let response = request
            .send()
            .await
            .map_err(|error| unanswered(self.clients.unanswered(&error)))?;
        let status = response.status();
        let retry_after = http::retry_after(&response);
        // it was sent, whatever became of the rest of the answer
        let bytes = self.clients.body(response).await.map_err(|error| {
            ClaimAttemptError::Unanswered(if error.problem.is_refused_on_the_way() {
                ClaimableError::Unreachable(error)
            } else {
                ClaimableError::AnswerLost(error)
            })
        })?;
        // the path holds the id, which no log may
        tracing::debug!(%method, status = status.as_u16(), "claimable");
        if !status.is_success() {
            return Err(ClaimAttemptError::Refused(ServiceRefusal {
                status,
                message: message(&bytes),
                retry_after,
            }));
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            let answer = self
                .clients
                .unreadable(format!("{method} {DATABASES}"), &bytes, &error);
            ClaimAttemptError::Unanswered(ClaimableError::UnreadableAnswer(answer))
        })
    }

    fn database(&self, body: DatabaseBody) -> TemporaryDatabase {
        let link = body
            .claim_url
            .filter(|link| url::Url::parse(link).is_ok_and(|url| url.host().is_some()))
            .unwrap_or_else(|| format!("{}/claim/{}", self.clients.base, segment(&body.id)));
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

    fn refused(&self, refusal: ServiceRefusal) -> ClaimableError {
        let host = self.clients.base.clone();
        let ServiceRefusal {
            status,
            message,
            retry_after,
        } = refusal;
        match status.as_u16() {
            429 => ClaimableError::RateLimited {
                host,
                message,
                retry_after,
            },
            500..=599 => ClaimableError::ServerError {
                host,
                status,
                message,
            },
            _ => ClaimableError::Refused {
                host,
                status,
                message,
            },
        }
    }
}

/// Finds the message of a refusal, wherever it is in its body.
fn message(bytes: &[u8]) -> String {
    fn find(value: &Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Object(fields) => ["message", "error"]
                .iter()
                .find_map(|name| find(fields.get(*name)?)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
        }
    }
    let whole = Some(bytes)
        .filter(|bytes| bytes.len() <= REFUSAL_LIMIT)
        .and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok())
        .and_then(|value| find(&value))
        .unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
    let line: String = whole
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MESSAGE_LIMIT)
        .collect();
    redact::text(line.trim())
}

#[async_trait]
impl Claimable for HttpClaimable {
    async fn create(&self) -> Result<TemporaryDatabase, ClaimableError> {
        match self.once(Method::POST, DATABASES).await {
            Ok(body) => Ok(self.database(body)),
            Err(ClaimAttemptError::Refused(refusal)) => Err(self.refused(refusal)),
            Err(ClaimAttemptError::Unanswered(error)) => Err(error),
        }
    }

    async fn get(&self, id: &Secret) -> Result<Option<TemporaryDatabase>, ClaimableError> {
        let path = format!("{DATABASES}/{}", segment(id.expose()));
        let mut attempt = 0;
        loop {
            let error = match self.once(Method::GET, &path).await {
                Ok(body) => return Ok(Some(self.database(body))),
                Err(ClaimAttemptError::Refused(refusal)) if refusal.is_unknown() => {
                    return Ok(None);
                }
                Err(ClaimAttemptError::Refused(refusal)) => self.refused(ServiceRefusal {
                    message: refusal.message.replace(id.expose(), DOTS),
                    ..refusal
                }),
                Err(ClaimAttemptError::Unanswered(error)) => error,
            };
            let again = error.may_be_answered_again();
            if !again || attempt >= RETRIES {
                return Err(error);
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
    fn the_message_of_a_refusal_is_found_wherever_it_is() {
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
            assert_eq!(message(body.as_bytes()), found);
        }
        let secret = "no: postgresql://neondb_owner:npg_canaryPassword42@ep-a.neon.tech/neondb";
        assert!(!message(secret.as_bytes()).contains("canary"));
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
