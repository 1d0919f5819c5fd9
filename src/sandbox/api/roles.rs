//! Roles and databases of a branch, and the URI that joins them.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        PlaneState,
        caller::Caller,
        projects::field,
        reply::{self, ApiError, CreatedReply, Query, Reply},
        views,
    },
    catalog::ConfigChange,
    control_plane::ControlPlane,
    ids,
    operations::{self, OperationAction, ScheduledOperation},
    records::{BranchRecord, DatabaseRecord, ProjectRecord, RoleRecord},
};

/// Names that Postgres or Neon keep for themselves.
const RESERVED: [&str; 7] = [
    "cloud_admin",
    "neon_superuser",
    "postgres",
    "template0",
    "template1",
    "public",
    "none",
];

/// Refuses what Postgres would (63 bytes, `pg_…`) and what is reserved.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let reserved = RESERVED.contains(&name) || name.starts_with("pg_");
    let malformed = name.is_empty() || name.len() > 63 || name.contains('\0');
    if reserved || malformed {
        return Err(ApiError::bad_request(format!(
            "invalid request: \"{name}\" cannot be used as a name"
        )));
    }
    Ok(())
}

fn branch_of<'a>(project: &'a ProjectRecord, id: &str) -> Result<&'a BranchRecord, ApiError> {
    project
        .branch(id)
        .ok_or_else(|| ApiError::not_found("branch"))
}

fn branch_mut<'a>(
    project: &'a mut ProjectRecord,
    id: &str,
) -> Result<&'a mut BranchRecord, ApiError> {
    project
        .branch_mut(id)
        .ok_or_else(|| ApiError::not_found("branch"))
}

fn role_of<'a>(branch: &'a BranchRecord, name: &str) -> Result<&'a RoleRecord, ApiError> {
    branch
        .roles
        .iter()
        .find(|role| role.name == name)
        .ok_or_else(|| ApiError::not_found("role"))
}

fn database_of<'a>(branch: &'a BranchRecord, name: &str) -> Result<&'a DatabaseRecord, ApiError> {
    branch
        .databases
        .iter()
        .find(|database| database.name == name)
        .ok_or_else(|| ApiError::not_found("database"))
}

fn look<T>(
    plane: &ControlPlane,
    caller: &Caller,
    project: &str,
    branch: &str,
    look: impl FnOnce(&ProjectRecord, &BranchRecord) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    caller.project(plane, project, |project| {
        look(project, branch_of(project, branch)?)
    })?
}

/// Changes a branch and schedules the work that tells Postgres.
fn change(
    plane: &Arc<ControlPlane>,
    caller: &Caller,
    project_id: &str,
    branch: &str,
    change: impl FnOnce(&mut BranchRecord) -> Result<(Value, Vec<ConfigChange>), ApiError>,
) -> Result<Value, ApiError> {
    let (mut answer, scheduled): (Value, Vec<ScheduledOperation>) =
        caller.schedule(plane, project_id, |project| {
            let (answer, changes) = change(branch_mut(project, branch)?)?;
            let endpoint = project
                .endpoints_of(branch)
                .first()
                .map(|endpoint| endpoint.id.clone());
            let works = vec![OperationAction::ApplyConfig(changes)];
            Ok((
                answer,
                operations::schedule(project, branch, endpoint.as_deref(), works),
            ))
        })?;
    let operations: Vec<_> = scheduled
        .iter()
        .map(|one| views::operation(&one.operation, project_id))
        .collect();
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("operations".to_owned(), json!(operations));
    }
    operations::run(plane, project_id, scheduled);
    Ok(answer)
}

pub(super) async fn roles(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch)): Path<(String, String)>,
) -> Reply {
    look(&plane, &caller, &project, &branch, |_, branch| {
        let all: Vec<_> = branch
            .roles
            .iter()
            .map(|role| views::role(role, &branch.id, false))
            .collect();
        Ok(Json(json!({"roles": all})))
    })
}

pub(super) async fn role(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch, name)): Path<(String, String, String)>,
) -> Reply {
    look(&plane, &caller, &project, &branch, |_, branch| {
        Ok(Json(
            json!({"role": views::role(role_of(branch, &name)?, &branch.id, false)}),
        ))
    })
}

#[derive(Deserialize)]
struct NewRole {
    name: String,
    no_login: Option<bool>,
}

pub(super) async fn create_role(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch)): Path<(String, String)>,
    bytes: Bytes,
) -> CreatedReply {
    let new: NewRole = field(&bytes, "role")?;
    check_name(&new.name)?;
    let answer = change(&plane, &caller, &project, &branch, |branch| {
        if role_of(branch, &new.name).is_ok() {
            let text = format!("role already exists; role_name:\"{}\"", new.name);
            return Err(ApiError::conflict("", text));
        }
        let now = ids::now();
        let no_login = new.no_login.unwrap_or(false);
        let role = RoleRecord {
            name: new.name,
            password: (!no_login).then(ids::password),
            pending: true,
            no_login,
            created_at: now.clone(),
            updated_at: now,
        };
        let view = views::role(&role, &branch.id, true);
        branch.roles.push(role);
        Ok((json!({"role": view}), Vec::new()))
    })?;
    Ok(reply::created(answer))
}

pub(super) async fn delete_role(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch, name)): Path<(String, String, String)>,
) -> Reply {
    let answer = change(&plane, &caller, &project, &branch, |branch| {
        let view = views::role(role_of(branch, &name)?, &branch.id, false);
        if branch
            .databases
            .iter()
            .any(|database| database.owner_name == name)
        {
            let text = format!("cannot delete role \"{name}\": it owns a database");
            return Err(ApiError::unprocessable("", text));
        }
        branch.roles.retain(|role| role.name != name);
        let heir = branch
            .databases
            .first()
            .map(|database| database.owner_name.clone());
        let heir = heir.unwrap_or_else(|| "cloud_admin".to_owned());
        Ok((
            json!({"role": view}),
            vec![ConfigChange::DropRole { role: name, heir }],
        ))
    })?;
    Ok(Json(answer))
}

pub(super) async fn reveal_password(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch, name)): Path<(String, String, String)>,
) -> Reply {
    look(&plane, &caller, &project, &branch, |project, branch| {
        let role = role_of(branch, &name)?;
        if !project.store_passwords {
            return Err(ApiError::precondition(
                "password storage is disabled for the project",
            ));
        }
        let password = role.password.as_ref();
        let password =
            password.ok_or_else(|| ApiError::precondition("the role has no password"))?;
        Ok(Json(json!({"password": password})))
    })
}

/// The answer holds the new password at once; it works, and the old one stops to, when the operation has finished.
pub(super) async fn reset_password(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch, name)): Path<(String, String, String)>,
) -> Reply {
    let answer = change(&plane, &caller, &project, &branch, |branch| {
        let id = branch.id.clone();
        let role = branch.roles.iter_mut().find(|role| role.name == name);
        let role = role.ok_or_else(|| ApiError::not_found("role"))?;
        if role.no_login {
            return Err(ApiError::unprocessable("", "the role cannot log in"));
        }
        role.password = Some(ids::password());
        role.pending = true;
        role.updated_at = ids::now();
        Ok((json!({"role": views::role(role, &id, true)}), Vec::new()))
    })?;
    Ok(Json(answer))
}

pub(super) async fn databases(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch)): Path<(String, String)>,
) -> Reply {
    look(&plane, &caller, &project, &branch, |_, branch| {
        let all = branch
            .databases
            .iter()
            .map(|database| views::database(database, &branch.id));
        Ok(Json(json!({"databases": all.collect::<Vec<_>>()})))
    })
}

pub(super) async fn database(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch, name)): Path<(String, String, String)>,
) -> Reply {
    look(&plane, &caller, &project, &branch, |_, branch| {
        Ok(Json(
            json!({"database": views::database(database_of(branch, &name)?, &branch.id)}),
        ))
    })
}

#[derive(Deserialize)]
struct NewDatabase {
    name: String,
    owner_name: String,
}

pub(super) async fn create_database(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch)): Path<(String, String)>,
    bytes: Bytes,
) -> CreatedReply {
    let new: NewDatabase = field(&bytes, "database")?;
    check_name(&new.name)?;
    let answer = change(&plane, &caller, &project, &branch, |branch| {
        role_of(branch, &new.owner_name)?;
        free(branch, &new.name)?;
        let now = ids::now();
        let id = branch
            .databases
            .iter()
            .map(|database| database.id)
            .max()
            .unwrap_or(0)
            + 1;
        let database = DatabaseRecord {
            id,
            name: new.name,
            owner_name: new.owner_name,
            pending: true,
            created_at: now.clone(),
            updated_at: now,
        };
        let view = views::database(&database, &branch.id);
        branch.databases.push(database);
        Ok((json!({"database": view}), Vec::new()))
    })?;
    Ok(reply::created(answer))
}

fn free(branch: &BranchRecord, name: &str) -> Result<(), ApiError> {
    if database_of(branch, name).is_ok() {
        let text = format!("database already exists; database_name:\"{name}\"");
        return Err(ApiError::conflict("", text));
    }
    Ok(())
}

#[derive(Deserialize)]
struct ChangedDatabase {
    name: Option<String>,
    owner_name: Option<String>,
}

pub(super) async fn update_database(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch, name)): Path<(String, String, String)>,
    bytes: Bytes,
) -> Reply {
    let wanted: ChangedDatabase = field(&bytes, "database")?;
    let answer = change(&plane, &caller, &project, &branch, |branch| {
        database_of(branch, &name)?;
        let mut changes = Vec::new();
        if let Some(owner) = &wanted.owner_name {
            role_of(branch, owner)?;
            changes.push(ConfigChange::OwnDatabase {
                database: name.clone(),
                owner: owner.clone(),
            });
        }
        if let Some(to) = wanted.name.as_ref().filter(|to| **to != name) {
            check_name(to)?;
            free(branch, to)?;
            changes.push(ConfigChange::RenameDatabase {
                from: name.clone(),
                to: to.clone(),
            });
        }
        let id = branch.id.clone();
        let database = branch
            .databases
            .iter_mut()
            .find(|database| database.name == name);
        let database = database.ok_or_else(|| ApiError::not_found("database"))?;
        database.name = wanted.name.unwrap_or(name);
        database.owner_name = wanted
            .owner_name
            .unwrap_or_else(|| database.owner_name.clone());
        database.updated_at = ids::now();
        Ok((json!({"database": views::database(database, &id)}), changes))
    })?;
    Ok(Json(answer))
}

pub(super) async fn delete_database(
    State(plane): PlaneState,
    caller: Caller,
    Path((project, branch, name)): Path<(String, String, String)>,
) -> Reply {
    let answer = change(&plane, &caller, &project, &branch, |branch| {
        let view = views::database(database_of(branch, &name)?, &branch.id);
        branch.databases.retain(|database| database.name != name);
        Ok((
            json!({"database": view}),
            vec![ConfigChange::DropDatabase(name)],
        ))
    })?;
    Ok(Json(answer))
}

/// The URI of a role and a database on a branch. With `pooled=true` it is the same one: there is no pooler, and no second
/// host name that would resolve everywhere.
pub(super) async fn connection_uri(
    State(plane): PlaneState,
    caller: Caller,
    Path(project): Path<String>,
    query: Query,
) -> Reply {
    let database = query.required("database_name")?;
    let role = query.required("role_name")?;
    let uri = caller.project(&plane, &project, |project| {
        let named = query.get("endpoint_id").map(|id| {
            let endpoint = project.endpoint(id);
            endpoint.ok_or_else(|| ApiError::not_found("endpoint"))
        });
        let named = named.transpose()?;
        let branch = match (query.get("branch_id"), named) {
            (Some(id), _) => branch_of(project, id)?,
            (None, Some(endpoint)) => branch_of(project, &endpoint.branch_id)?,
            (None, None) => project
                .default_branch()
                .ok_or_else(|| ApiError::not_found("branch"))?,
        };
        let endpoints = project.endpoints_of(&branch.id);
        let endpoint = named
            .filter(|endpoint| endpoint.branch_id == branch.id)
            .or_else(|| endpoints.into_iter().next().filter(|_| named.is_none()))
            .ok_or_else(|| ApiError::not_found("endpoint"))?;
        database_of(branch, database)?;
        let role = role_of(branch, role)?;
        if !project.store_passwords {
            return Err(ApiError::precondition(
                "password storage is disabled for the project",
            ));
        }
        let password = role.password.as_deref().unwrap_or_default();
        Ok(views::uri(&role.name, password, endpoint, database))
    })??;
    Ok(Json(json!({"uri": uri})))
}
