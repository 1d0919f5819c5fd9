//! Roles of a branch, and their passwords.

use axum::{Json, body::Bytes};
use serde::Deserialize;
use serde_json::json;

use crate::sandbox::{
    admin::NEON_SUPERUSER,
    api::{
        call::Call,
        free_plan::ROLES_LIMIT,
        provisioning::check_name,
        reply::{self, ApiError, CreatedReply, OrNotFound as _, Reply},
        request, views,
    },
    catalog::ConfigChange,
    records::RoleRecord,
};

pub(super) async fn list(call: Call) -> Reply {
    call.look().await?;
    call.read_branch(|branch, _| {
        let roles = branch.roles.iter();
        let views = roles.map(|role| views::role(role, &branch.id, false));
        Ok(Json(json!({"roles": views.collect::<Vec<_>>()})))
    })
}

pub(super) async fn get(call: Call) -> Reply {
    call.look().await?;
    call.read_branch(|branch, _| {
        let role = branch.role(&call.item).or_not_found("role")?;
        Ok(Json(json!({"role": views::role(role, &branch.id, false)})))
    })
}

#[derive(Deserialize)]
struct RoleRequest {
    name: String,
    no_login: Option<bool>,
}

pub(super) async fn create(call: Call, bytes: Bytes) -> CreatedReply {
    let new: RoleRequest = request::field(&bytes, "role")?;
    check_name(&new.name)?;
    let answer = call.configure(|branch| {
        if branch.role(&new.name).is_some() {
            let text = format!("role already exists; role_name:\"{}\"", new.name);
            return Err(ApiError::conflict("", text));
        }
        if branch.roles.len() >= ROLES_LIMIT {
            return Err(ApiError::limit(
                "ROLES_LIMIT_EXCEEDED",
                "roles",
                ROLES_LIMIT,
            ));
        }
        let role = RoleRecord::new(new.name, !new.no_login.unwrap_or(false));
        let view = views::role(&role, &branch.id, true);
        branch.roles.push(role);
        Ok((json!({"role": view}), Vec::new()))
    })?;
    Ok(reply::created(answer))
}

pub(super) async fn delete(call: Call) -> Reply {
    let answer = call.configure(|branch| {
        let name = call.item.clone();
        let view = views::role(branch.role(&name).or_not_found("role")?, &branch.id, false);
        let mut owners = branch.databases.iter().map(|database| &database.owner_name);
        if owners.clone().any(|owner| *owner == name) {
            let text = format!("cannot delete role \"{name}\": it owns a database");
            return Err(ApiError::unprocessable("", text));
        }
        // never the superuser: a function of the role that runs as its owner would run as it
        let heir = owners
            .next()
            .map_or(NEON_SUPERUSER, String::as_str)
            .to_owned();
        branch.roles.retain(|role| role.name != name);
        let change = ConfigChange::DropRole { role: name, heir };
        Ok((json!({"role": view}), vec![change]))
    })?;
    Ok(Json(answer))
}

pub(super) async fn reveal_password(call: Call) -> Reply {
    call.read_branch(|branch, project| {
        let role = branch.role(&call.item).or_not_found("role")?;
        reply::require_stored_passwords(project)?;
        let missing = || ApiError::precondition("the role has no password");
        let password = role.password.as_ref().ok_or_else(missing)?;
        Ok(Json(json!({"password": password})))
    })
}

/// The answer holds the new password at once. It works, and the old one stops working, when the operation has finished.
pub(super) async fn reset_password(call: Call) -> Reply {
    let answer = call.configure(|branch| {
        let id = branch.id.clone();
        let role = branch.role_mut(&call.item).or_not_found("role")?;
        if role.no_login {
            return Err(ApiError::unprocessable("", "the role cannot log in"));
        }
        role.reset_password();
        Ok((json!({"role": views::role(role, &id, true)}), Vec::new()))
    })?;
    Ok(Json(answer))
}
