//! Who the key belongs to: `/auth`, the user, organizations, regions.

use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        caller::Caller,
        free_plan::{EMAIL, PROJECTS_LIMIT, REGIONS},
        reply::{OrNotFound as _, Reply},
        request::PlaneState,
    },
    records::{KeyScope, OrganizationRecord},
};

pub(super) async fn auth(State(plane): PlaneState, caller: Caller) -> Json<Value> {
    let (account, method) = match caller.scope {
        KeyScope::Personal => (
            plane.store.read(|state| state.account.user_id.clone()),
            "api_key_user",
        ),
        KeyScope::Organization { org } | KeyScope::Project { org, .. } => (org, "api_key_org"),
    };
    Json(json!({"account_id": account, "auth_method": method}))
}

pub(super) async fn me(State(plane): PlaneState, caller: Caller) -> Reply {
    caller.personal("this endpoint")?;
    let id = plane.store.read(|state| state.account.user_id.clone());
    let limit = plane.faults().projects_limit.unwrap_or(PROJECTS_LIMIT);
    Ok(Json(json!({
        "active_seconds_limit": 0,
        "auth_accounts": [{
            "email": EMAIL, "image": "", "login": "developer", "name": "Sandbox Developer", "provider": "keycloak",
        }],
        "email": EMAIL,
        "id": id,
        "image": "",
        "login": "developer",
        "name": "Sandbox",
        "last_name": "Developer",
        "projects_limit": limit,
        "branches_limit": 5000,
        "max_autoscaling_limit": 2,
        "compute_seconds_limit": 0,
        "plan": "free_v3",
    })))
}

fn organization_view(org: &OrganizationRecord) -> Value {
    json!({
        "id": org.id,
        "name": org.name,
        "handle": org.id.trim_start_matches("org-"),
        "plan": "free",
        "created_at": org.created_at,
        "managed_by": "console",
        "updated_at": org.created_at,
        "require_mfa": false,
    })
}

pub(super) async fn organizations(State(plane): PlaneState, caller: Caller) -> Reply {
    caller.personal("this endpoint")?;
    let all: Vec<_> = plane.store.read(|state| {
        state
            .account
            .organizations
            .iter()
            .map(organization_view)
            .collect()
    });
    Ok(Json(json!({"organizations": all})))
}

pub(super) async fn organization(
    State(plane): PlaneState,
    caller: Caller,
    Path(id): Path<String>,
) -> Reply {
    caller.organization(&id)?;
    plane
        .store
        .read(|state| {
            let org = state.account.organization(&id);
            org.map(organization_view)
        })
        .map(Json)
        .or_not_found("organization")
}

pub(super) async fn members(
    State(plane): PlaneState,
    caller: Caller,
    Path(id): Path<String>,
) -> Reply {
    caller.organization(&id)?;
    let (user, joined) = plane
        .store
        .read(|state| {
            let org = state.account.organization(&id)?;
            Some((state.account.user_id.clone(), org.created_at.clone()))
        })
        .or_not_found("organization")?;
    Ok(Json(json!({"members": [{
        "member": {"id": user, "user_id": user, "org_id": id, "role": "admin", "joined_at": joined},
        "user": {"email": EMAIL},
    }]})))
}

pub(super) async fn regions(caller: Caller) -> Reply {
    caller.personal("this endpoint")?;
    let regions: Vec<_> = REGIONS
        .iter()
        .enumerate()
        .map(|(at, (id, name, latitude, longitude))| {
            json!({"region_id": id, "name": name, "default": at == 0, "geo_lat": latitude, "geo_long": longitude})
        })
        .collect();
    Ok(Json(json!({"regions": regions})))
}
