//! Who the key belongs to: `/auth`, the user, organizations, regions.

use axum::Json;
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        call::Call,
        free_plan::{BRANCHES_LIMIT, EMAIL, PROJECTS_LIMIT, REGIONS},
        reply::{OrNotFound as _, Reply},
    },
    records::OrganizationRecord,
};

pub(super) async fn auth(call: Call) -> Json<Value> {
    let user = call.plane.store.read(|state| state.account.user_id.clone());
    let (account, method) = match call.caller.scope.organization() {
        None if call.caller.logged_in => (user.as_str(), "oauth"),
        None => (user.as_str(), "api_key_user"),
        Some(org) => (org, "api_key_org"),
    };
    Json(json!({"account_id": account, "auth_method": method}))
}

pub(super) async fn me(call: Call) -> Reply {
    call.caller.personal("this endpoint")?;
    let id = call.plane.store.read(|state| state.account.user_id.clone());
    let limit = call.plane.faults().projects_limit.unwrap_or(PROJECTS_LIMIT);
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
        "branches_limit": BRANCHES_LIMIT,
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

pub(super) async fn organizations(call: Call) -> Reply {
    call.caller.personal("this endpoint")?;
    let all: Vec<_> = call.plane.store.read(|state| {
        state
            .account
            .organizations
            .iter()
            .map(organization_view)
            .collect()
    });
    Ok(Json(json!({"organizations": all})))
}

pub(super) async fn organization(call: Call) -> Reply {
    call.caller.organization(&call.org)?;
    call.plane
        .store
        .read(|state| {
            let org = state.account.organization(&call.org);
            org.map(organization_view)
        })
        .map(Json)
        .or_not_found("organization")
}

pub(super) async fn members(call: Call) -> Reply {
    call.caller.organization(&call.org)?;
    let (user, joined) = call
        .plane
        .store
        .read(|state| {
            let org = state.account.organization(&call.org)?;
            Some((state.account.user_id.clone(), org.created_at.clone()))
        })
        .or_not_found("organization")?;
    Ok(Json(json!({"members": [{
        "member": {"id": user, "user_id": user, "org_id": call.org, "role": "admin", "joined_at": joined},
        "user": {"email": EMAIL},
    }]})))
}

pub(super) async fn regions(call: Call) -> Reply {
    call.caller.personal("this endpoint")?;
    let regions: Vec<_> = REGIONS
        .iter()
        .enumerate()
        .map(|(at, (id, name, latitude, longitude))| {
            json!({"region_id": id, "name": name, "default": at == 0, "geo_lat": latitude, "geo_long": longitude})
        })
        .collect();
    Ok(Json(json!({"regions": regions})))
}
