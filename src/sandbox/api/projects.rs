//! Projects: listed in pages, created once, changed, deleted, shared.

use axum::{Json, body::Bytes};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        call::Call,
        free_plan::{PERMISSIONS_LIMIT, PROJECTS_LIMIT},
        provisioning::{self, ProjectRequest, check_length},
        reply::{self, ApiError, CreatedReply, OrNotFound as _, Reply},
        request::{self, Query},
        settings, views,
    },
    ids, operations,
    records::{KeyRecord, KeyScope, PermissionRecord, ProjectRecord, SandboxState},
};

pub(super) async fn list(call: Call, query: Query) -> Reply {
    let (plane, caller) = (&call.plane, &call.caller);
    caller.unscoped()?;
    let faults = plane.faults();
    let org = query.get("org_id");
    if faults.organization_required && caller.scope == KeyScope::Personal && org.is_none() {
        return Err(organization_required());
    }
    if let Some(org) = org {
        caller.organization(org)?;
    }
    let limit = query.limit(10, 400)?;
    let wanted = |project: &&ProjectRecord| {
        let found = query
            .get("search")
            .is_none_or(|part| project.name.contains(part) || project.id.contains(part));
        let after = query
            .get("cursor")
            .is_none_or(|cursor| project.id.as_str() > cursor);
        let owned = org.is_none_or(|org| project.org_id == org);
        // nothing that was deleted comes back
        caller.sees(project) && found && after && owned && !query.flag("recoverable")
    };
    let (mut last, mut shown, mut unavailable) = (None, Vec::new(), Vec::new());
    plane.store.read(|state| {
        for project in state.projects.values().filter(wanted).take(limit) {
            last = Some(project.id.clone());
            if faults.unavailable_projects.contains(&project.id) {
                unavailable.push(project.id.clone());
            } else {
                shown.push(views::project(project, state, true));
            }
        }
    });
    let mut answer = json!({"projects": shown, "applications": {}, "integrations": {}});
    // The cursor is there even on the last page; an empty list has no pagination.
    if let Some(last) = last {
        views::merge(&mut answer, json!({"pagination": {"cursor": last}}));
    }
    if !unavailable.is_empty() {
        views::merge(&mut answer, json!({"unavailable_project_ids": unavailable}));
    }
    Ok(Json(answer))
}

/// Nobody else is here to share with us.
pub(super) async fn shared(call: Call) -> Reply {
    call.caller.personal("this endpoint")?;
    Ok(Json(json!({"projects": []})))
}

fn organization_required() -> ApiError {
    ApiError::bad_request("org_id is required, you can find it on your organization settings page")
}

pub(super) async fn create(call: Call, bytes: Bytes) -> CreatedReply {
    let plane = &call.plane;
    call.caller.unscoped()?;
    let new: ProjectRequest = request::field(&bytes, "project")?;
    let version = plane.pg_version().await;
    new.check(version)?;
    let org = organization_of(&call, new.org_id.as_deref())?;
    let limit = plane.faults().projects_limit.unwrap_or(PROJECTS_LIMIT);
    let (id, scheduled) = provisioning::begin(plane, new.build(org, version)?, |state| {
        let owned = |project: &&ProjectRecord| !project.is_ownerless();
        let count = state.projects.values().filter(owned).count();
        if count < limit {
            return Ok(());
        }
        let text = format!("user projects limit of {limit} exceeded, got {count}");
        Err(ApiError::unprocessable("PROJECTS_LIMIT_EXCEEDED", text))
    })?;
    let answer = plane.store.read(|state| {
        let project = state.projects.get(&id)?;
        Some(receipt(project, state))
    });
    operations::run(plane, &id, scheduled);
    answer
        .map(reply::created)
        .ok_or_else(|| ApiError::internal("the project was deleted while it was created"))
}

/// What a create answers: everything there is, so that a client need not ask for anything else.
fn receipt(project: &ProjectRecord, state: &SandboxState) -> Value {
    let branch = project.default_branch();
    let endpoint = project.endpoints.first();
    let role = branch.and_then(|branch| branch.roles.first());
    let database = branch.and_then(|branch| branch.databases.first());
    let connections: Vec<_> = endpoint
        .zip(role)
        .zip(database)
        .map(|((endpoint, role), database)| views::connection(role, endpoint, &database.name))
        .into_iter()
        .collect();
    let branch_id = branch.map(|branch| branch.id.clone()).unwrap_or_default();
    let all = |views: Vec<Value>| Value::Array(views);
    json!({
        "project": views::project(project, state, false),
        "connection_uris": connections,
        "roles": all(role.iter().map(|role| views::role(role, &branch_id, true)).collect()),
        "databases": all(database.iter().map(|database| views::database(database, &branch_id)).collect()),
        "operations": all(project.operations.iter().map(|one| views::operation(one, &project.id)).collect()),
        "branch": branch.map(|branch| views::branch(branch, &project.id, false)),
        "endpoints": all(endpoint.iter().map(|endpoint| views::endpoint(endpoint, project)).collect()),
    })
}

/// The organization of a new project: the one named, the key's, the only one.
fn organization_of(call: &Call, named: Option<&str>) -> Result<String, ApiError> {
    if let Some(org) = named {
        call.check_organization(org)?;
        return Ok(org.to_owned());
    }
    if let Some(org) = call.caller.scope.organization() {
        return Ok(org.to_owned());
    }
    if call.plane.faults().organization_required {
        return Err(organization_required());
    }
    let org = call.plane.store.read(|state| {
        let org = state.account.default_organization();
        org.map(|org| org.id.clone())
    });
    org.ok_or_else(organization_required)
}

fn view(call: &Call) -> Result<Value, ApiError> {
    call.read(|_| Ok(()))?;
    let view = call.plane.store.read(|state| {
        let project = state.projects.get(&call.project)?;
        Some(json!({"project": views::project(project, state, false)}))
    });
    view.or_not_found("project")
}

pub(super) async fn get(call: Call) -> Reply {
    view(&call).map(Json)
}

#[derive(Deserialize)]
struct ProjectPatch {
    name: Option<String>,
    history_retention_seconds: Option<i64>,
    default_endpoint_settings: Option<Value>,
    settings: Option<Value>,
}

pub(super) async fn update(call: Call, bytes: Bytes) -> Reply {
    let patch: ProjectPatch = request::field(&bytes, "project")?;
    provisioning::check_retention(patch.history_retention_seconds)?;
    settings::check_project(patch.settings.as_ref())?;
    settings::check_compute(
        "project.default_endpoint_settings",
        patch.default_endpoint_settings.as_ref(),
    )?;
    call.edit(|project| {
        if let Some(name) = patch.name {
            check_length("project.name", &name)?;
            project.name = name;
        }
        if let Some(seconds) = patch.history_retention_seconds {
            project.history_retention_seconds = seconds;
        }
        if let Some(settings) = patch.default_endpoint_settings {
            views::merge(&mut project.default_endpoint_settings, settings);
        }
        if let Some(settings) = patch.settings {
            views::merge(&mut project.settings, settings);
        }
        project.updated_at = ids::now();
        Ok(())
    })?;
    let mut answer = view(&call)?;
    views::merge(&mut answer, json!({"operations": []}));
    Ok(Json(answer))
}

pub(super) async fn delete(call: Call) -> Reply {
    // A project-scoped key is an editor of its project and no more.
    if call.caller.scope.project().is_some() {
        call.read(|_| Ok(()))?;
        return Err(ApiError::forbidden(
            "not allowed to delete the project this key is scoped to",
        ));
    }
    if call.read(|project| Ok(project.busy()))? {
        return Err(ApiError::locked());
    }
    let answer = view(&call)?;
    provisioning::remove(&call.plane, &call.project);
    call.plane.store.edit_account(|account| {
        let bound = |key: &KeyRecord| key.scope.project() == Some(&call.project);
        account.keys.retain(|key| !bound(key));
    });
    Ok(Json(answer))
}

fn permission_view(permission: &PermissionRecord) -> Value {
    json!({"id": permission.id, "granted_to_email": permission.email, "granted_at": permission.granted_at})
}

pub(super) async fn permissions(call: Call) -> Reply {
    call.read(|project| {
        let all: Vec<_> = project.permissions.iter().map(permission_view).collect();
        Ok(Json(json!({"project_permissions": all})))
    })
}

#[derive(Deserialize)]
struct ShareRequest {
    email: String,
}

/// Whether a text looks like an address, as far as anybody can tell who sends nothing to it.
fn is_email(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    text.len() <= 256
        && text.chars().all(plain)
        && text
            .rsplit_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

pub(super) async fn share(call: Call, bytes: Bytes) -> Reply {
    let share: ShareRequest = request::strict_body(&bytes)?;
    if !is_email(&share.email) {
        return Err(ApiError::bad_request(
            "invalid request: email: no mail address",
        ));
    }
    let permission = PermissionRecord {
        id: ids::uuid(),
        email: share.email,
        granted_at: ids::now(),
    };
    let view = permission_view(&permission);
    call.edit(|project| {
        if project.permissions.len() >= PERMISSIONS_LIMIT {
            return Err(ApiError::limit("", "permissions", PERMISSIONS_LIMIT));
        }
        project.permissions.push(permission);
        Ok(())
    })?;
    Ok(Json(view))
}

pub(super) async fn unshare(call: Call) -> Reply {
    let gone = call.edit(|project| {
        let mut permissions = project.permissions.iter();
        let at = permissions.position(|known| known.id == call.item);
        Ok(project.permissions.remove(at.or_not_found("permission")?))
    })?;
    let mut view = permission_view(&gone);
    views::merge(&mut view, json!({"revoked_at": ids::now()}));
    Ok(Json(view))
}
