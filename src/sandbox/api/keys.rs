//! API keys: personal ones, an organization's, and those bound to one project.

use axum::{Json, body::Bytes, extract::Path};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        call::Call,
        free_plan::KEYS_LIMIT,
        reply::{ApiError, OrNotFound as _, Reply},
        request, views,
    },
    control_plane::ControlPlane,
    ids,
    records::{KeyRecord, KeyScope, ProjectRecord, digest},
};

#[derive(Deserialize)]
struct KeyRequest {
    key_name: String,
    project_id: Option<String>,
}

impl KeyRequest {
    fn read(bytes: &Bytes) -> Result<Self, ApiError> {
        let new: Self = request::strict_body(bytes)?;
        let length = new.key_name.chars().count();
        if (1..=64).contains(&length) {
            return Ok(new);
        }
        Err(ApiError::bad_request(
            "invalid request: decode application/json: invalid: key_name (must be 1 to 64 characters)",
        ))
    }
}

fn view_all(plane: &ControlPlane, org: Option<&str>) -> Json<Value> {
    plane.store.read(|state| {
        let by = json!({"id": state.account.user_id, "name": "Sandbox", "image": ""});
        let keys = state
            .account
            .keys
            .iter()
            .filter(|key| key.scope.organization() == org);
        let views = keys.map(|key| {
            let used = plane.last_use(key.id).or_else(|| key.last_used_at.clone());
            let mut view = json!({
                "id": key.id,
                "name": key.name,
                "created_at": key.created_at,
                "created_by": by,
                "last_used_from_addr": if used.is_some() { "127.0.0.1" } else { "" },
                "last_used_at": used,
            });
            if let Some(project) = key.scope.project() {
                views::merge(&mut view, json!({"project_id": project}));
            }
            view
        });
        Json(Value::Array(views.collect()))
    })
}

fn create_key(plane: &ControlPlane, name: &str, scope: KeyScope) -> Reply {
    if plane.store.read(|state| state.account.keys.len()) >= KEYS_LIMIT {
        return Err(ApiError::limit("", "API keys", KEYS_LIMIT));
    }
    let secret = ids::api_key();
    let created_at = ids::now();
    let project = scope.project().map(str::to_owned);
    let (id, user) = plane.store.edit_account(|account| {
        let id = account.next_key;
        account.next_key += 1;
        account.keys.push(KeyRecord {
            id,
            name: name.to_owned(),
            digest: digest(&secret),
            scope,
            created_at: created_at.clone(),
            last_used_at: None,
        });
        (id, account.user_id.clone())
    });
    let mut view = json!({"id": id, "key": secret, "name": name, "created_at": created_at, "created_by": user});
    if let Some(project) = project {
        views::merge(&mut view, json!({"project_id": project}));
    }
    Ok(Json(view))
}

fn revoke_key(plane: &ControlPlane, org: Option<&str>, id: i64) -> Reply {
    let gone = plane.store.edit_account(|account| {
        let at = account
            .keys
            .iter()
            .position(|key| key.id == id && key.scope.organization() == org)?;
        Some((account.keys.remove(at), account.user_id.clone()))
    });
    let (key, user) = gone.or_not_found("API key")?;
    Ok(Json(json!({
        "id": key.id,
        "name": key.name,
        "created_at": key.created_at,
        "created_by": user,
        "last_used_at": plane.last_use(key.id).or(key.last_used_at),
        "last_used_from_addr": "127.0.0.1",
        "revoked": true,
    })))
}

pub(super) async fn list(call: Call) -> Reply {
    call.caller.personal("this endpoint")?;
    Ok(view_all(&call.plane, None))
}

pub(super) async fn create(call: Call, bytes: Bytes) -> Reply {
    call.caller.personal("this endpoint")?;
    let name = KeyRequest::read(&bytes)?.key_name;
    create_key(&call.plane, &name, KeyScope::Personal)
}

pub(super) async fn revoke(call: Call, Path(id): Path<i64>) -> Reply {
    call.caller.personal("this endpoint")?;
    revoke_key(&call.plane, None, id)
}

pub(super) async fn list_org(call: Call) -> Reply {
    call.check_organization(&call.org)?;
    Ok(view_all(&call.plane, Some(&call.org)))
}

/// Only a personal key may do this: organization keys may list and revoke keys, but not create them.
pub(super) async fn create_org(call: Call, bytes: Bytes) -> Reply {
    call.caller.personal("creating API keys")?;
    call.check_organization(&call.org)?;
    let new = KeyRequest::read(&bytes)?;
    let org = call.org;
    let scope = match new.project_id {
        None => KeyScope::Organization { org },
        Some(project) => {
            let owned = |project: &ProjectRecord| project.org_id == org;
            if call.plane.store.project(&project, owned) != Some(true) {
                return Err(ApiError::not_found("project"));
            }
            KeyScope::Project { org, project }
        }
    };
    create_key(&call.plane, &new.key_name, scope)
}

pub(super) async fn revoke_org(call: Call, Path((org, id)): Path<(String, i64)>) -> Reply {
    call.check_organization(&org)?;
    revoke_key(&call.plane, Some(&org), id)
}
