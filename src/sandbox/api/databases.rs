//! Databases of a branch, and the URI that joins one with a role.

use axum::{Json, body::Bytes};
use serde::Deserialize;
use serde_json::json;

use crate::sandbox::{
    api::{
        call::Call,
        free_plan::DATABASES_LIMIT,
        provisioning::check_name,
        reply::{self, ApiError, CreatedReply, OrNotFound as _, Reply},
        request::{self, Query},
        views,
    },
    catalog::ConfigChange,
    ids,
    records::{BranchRecord, DatabaseRecord},
};

pub(super) async fn list(call: Call) -> Reply {
    call.look().await?;
    call.read_branch(|branch, _| {
        let databases = branch.databases.iter();
        let views: Vec<_> = databases
            .map(|database| views::database(database, &branch.id))
            .collect();
        Ok(Json(json!({"databases": views})))
    })
}

pub(super) async fn get(call: Call) -> Reply {
    call.look().await?;
    call.read_branch(|branch, _| {
        let database = branch.database(&call.item).or_not_found("database")?;
        Ok(Json(
            json!({"database": views::database(database, &branch.id)}),
        ))
    })
}

#[derive(Deserialize)]
struct DatabaseRequest {
    name: String,
    owner_name: String,
}

pub(super) async fn create(call: Call, bytes: Bytes) -> CreatedReply {
    let new: DatabaseRequest = request::field(&bytes, "database")?;
    check_name(&new.name)?;
    let answer = call.configure(|branch| {
        branch.role(&new.owner_name).or_not_found("role")?;
        refuse_existing(branch, &new.name)?;
        let ids = branch.databases.iter().map(|database| database.id);
        let id = ids.max().unwrap_or(0) + 1;
        if branch.databases.len() >= DATABASES_LIMIT {
            return Err(ApiError::limit(
                "DATABASES_LIMIT_EXCEEDED",
                "databases",
                DATABASES_LIMIT,
            ));
        }
        let database = DatabaseRecord::new(id, new.name, new.owner_name);
        let view = views::database(&database, &branch.id);
        branch.databases.push(database);
        Ok((json!({"database": view}), Vec::new()))
    })?;
    Ok(reply::created(answer))
}

fn refuse_existing(branch: &BranchRecord, name: &str) -> Result<(), ApiError> {
    if branch.database(name).is_some() {
        let text = format!("database already exists; database_name:\"{name}\"");
        return Err(ApiError::conflict("", text));
    }
    Ok(())
}

#[derive(Deserialize)]
struct DatabasePatch {
    name: Option<String>,
    owner_name: Option<String>,
}

pub(super) async fn update(call: Call, bytes: Bytes) -> Reply {
    let patch: DatabasePatch = request::field(&bytes, "database")?;
    let answer = call.configure(|branch| {
        branch.database(&call.item).or_not_found("database")?;
        let mut changes = Vec::new();
        if let Some(owner) = &patch.owner_name {
            branch.role(owner).or_not_found("role")?;
            changes.push(ConfigChange::OwnDatabase {
                database: call.item.clone(),
                owner: owner.clone(),
            });
        }
        if let Some(to) = patch.name.as_ref().filter(|to| **to != call.item) {
            check_name(to)?;
            refuse_existing(branch, to)?;
            changes.push(ConfigChange::RenameDatabase {
                from: call.item.clone(),
                to: to.clone(),
            });
        }
        let id = branch.id.clone();
        let database = branch.database_mut(&call.item).or_not_found("database")?;
        if let Some(name) = patch.name {
            database.name = name;
        }
        if let Some(owner) = patch.owner_name {
            database.owner_name = owner;
        }
        database.updated_at = ids::now();
        Ok((json!({"database": views::database(database, &id)}), changes))
    })?;
    Ok(Json(answer))
}

pub(super) async fn delete(call: Call) -> Reply {
    let answer = call.configure(|branch| {
        let database = branch.database(&call.item).or_not_found("database")?;
        let view = views::database(database, &branch.id);
        branch
            .databases
            .retain(|database| database.name != call.item);
        let change = ConfigChange::DropDatabase(call.item.clone());
        Ok((json!({"database": view}), vec![change]))
    })?;
    Ok(Json(answer))
}

/// The URI of a role and a database on a branch. With `pooled=true` it is the same one: there is no pooler, and no second
/// host name that would resolve everywhere.
pub(super) async fn connection_uri(call: Call, query: Query) -> Reply {
    let database = query.required("database_name")?;
    let role = query.required("role_name")?;
    let uri = call.read(|project| {
        let named = query.get("endpoint_id");
        let named = named.map(|id| project.endpoint(id).or_not_found("endpoint"));
        let named = named.transpose()?;
        let branch = match (query.get("branch_id"), named) {
            (Some(id), _) => project.branch(id),
            (None, Some(endpoint)) => project.branch(&endpoint.branch_id),
            (None, None) => project.default_branch(),
        };
        let branch = branch.or_not_found("branch")?;
        let endpoint = match named {
            Some(endpoint) => Some(endpoint).filter(|endpoint| endpoint.branch_id == branch.id),
            None => project.main_endpoint(&branch.id),
        };
        let endpoint = endpoint.or_not_found("endpoint")?;
        branch.database(database).or_not_found("database")?;
        let role = branch.role(role).or_not_found("role")?;
        reply::require_stored_passwords(project)?;
        let password = role.password.as_deref().unwrap_or_default();
        Ok(views::uri(&role.name, password, endpoint, database))
    })?;
    Ok(Json(json!({"uri": uri})))
}
