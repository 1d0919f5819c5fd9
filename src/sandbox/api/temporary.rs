//! Temporary databases: projects that belong to nobody until they are claimed, and end after 72 hours.
//!
//! Neon has two services of them: the one of `claims` and the one of `agents`.

use std::{sync::Arc, time::Duration};

use time::OffsetDateTime;

use crate::sandbox::{
    api::{provisioning, reply::ApiError, views},
    control_plane::ControlPlane,
    ids,
    operations::{self, OperationAction, ScheduledOperation},
    records::{OperationStatus, ProjectRecord, TemporaryRecord, TemporaryStatus},
};

/// Where the API of `agents` begins.
pub(super) const AGENTS_BASE: &str = "/v1";
/// Where that API takes a form instead of JSON, as OAuth wants it.
pub(super) const TOKEN_PATH: &str = "/v1/oauth2/token";

/// How many databases that are nobody's there may be: each is a server's worth of disk.
const LIVING_LIMIT: usize = 50;
/// How many are made in a minute, for a service that asks nobody for a key.
const RATE_LIMIT: usize = 10;
const RATE_TIME: Duration = Duration::from_mins(1);

const LIFETIME: time::Duration = time::Duration::hours(72);

/// The error for a database that could not be made, in the words of `claims`.
pub(super) fn failed() -> ApiError {
    ApiError::internal("Failed to create the database.")
}

/// Makes a database that is nobody's, with this id or a new one, and waits until it can be used. Returns the id of its project.
pub(super) async fn create(
    plane: &Arc<ControlPlane>,
    chosen: Option<String>,
) -> Result<String, ApiError> {
    let temporary = TemporaryRecord {
        chosen_id: chosen.is_some(),
        id: chosen.unwrap_or_else(ids::uuid),
        status: TemporaryStatus::Unclaimed,
        expires_at: ids::timestamp(OffsetDateTime::now_utc() + LIFETIME),
    };
    let id = temporary.id.clone();
    let project = provisioning::ownerless(temporary, plane.pg_version().await)?;
    if !plane.take_turn(RATE_LIMIT, RATE_TIME) {
        return Err(ApiError::too_many_requests(RATE_TIME));
    }
    let (project, scheduled) = provisioning::begin(plane, project, |state| {
        if state.temporary_project(&id).is_some() {
            return Err(failed()); // whoever knows an id can read it: nobody gets it by asking for it again
        }
        let living = state.projects.values().filter(|one| one.is_ownerless());
        if living.count() < LIVING_LIMIT {
            return Ok(());
        }
        Err(ApiError::unprocessable(
            "PROJECTS_LIMIT_EXCEEDED",
            format!("the limit of {LIVING_LIMIT} unclaimed databases is exceeded"),
        ))
    })?;
    operations::run(plane, &project, scheduled);
    watch(plane, project.clone());
    if !operations_end_well(plane, &project).await {
        provisioning::remove(plane, &project);
        return Err(failed());
    }
    Ok(project)
}

/// Ends the databases of an earlier run in their time.
pub(crate) fn watch_all(plane: &Arc<ControlPlane>) {
    let ownerless: Vec<_> = plane.store.read(|state| {
        let projects = state.projects.values();
        let ownerless = projects.filter(|project| project.is_ownerless());
        ownerless.map(|project| project.id.clone()).collect()
    });
    for project in ownerless {
        watch(plane, project);
    }
}

/// Removes a database when its time is up, unless it was claimed.
fn watch(plane: &Arc<ControlPlane>, project: String) {
    let background = Arc::clone(plane);
    plane.spawn(async move {
        while let Some(left) = background.store.project(&project, time_left).flatten() {
            if left.is_zero() {
                provisioning::remove(&background, &project);
                return;
            }
            tokio::time::sleep(left).await;
        }
    });
}

/// How long a database that nobody owns has still to live; `None` for any other.
fn time_left(project: &ProjectRecord) -> Option<Duration> {
    let temporary = project
        .temporary
        .as_ref()
        .filter(|_| project.is_ownerless())?;
    let at = ids::moment(&temporary.expires_at)?;
    Some(Duration::try_from(at - OffsetDateTime::now_utc()).unwrap_or_default())
}

/// The project of a database. One whose time is up is removed now.
pub(super) fn find(plane: &Arc<ControlPlane>, database: &str) -> Option<String> {
    let (project, left) = plane.store.read(|state| {
        let project = state.temporary_project(database)?;
        Some((project.id.clone(), time_left(project)))
    })?;
    if left.is_some_and(|left| left.is_zero()) {
        provisioning::remove(plane, &project);
        return None;
    }
    Some(project)
}

/// The project of a database, while it is nobody's.
pub(super) fn find_ownerless(plane: &ControlPlane, database: &str) -> Option<String> {
    plane.store.read(|state| {
        let project = state.temporary_project(database);
        let ownerless = project.filter(|project| project.is_ownerless())?;
        Some(ownerless.id.clone())
    })
}

/// Gives a database to the account, and its roles new passwords.
pub(super) async fn claim(plane: &Arc<ControlPlane>, project: &str) {
    operations_end_well(plane, project).await;
    let org = plane.store.read(|state| {
        let org = state.account.default_organization();
        org.map(|org| org.id.clone()).unwrap_or_default()
    });
    let scheduled = plane.store.edit(project, |project| {
        if !project.is_ownerless() {
            return Vec::new();
        }
        project.org_id = org;
        if let Some(temporary) = &mut project.temporary {
            temporary.status = TemporaryStatus::Claimed;
        }
        reset_all_passwords(project)
    });
    operations::run(plane, project, scheduled.unwrap_or_default());
    operations_end_well(plane, project).await;
}

fn reset_all_passwords(project: &mut ProjectRecord) -> Vec<ScheduledOperation> {
    for role in project
        .branches
        .iter_mut()
        .flat_map(|branch| &mut branch.roles)
    {
        role.reset_password();
    }
    let branches: Vec<_> = project
        .branches
        .iter()
        .map(|branch| branch.id.clone())
        .collect();
    let mut scheduled = Vec::new();
    for branch in branches {
        let actions = vec![OperationAction::ApplyConfig(Vec::new())];
        scheduled.extend(operations::schedule_on_branch(project, &branch, actions));
    }
    scheduled
}

/// Waits until all operations have ended; returns whether they all went well.
async fn operations_end_well(plane: &ControlPlane, project: &str) -> bool {
    while plane.store.project(project, ProjectRecord::busy) == Some(true) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let well = |project: &ProjectRecord| {
        project.operations.iter().all(|operation| {
            !matches!(
                operation.status,
                OperationStatus::Failed | OperationStatus::Cancelled
            )
        })
    };
    plane.store.project(project, well) == Some(true)
}

/// How to connect to a database.
pub(super) fn connection_uri(project: &ProjectRecord) -> Option<String> {
    let branch = project.default_branch()?;
    let (role, database) = (branch.roles.first()?, branch.databases.first()?);
    let endpoint = project.endpoints.first()?;
    let password = role.password.as_deref()?;
    Some(views::uri(&role.name, password, endpoint, &database.name))
}

/// The same with the name of the pooled compute, from which clients make the address of the compute itself by removing
/// `-pooler`. There is no pooler behind it; the name is in the options, because no host name of the sandbox could hold it.
pub(super) fn pooled_connection_uri(project: &ProjectRecord) -> Option<String> {
    let direct = connection_uri(project)?;
    let endpoint = &project.endpoints.first()?.id;
    Some(format!("{direct}&options=endpoint%3D{endpoint}-pooler"))
}
