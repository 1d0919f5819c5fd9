//! Neon's service of temporary databases (`neon.new`): one call makes a database without an account, and its id alone reads
//! and claims it. The service asks for no key.
//!
//! The current form of the call is `POST /database`. The npm packages (`neon-new`, `get-db`, …) still send the older one, with an
//! id of their own and the referrer in the query: `POST /database/{uuid}?referrer=npm:neon-new|…`. Their claim links are
//! `/database/{uuid}`.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{Html, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::sandbox::{
    api::{
        reply::{self, ApiError, Reply},
        request::{self, PlaneState, Query},
        temporary,
    },
    control_plane::ControlPlane,
    ids,
    records::{ProjectRecord, TemporaryStatus},
};

/// A page for a browser, or the one for a database that is not there.
type ClaimPage = Result<Html<&'static str>, (StatusCode, Html<&'static str>)>;

const CLAIM: &str = "<!DOCTYPE html><title>Claim</title><p>Nobody owns this sandbox database yet.</p><form \
method=post><button>Claim it for the sandbox's account</button></form>";
const CLAIMED: &str = "<!DOCTYPE html><title>Claimed</title><p>It now belongs to the sandbox's account, and its password has \
changed.</p>";
const GONE: (StatusCode, Html<&str>) = (
    StatusCode::NOT_FOUND,
    Html("<!DOCTYPE html><title>Gone</title><p>This database doesn't exist, or is gone.</p>"),
);

#[derive(Deserialize)]
struct TemporaryRequest {
    #[serde(default, rename = "ref")]
    referrer: String,
}

/// Makes a database, and answers when it can be used.
pub(super) async fn create(State(plane): PlaneState, headers: HeaderMap, bytes: Bytes) -> Reply {
    // the service reports a body that is not JSON as a failure of its own
    let new: TemporaryRequest =
        serde_json::from_slice(&bytes).map_err(|_malformed| temporary::failed())?;
    if new.referrer.trim().is_empty() {
        return Err(ApiError::bad_request("Missing referrer"));
    }
    let project = temporary::create(&plane, None).await?;
    view(&plane, &headers, &project)
}

/// Makes a database with the client's id, in the older form of the call.
pub(super) async fn create_chosen(
    State(plane): PlaneState,
    headers: HeaderMap,
    Path(id): Path<String>,
    query: Query,
    bytes: Bytes,
) -> Reply {
    #[derive(Default, Deserialize)]
    struct Settings {
        #[serde(default, rename = "enable_logical_replication")]
        _replication: bool,
    }
    if !bytes.is_empty() {
        let _: Settings =
            serde_json::from_slice(&bytes).map_err(|_malformed| temporary::failed())?;
    }
    if query
        .get("referrer")
        .is_none_or(|referrer| referrer.trim().is_empty())
    {
        return Err(ApiError::bad_request("Missing referrer"));
    }
    if !ids::is_uuid(&id) {
        return Err(ApiError::bad_request("Invalid database id"));
    }
    let project = temporary::create(&plane, Some(id)).await?;
    view(&plane, &headers, &project)
}

pub(super) async fn get(
    State(plane): PlaneState,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Reply {
    let project = temporary::find(&plane, &id).ok_or_else(unknown)?;
    view(&plane, &headers, &project)
}

/// The page that the claim link leads to.
pub(super) async fn page(State(plane): PlaneState, Path(id): Path<String>) -> ClaimPage {
    let found = temporary::find(&plane, &id);
    found.map(|_| Html(CLAIM)).ok_or(GONE)
}

/// Gives the database to the account. Its roles get new passwords, and the service no longer shows how to connect.
pub(super) async fn claim(State(plane): PlaneState, Path(id): Path<String>) -> ClaimPage {
    let project = temporary::find(&plane, &id).ok_or(GONE)?;
    temporary::claim(&plane, &project).await;
    Ok(Html(CLAIMED))
}

/// What a test or a presenter changes: `{"expires_in": 3600, "status": "CLAIMING"}`, both optional.
pub(super) async fn update(
    State(plane): PlaneState,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Response {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct TemporaryPatch {
        expires_in: Option<i64>,
        status: Option<TemporaryStatus>,
    }
    let project = temporary::find(&plane, &id).ok_or_else(unknown);
    reply::answer(project.and_then(|id| {
        let patch: TemporaryPatch = request::body(&bytes)?;
        plane.store.edit(&id, |project| {
            if let Some(temporary) = &mut project.temporary {
                temporary.status = patch.status.unwrap_or(temporary.status);
                if let Some(seconds) = patch.expires_in {
                    let at = OffsetDateTime::now_utc() + Duration::seconds(seconds);
                    temporary.expires_at = ids::timestamp(at);
                }
            }
        });
        Ok(json!({"changed": id}))
    }))
}

/// The service's error for an id that it does not know.
fn unknown() -> ApiError {
    ApiError::bad_request("Database not found")
}

fn view(plane: &ControlPlane, headers: &HeaderMap, project: &str) -> Reply {
    let origin = request::origin(headers);
    let view = |project: &ProjectRecord| -> Option<Value> {
        let temporary = project.temporary.as_ref()?;
        let shown = temporary.status == TemporaryStatus::Unclaimed;
        let (uri, page) = if temporary.chosen_id {
            (temporary::pooled_connection_uri(project), "database")
        } else {
            (temporary::connection_uri(project), "claim")
        };
        Some(json!({
            "id": temporary.id,
            "status": temporary.status,
            "neon_project_id": project.id,
            "connection_string": uri.filter(|_| shown),
            "claim_url": format!("{origin}/{page}/{}", temporary.id),
            "expires_at": temporary.expires_at,
            "created_at": project.created_at,
            "updated_at": project.updated_at,
        }))
    };
    let view = plane.store.project(project, view).flatten();
    view.map(Json).ok_or_else(unknown)
}
