//! Claimable Neon, as far as `neon claim` of the `neon` CLI uses it: an identity without an account, its token, the credentials
//! of its project, and the offer to claim it.
//!
//! The assertion of an identity and its token are both the id of the temporary database here.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::sandbox::{
    api::{
        provisioning,
        request::{self, PlaneState},
        temporary,
    },
    control_plane::ControlPlane,
    ids,
    records::{ProjectRecord, TemporaryStatus},
};

/// The grant that exchanges an assertion for a token (RFC 7523).
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// An error in the service's shape.
pub(super) struct AgentError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl AgentError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }
}

impl IntoResponse for AgentError {
    fn into_response(self) -> Response {
        let retryable = self.status.is_server_error();
        let error = json!({
            "code": self.code,
            "message": self.message,
            "retryable": retryable,
            "request_id": ids::uuid(),
        });
        (self.status, Json(json!({"error": error}))).into_response()
    }
}

type AgentReply = Result<Json<Value>, AgentError>;

#[derive(Deserialize)]
struct Registration {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    capabilities: Vec<String>,
}

/// Creates an identity with a project. Only Postgres is granted.
pub(super) async fn register(State(plane): PlaneState, bytes: Bytes) -> AgentReply {
    let invalid =
        |message: &str| AgentError::new(StatusCode::BAD_REQUEST, "invalid_request", message);
    let wanted: Registration =
        serde_json::from_slice(&bytes).map_err(|error| invalid(&error.to_string()))?;
    if wanted.kind != "anonymous" {
        return Err(invalid("type must be anonymous"));
    }
    let name = temporary::create(&plane, None).await.map_err(|refused| {
        if refused.status() == StatusCode::TOO_MANY_REQUESTS {
            let message = "too many identities were created; try again later";
            return AgentError::new(refused.status(), "rate_limited", message);
        }
        AgentError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "provisioning_failed",
            "the project could not be created",
        )
    })?;
    let decisions: Vec<_> = wanted
        .capabilities
        .iter()
        .map(|capability| {
            if capability == "postgres" {
                return json!({"capability": capability, "granted": true});
            }
            json!({
                "capability": capability,
                "granted": false,
                "reason": "unavailable",
                "message": "the sandbox has only Postgres",
            })
        })
        .collect();
    view(&plane, &name, |project| {
        let temporary = project.temporary.as_ref()?;
        Some(json!({
            "registration_id": ids::uuid(),
            "identity_assertion": temporary.id,
            "assertion_expires": unix_seconds(&temporary.expires_at),
            "scopes": ["project"],
            "project": {
                "id": project.id,
                "branch_id": project.default_branch()?.id,
                "expires_at": temporary.expires_at,
            },
            "capabilities": decisions,
        }))
    })
}

/// Exchanges an assertion for a token.
pub(super) async fn exchange(State(plane): PlaneState, bytes: Bytes) -> AgentReply {
    let field = |wanted: &str| {
        url::form_urlencoded::parse(&bytes)
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    if field("grant_type") != GRANT {
        return Err(AgentError::new(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            format!("grant_type must be {GRANT}"),
        ));
    }
    let assertion = field("assertion");
    let name = temporary::find(&plane, &assertion).ok_or_else(|| {
        AgentError::new(
            StatusCode::BAD_REQUEST,
            "invalid_grant",
            "the assertion is unknown, or its project is gone",
        )
    })?;
    if plane.store.project(&name, ProjectRecord::is_ownerless) != Some(true) {
        return Err(AgentError::new(
            StatusCode::CONFLICT,
            "project_claimed",
            "the project was claimed",
        ));
    }
    Ok(Json(json!({
        "access_token": assertion,
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "project",
    })))
}

pub(super) async fn credentials(
    State(plane): PlaneState,
    headers: HeaderMap,
    Path(project): Path<String>,
) -> AgentReply {
    holder(&plane, &headers, &project)?;
    view(&plane, &project, |project| {
        Some(json!({
            "project_id": project.id,
            "branch_id": project.default_branch()?.id,
            "database_url": temporary::connection_uri(project)?,
            "expires_at": project.temporary.as_ref()?.expires_at,
            "services": {},
        }))
    })
}

/// Offers the project to a person, who claims it on a page.
pub(super) async fn offer(
    State(plane): PlaneState,
    headers: HeaderMap,
    Path(project): Path<String>,
) -> AgentReply {
    let id = holder(&plane, &headers, &project)?;
    let origin = request::origin(&headers);
    let user_code: String = ids::uuid().to_uppercase().chars().take(8).collect();
    Ok(Json(json!({
        "user_code": user_code,
        "verification_uri": format!("{origin}/claim"),
        "verification_uri_complete": format!("{origin}/claim/{id}"),
        "expires_in": 900,
        "interval": 5,
    })))
}

pub(super) async fn status(
    State(plane): PlaneState,
    headers: HeaderMap,
    Path(project): Path<String>,
) -> AgentReply {
    holder(&plane, &headers, &project)?;
    view(&plane, &project, |project| {
        let temporary = project.temporary.as_ref()?;
        let state = match temporary.status {
            TemporaryStatus::Unclaimed => "unclaimed",
            TemporaryStatus::Claiming => "pending",
            TemporaryStatus::Claimed => "reconciled",
        };
        Some(json!({
            "state": state,
            "expires_at": temporary.expires_at,
            "reconciled": temporary.status == TemporaryStatus::Claimed,
        }))
    })
}

pub(super) async fn delete(
    State(plane): PlaneState,
    headers: HeaderMap,
    Path(project): Path<String>,
) -> AgentReply {
    holder(&plane, &headers, &project)?;
    provisioning::remove(&plane, &project);
    Ok(Json(json!({})))
}

/// The token, if it is the one of this project's identity.
fn holder(
    plane: &Arc<ControlPlane>,
    headers: &HeaderMap,
    project: &str,
) -> Result<String, AgentError> {
    let token = request::bearer(headers).unwrap_or_default();
    match temporary::find(plane, token) {
        Some(found) if found == project => Ok(token.to_owned()),
        Some(_) => Err(missing()),
        None => Err(AgentError::new(
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            "the token is unknown",
        )),
    }
}

fn missing() -> AgentError {
    AgentError::new(StatusCode::NOT_FOUND, "not_found", "project not found")
}

fn view(
    plane: &ControlPlane,
    name: &str,
    look: impl FnOnce(&ProjectRecord) -> Option<Value>,
) -> AgentReply {
    let found = plane.store.project(name, look).flatten();
    found.map(Json).ok_or_else(missing)
}

fn unix_seconds(at: &str) -> i64 {
    ids::moment(at).map_or(0, OffsetDateTime::unix_timestamp)
}
