//! API keys: personal ones, an organization's, and those bound to one project.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        caller::Caller,
        reply::{ApiError, OrNotFound as _, Reply},
        request::{self, PlaneState},
        views,
    },
    control_plane::ControlPlane,
    ids,
    records::{KeyRecord, KeyScope, digest},
};

#[derive(Deserialize)]
struct NewKey {
    key_name: String,
    project_id: Option<String>,
}

impl NewKey {
    fn read(bytes: &Bytes) -> Result<Self, ApiError> {
        let new: Self = request::body(bytes)?;
        let length = new.key_name.chars().count();
        if (1..=64).contains(&length) {
            return Ok(new);
        }
        Err(ApiError::bad_request(
            "invalid request: decode application/json: invalid: key_name (must be 1 to 64 characters)",
        ))
    }
}

/// The organization to which a key belongs; `None`: the user.
fn owner(scope: &KeyScope) -> Option<&str> {
    match scope {
        KeyScope::Personal => None,
        KeyScope::Organization { org } | KeyScope::Project { org, .. } => Some(org),
    }
}

fn listed(plane: &ControlPlane, org: Option<&str>) -> Json<Value> {
    plane.store.read(|state| {
        let by = json!({"id": state.account.user_id, "name": "Sandbox", "image": ""});
        let keys = state
            .account
            .keys
            .iter()
            .filter(|key| owner(&key.scope) == org);
        let views = keys.map(|key| {
            let mut view = json!({
                "id": key.id,
                "name": key.name,
                "created_at": key.created_at,
                "created_by": by,
                "last_used_at": key.last_used_at,
                "last_used_from_addr": if key.last_used_at.is_some() { "127.0.0.1" } else { "" },
            });
            if let KeyScope::Project { project, .. } = &key.scope {
                views::merge(&mut view, json!({"project_id": project}));
            }
            view
        });
        Json(Value::Array(views.collect()))
    })
}

fn mint(plane: &ControlPlane, name: &str, scope: KeyScope) -> Json<Value> {
    let secret = ids::api_key();
    let created_at = ids::now();
    let project = match &scope {
        KeyScope::Project { project, .. } => Some(project.clone()),
        KeyScope::Personal | KeyScope::Organization { .. } => None,
    };
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
    Json(view)
}

fn revoked(plane: &ControlPlane, org: Option<&str>, id: i64) -> Reply {
    let gone = plane.store.edit_account(|account| {
        let at = account
            .keys
            .iter()
            .position(|key| key.id == id && owner(&key.scope) == org)?;
        Some((account.keys.remove(at), account.user_id.clone()))
    });
    let (key, user) = gone.or_not_found("API key")?;
    Ok(Json(json!({
        "id": key.id,
        "name": key.name,
        "created_at": key.created_at,
        "created_by": user,
        "last_used_at": key.last_used_at,
        "last_used_from_addr": "127.0.0.1",
        "revoked": true,
    })))
}

pub(super) async fn list(State(plane): PlaneState, caller: Caller) -> Reply {
    caller.personal("this endpoint")?;
    Ok(listed(&plane, None))
}

pub(super) async fn create(State(plane): PlaneState, caller: Caller, bytes: Bytes) -> Reply {
    caller.personal("this endpoint")?;
    Ok(mint(
        &plane,
        &NewKey::read(&bytes)?.key_name,
        KeyScope::Personal,
    ))
}

pub(super) async fn revoke(State(plane): PlaneState, caller: Caller, Path(id): Path<i64>) -> Reply {
    caller.personal("this endpoint")?;
    revoked(&plane, None, id)
}

fn known_organization(plane: &ControlPlane, caller: &Caller, org: &str) -> Result<(), ApiError> {
    caller.organization(org)?;
    let known = plane
        .store
        .read(|state| state.account.organization(org).is_some());
    known.then_some(()).or_not_found("organization")
}

pub(super) async fn list_org(
    State(plane): PlaneState,
    caller: Caller,
    Path(org): Path<String>,
) -> Reply {
    known_organization(&plane, &caller, &org)?;
    Ok(listed(&plane, Some(&org)))
}

/// Only a personal key may do this: organization keys may list and revoke keys, but not create them.
pub(super) async fn create_org(
    State(plane): PlaneState,
    caller: Caller,
    Path(org): Path<String>,
    bytes: Bytes,
) -> Reply {
    caller.personal("creating API keys")?;
    known_organization(&plane, &caller, &org)?;
    let new = NewKey::read(&bytes)?;
    let scope = match new.project_id {
        None => KeyScope::Organization { org },
        Some(project) => {
            let owned = plane
                .store
                .project(&project, |project| project.org_id == org);
            if owned != Some(true) {
                return Err(ApiError::not_found("project"));
            }
            KeyScope::Project { org, project }
        }
    };
    Ok(mint(&plane, &new.key_name, scope))
}

pub(super) async fn revoke_org(
    State(plane): PlaneState,
    caller: Caller,
    Path((org, id)): Path<(String, i64)>,
) -> Reply {
    known_organization(&plane, &caller, &org)?;
    revoked(&plane, Some(&org), id)
}
