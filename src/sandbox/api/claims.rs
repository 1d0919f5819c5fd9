//! Neon's service of temporary databases (reference/neon-api.md section 7.1): one call makes a database without an account, its
//! id alone reads and claims it. It asks for no key.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::Html,
};
use serde::Deserialize;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::sandbox::{
    api::{
        PlaneState, projects,
        reply::{self, ApiError, Reply},
        views,
    },
    control_plane::ControlPlane,
    ids,
    operations::{self, OperationAction},
    records::{OperationStatus, ProjectRecord, TemporaryRecord, TemporaryStatus},
};

/// A page for a browser, or the one that says that there is nothing.
type ClaimPage = Result<Html<&'static str>, (StatusCode, Html<&'static str>)>;

/// How long a temporary database lives.
const LIFETIME: time::Duration = time::Duration::hours(72);

#[derive(Deserialize)]
struct New {
    #[serde(default, rename = "ref")]
    referrer: String,
}

/// Makes a database, and answers when it can be used.
pub(super) async fn create(State(plane): PlaneState, headers: HeaderMap, bytes: Bytes) -> Reply {
    // the service takes a body that is no JSON for its own failure
    let new: New = serde_json::from_slice(&bytes).map_err(|_malformed| failed())?;
    if new.referrer.trim().is_empty() {
        return Err(ApiError::bad_request("Missing referrer"));
    }
    let name = make(&plane).await?;
    answer(&plane, &headers, &name)
}

fn failed() -> ApiError {
    ApiError::internal("Failed to create the database.")
}

/// Makes a database that is nobody's, and waits until it can be used. Gives the name of its project.
pub(super) async fn make(plane: &Arc<ControlPlane>) -> Result<String, ApiError> {
    let project = projects::ownerless(TemporaryRecord {
        id: ids::uuid(),
        status: TemporaryStatus::Unclaimed,
        expires_at: ids::timestamp(OffsetDateTime::now_utc() + LIFETIME),
    })?;
    let (name, scheduled) = projects::begin(plane, project, |_| Ok(()))?;
    operations::run(plane, &name, scheduled);
    watch(plane, name.clone());
    if !settled(plane, &name).await {
        remove(plane, &name);
        return Err(failed());
    }
    Ok(name)
}

pub(super) async fn get(
    State(plane): PlaneState,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Reply {
    answer(&plane, &headers, &find(&plane, &id).ok_or_else(unknown)?)
}

/// The page that the claim link leads to.
pub(super) async fn page(State(plane): PlaneState, Path(id): Path<String>) -> ClaimPage {
    find(&plane, &id)
        .map(|_| Html(PAGE))
        .ok_or((StatusCode::NOT_FOUND, Html(GONE)))
}

const PAGE: &str = "<!DOCTYPE html><title>Claim</title><p>This database of the sandbox belongs to nobody.</p>\
    <form method=post><button>Claim it for the sandbox's account</button></form>";
const DONE: &str = "<!DOCTYPE html><title>Claimed</title><p>It belongs to the sandbox's account now. Its password is a new one.</p>";
const GONE: &str =
    "<!DOCTYPE html><title>Gone</title><p>There is no such database, or not any more.</p>";

/// Gives the database to the account. Its roles get new passwords, and the service tells its connection no more.
pub(super) async fn claim(State(plane): PlaneState, Path(id): Path<String>) -> ClaimPage {
    let name = find(&plane, &id).ok_or((StatusCode::NOT_FOUND, Html(GONE)))?;
    settled(&plane, &name).await;
    let org = plane.store.read(|state| {
        let first = state.account.organizations.first();
        first.map(|org| org.id.clone()).unwrap_or_default()
    });
    let scheduled = plane.store.edit(&name, |project| {
        if !project.is_ownerless() {
            return Vec::new();
        }
        project.org_id = org;
        if let Some(temporary) = &mut project.temporary {
            temporary.status = TemporaryStatus::Claimed;
        }
        let mut scheduled = Vec::new();
        let branches: Vec<_> = project
            .branches
            .iter()
            .map(|branch| branch.id.clone())
            .collect();
        for branch in branches {
            let endpoint = project
                .endpoints_of(&branch)
                .first()
                .map(|endpoint| endpoint.id.clone());
            for role in project
                .branch_mut(&branch)
                .into_iter()
                .flat_map(|branch| &mut branch.roles)
            {
                role.password = Some(ids::password());
                role.pending = true;
                role.updated_at = ids::now();
            }
            let works = vec![OperationAction::ApplyConfig(Vec::new())];
            scheduled.extend(operations::schedule(
                project,
                &branch,
                endpoint.as_deref(),
                works,
            ));
        }
        scheduled
    });
    operations::run(&plane, &name, scheduled.unwrap_or_default());
    settled(&plane, &name).await;
    Ok(Html(DONE))
}

/// What a test or a presenter changes: `{"expires_in": 3600, "status": "CLAIMING"}`, both optional.
pub(super) async fn change(
    State(plane): PlaneState,
    Path(id): Path<String>,
    bytes: Bytes,
) -> axum::response::Response {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ConfigChange {
        expires_in: Option<i64>,
        status: Option<TemporaryStatus>,
    }
    let changed = find(&plane, &id).ok_or_else(unknown).and_then(|name| {
        let change: ConfigChange = reply::body(&bytes)?;
        plane.store.edit(&name, |project| {
            if let Some(temporary) = &mut project.temporary {
                temporary.status = change.status.unwrap_or(temporary.status);
                if let Some(seconds) = change.expires_in {
                    let at = OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
                    temporary.expires_at = ids::timestamp(at);
                }
            }
        });
        Ok(json!({"changed": name}))
    });
    crate::sandbox::api::control::answer(changed)
}

/// Ends the databases of an earlier run in their time.
pub(crate) fn watch_all(plane: &Arc<ControlPlane>) {
    let names: Vec<_> = plane.store.read(|state| {
        let ownerless = state
            .projects
            .values()
            .filter(|project| project.is_ownerless());
        ownerless.map(|project| project.id.clone()).collect()
    });
    for name in names {
        watch(plane, name);
    }
}

/// Removes a database when its time is up, unless it was claimed.
fn watch(plane: &Arc<ControlPlane>, name: String) {
    let background = Arc::clone(plane);
    plane.spawn(async move {
        while let Some(left) = background.store.project(&name, left).flatten() {
            if left.is_zero() {
                remove(&background, &name);
                return;
            }
            tokio::time::sleep(left).await;
        }
    });
}

/// How long a database that nobody owns has still to live; `None` for any other.
fn left(project: &ProjectRecord) -> Option<Duration> {
    let temporary = project
        .temporary
        .as_ref()
        .filter(|_| project.is_ownerless())?;
    let at = OffsetDateTime::parse(&temporary.expires_at, &Rfc3339).ok()?;
    Some(Duration::try_from(at - OffsetDateTime::now_utc()).unwrap_or_default())
}

/// Ends a database, and what was in it.
pub(super) fn remove(plane: &Arc<ControlPlane>, name: &str) {
    if let Some(project) = plane.store.remove(name) {
        projects::forget(plane, project);
    }
}

/// The project of a database's id. One whose time is up is removed now.
pub(super) fn find(plane: &Arc<ControlPlane>, id: &str) -> Option<String> {
    let (name, left) = plane.store.read(|state| {
        let has = |project: &&ProjectRecord| {
            let temporary = project.temporary.as_ref();
            temporary.is_some_and(|temporary| temporary.id == id)
        };
        let project = state.projects.values().find(has)?;
        Some((project.id.clone(), left(project)))
    })?;
    if left.is_some_and(|left| left.is_zero()) {
        remove(plane, &name);
        return None;
    }
    Some(name)
}

/// The service's words for an id that it does not know.
fn unknown() -> ApiError {
    ApiError::bad_request("Database not found")
}

/// Waits until all operations have ended; whether they all went well.
async fn settled(plane: &ControlPlane, name: &str) -> bool {
    while plane.store.project(name, ProjectRecord::busy) == Some(true) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let well = |project: &ProjectRecord| {
        let bad = |status| matches!(status, OperationStatus::Failed | OperationStatus::Cancelled);
        !project
            .operations
            .iter()
            .any(|operation| bad(operation.status))
    };
    plane.store.project(name, well) == Some(true)
}

/// The project of a database's id, while it is nobody's.
pub(super) fn ownerless_of(plane: &ControlPlane, id: &str) -> Option<String> {
    plane.store.read(|state| {
        let has = |project: &&ProjectRecord| {
            let temporary = project.temporary.as_ref();
            project.is_ownerless() && temporary.is_some_and(|temporary| temporary.id == id)
        };
        Some(state.projects.values().find(has)?.id.clone())
    })
}

/// The address that the client knows us by.
pub(super) fn origin(headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or_default())
}

/// How to connect to it.
pub(super) fn connection_uri(project: &ProjectRecord) -> Option<Value> {
    let branch = project.default_branch()?;
    let (role, database) = (branch.roles.first()?, branch.databases.first()?);
    let mut view = views::connection(role, project.endpoints.first()?, &database.name);
    Some(view.get_mut("connection_uri")?.take())
}

fn answer(plane: &ControlPlane, headers: &HeaderMap, name: &str) -> Reply {
    let origin = origin(headers);
    let view = |project: &ProjectRecord| -> Option<Value> {
        let temporary = project.temporary.as_ref()?;
        let told = temporary.status == TemporaryStatus::Unclaimed;
        Some(json!({
            "id": temporary.id,
            "status": temporary.status,
            "neon_project_id": project.id,
            "connection_string": connection_uri(project).filter(|_| told),
            "claim_url": format!("{origin}/claim/{}", temporary.id),
            "expires_at": temporary.expires_at,
            "created_at": project.created_at,
            "updated_at": project.updated_at,
        }))
    };
    plane
        .store
        .project(name, view)
        .flatten()
        .map(Json)
        .ok_or_else(unknown)
}
