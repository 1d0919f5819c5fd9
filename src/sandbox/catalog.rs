//! The roles and databases of a compute, brought in line with what the API has answered.

use std::{collections::BTreeSet, io};

use crate::sandbox::{
    admin::Admin,
    control_plane::ControlPlane,
    records::{
        BranchRecord, BranchRef, DEFAULT_DATABASE, DEFAULT_ROLE, DatabaseRecord, RoleRecord,
    },
    socket_dir::SocketDir,
};

/// What Postgres has to rename or drop. What it has to add stands in the state.
#[derive(Debug, Clone)]
pub(crate) enum ConfigChange {
    DropRole { role: String, heir: String },
    DropDatabase(String),
    RenameDatabase { from: String, to: String },
    OwnDatabase { database: String, owner: String },
}

pub(crate) async fn apply(admin: &mut Admin, change: ConfigChange) -> io::Result<()> {
    match change {
        ConfigChange::DropRole { role, heir } => admin.drop_role(&role, &heir).await,
        ConfigChange::DropDatabase(database) => admin.drop_database(&database).await,
        ConfigChange::RenameDatabase { from, to } => admin.rename_database(&from, &to).await,
        ConfigChange::OwnDatabase { database, owner } => admin.set_owner(&database, &owner).await,
    }
}

/// Creates the roles and databases of a running compute that the state has pending, and marks them as done.
pub(crate) async fn reconcile(
    plane: &ControlPlane,
    branch_ref: &BranchRef,
    sockets: &SocketDir,
) -> io::Result<()> {
    let Some(branch) = plane.store.branch(branch_ref, BranchRecord::clone) else {
        return Ok(());
    };
    let mut admin = Admin::connect(sockets).await?;
    rename_defaults(&mut admin, &branch).await?;
    let roles = admin.role_names().await?;
    let databases = admin.database_names().await?;
    for role in branch.roles.iter().filter(|role| role.pending) {
        let known = roles.contains(&role.name);
        if !known {
            admin.create_role(&role.name, !role.no_login).await?;
        }
        if let Some(password) = &role.password {
            admin.set_password(&role.name, password).await?;
        }
        if known {
            // Neon drops all open connections of the role.
            admin.disconnect_role(&role.name).await?;
        }
    }
    for database in branch.databases.iter().filter(|database| database.pending) {
        if !databases.contains(&database.name) {
            admin
                .create_database(&database.name, &database.owner_name)
                .await?;
        }
    }
    plane.store.edit_branch(branch_ref, |now| {
        now.fresh = false;
        for done in &branch.roles {
            if let Some(role) = now.role_mut(&done.name) {
                role.pending &= role.password != done.password;
            }
        }
        for done in &branch.databases {
            if let Some(database) = now.database_mut(&done.name) {
                database.pending = false;
            }
        }
    });
    Ok(())
}

/// Brings what the state says in line with a compute that is awake: roles and databases are made and dropped with SQL, too.
pub(crate) async fn discover(plane: &ControlPlane, branch_ref: &BranchRef) -> io::Result<()> {
    let settled = plane.store.branch(branch_ref, |branch| {
        let roles = branch.roles.iter().all(|role| !role.pending);
        let databases = branch.databases.iter().all(|database| !database.pending);
        !branch.fresh && roles && databases
    });
    let sockets = plane.compute(&branch_ref.branch).awake_now();
    let (Some(true), Some(sockets)) = (settled, sockets) else {
        return Ok(());
    };
    let mut admin = Admin::connect(&sockets).await?;
    let roles = admin.project_roles().await?;
    let databases = admin.project_databases().await?;
    let same = |branch: &BranchRecord| {
        let known = branch
            .roles
            .iter()
            .map(|role| (role.name.as_str(), !role.no_login));
        let owned = branch.databases.iter();
        let owned = owned.map(|one| (one.name.as_str(), one.owner_name.as_str()));
        same_set(
            known,
            roles.iter().map(|(name, login)| (name.as_str(), *login)),
        ) && same_set(
            owned,
            databases
                .iter()
                .map(|(name, owner)| (name.as_str(), owner.as_str())),
        )
    };
    // a project that the API changes at this moment is looked at again with the next call
    plane.store.edit(&branch_ref.project, |project| {
        if project.busy() {
            return;
        }
        let Some(branch) = project.branch_mut(&branch_ref.branch) else {
            return;
        };
        if branch.fresh || same(branch) {
            return;
        }
        take_roles(branch, &roles);
        take_databases(branch, &databases);
    });
    Ok(())
}

fn same_set<T: Ord>(one: impl Iterator<Item = T>, other: impl Iterator<Item = T>) -> bool {
    one.collect::<BTreeSet<_>>() == other.collect()
}

fn take_roles(branch: &mut BranchRecord, found: &[(String, bool)]) {
    branch
        .roles
        .retain(|role| role.pending || found.iter().any(|(name, _)| *name == role.name));
    for (name, login) in found {
        if let Some(role) = branch.role_mut(name) {
            role.no_login = !login;
            continue;
        }
        branch.roles.push(RoleRecord {
            password: None, // whoever made it knows it
            pending: false,
            ..RoleRecord::new(name.clone(), *login)
        });
    }
}

fn take_databases(branch: &mut BranchRecord, found: &[(String, String)]) {
    branch
        .databases
        .retain(|one| one.pending || found.iter().any(|(name, _)| *name == one.name));
    for (name, owner) in found {
        if let Some(database) = branch.database_mut(name) {
            database.owner_name.clone_from(owner);
            continue;
        }
        let id = branch.databases.iter().map(|one| one.id).max();
        branch.databases.push(DatabaseRecord {
            pending: false,
            ..DatabaseRecord::new(id.unwrap_or(0) + 1, name.clone(), owner.clone())
        });
    }
}

/// Renames the role and the database of the template where a new project asked for other names.
async fn rename_defaults(admin: &mut Admin, branch: &BranchRecord) -> io::Result<()> {
    if !branch.fresh || branch.parent_id.is_some() {
        return Ok(());
    }
    let roles = branch.roles.iter().map(|role| role.name.as_str());
    if let Some(name) = renamed(DEFAULT_ROLE, roles, &admin.role_names().await?) {
        admin.rename_role(DEFAULT_ROLE, name).await?;
    }
    let databases = branch
        .databases
        .iter()
        .map(|database| database.name.as_str());
    if let Some(name) = renamed(DEFAULT_DATABASE, databases, &admin.database_names().await?) {
        admin.rename_database(DEFAULT_DATABASE, name).await?;
    }
    Ok(())
}

/// The name that the default has to get: the first of the wanted ones, if none of them is the default.
fn renamed<'a>(
    default: &str,
    mut wanted: impl Iterator<Item = &'a str> + Clone,
    existing: &[String],
) -> Option<&'a str> {
    let exists = |name: &str| existing.iter().any(|known| known == name);
    let kept = wanted.clone().any(|name| name == default);
    let first = wanted.next()?;
    (!kept && !exists(first) && exists(default)).then_some(first)
}
