//! Roles of a branch, and their passwords.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::json;

use crate::sandbox::{
    admin::SUPERUSER,
    api::{
        caller::Caller,
        provisioning::check_name,
        reply::{self, ApiError, CreatedReply, OrNotFound as _, Reply},
        request::{self, PlaneState},
        views,
    },
    catalog::ConfigChange,
    records::RoleRecord,
};

pub(super) async fn list(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch)): Path<(String, String)>,
) -> Reply {
    caller.branch(&plane, &project, &branch, |_, branch| {
        let roles = branch.roles.iter();
        let views: Vec<_> = roles
            .map(|role| views::role(role, &branch.id, false))
            .collect();
        Ok(Json(json!({"roles": views})))
    })
}

pub(super) async fn get(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch, name)): Path<(String, String, String)>,
) -> Reply {
    caller.branch(&plane, &project, &branch, |_, branch| {
        let role = branch.role(&name).or_not_found("role")?;
        Ok(Json(json!({"role": views::role(role, &branch.id, false)})))
    })
}

#[derive(Deserialize)]
struct RoleRequest {
    name: String,
    no_login: Option<bool>,
}

pub(super) async fn create(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch)): Path<(String, String)>,
    bytes: Bytes,
) -> CreatedReply {
    let new: RoleRequest = request::field(&bytes, "role")?;
    check_name(&new.name)?;
    let answer = caller.configure(&plane, &project, &branch, |branch| {
        if branch.role(&new.name).is_some() {
            let text = format!("role already exists; role_name:\"{}\"", new.name);
            return Err(ApiError::conflict("", text));
        }
        let role = RoleRecord::new(new.name, !new.no_login.unwrap_or(false));
        let view = views::role(&role, &branch.id, true);
        branch.roles.push(role);
        Ok((json!({"role": view}), Vec::new()))
    })?;
    Ok(reply::created(answer))
}

pub(super) async fn delete(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch, name)): Path<(String, String, String)>,
) -> Reply {
    let answer = caller.configure(&plane, &project, &branch, |branch| {
        let view = views::role(branch.role(&name).or_not_found("role")?, &branch.id, false);
        let mut owners = branch.databases.iter().map(|database| &database.owner_name);
        if owners.clone().any(|owner| *owner == name) {
            let text = format!("cannot delete role \"{name}\": it owns a database");
            return Err(ApiError::unprocessable("", text));
        }
        let heir = owners.next().map_or(SUPERUSER, String::as_str).to_owned();
        branch.roles.retain(|role| role.name != name);
        let change = ConfigChange::DropRole { role: name, heir };
        Ok((json!({"role": view}), vec![change]))
    })?;
    Ok(Json(answer))
}

pub(super) async fn reveal_password(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch, name)): Path<(String, String, String)>,
) -> Reply {
    caller.branch(&plane, &project, &branch, |project, branch| {
        let role = branch.role(&name).or_not_found("role")?;
        reply::require_stored_passwords(project)?;
        let password = role.password.as_ref();
        let password =
            password.ok_or_else(|| ApiError::precondition("the role has no password"))?;
        Ok(Json(json!({"password": password})))
    })
}

/// The answer holds the new password at once. It works, and the old one stops working, when the operation has finished.
pub(super) async fn reset_password(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch, name)): Path<(String, String, String)>,
) -> Reply {
    let answer = caller.configure(&plane, &project, &branch, |branch| {
        let id = branch.id.clone();
        let role = branch.role_mut(&name).or_not_found("role")?;
        if role.no_login {
            return Err(ApiError::unprocessable("", "the role cannot log in"));
        }
        role.reset_password();
        Ok((json!({"role": views::role(role, &id, true)}), Vec::new()))
    })?;
    Ok(Json(answer))
}
