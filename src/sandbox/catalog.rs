//! The roles and databases of a compute, brought in line with what the API has answered.

use std::io;

use crate::sandbox::{
    admin::Admin,
    control_plane::ControlPlane,
    records::{BranchRecord, BranchRef, DEFAULT_DATABASE, DEFAULT_ROLE, ProjectRecord},
    socket_dir::SocketDir,
};

/// What has to be undone or renamed in Postgres; additions are read from the state.
#[derive(Debug, Clone)]
pub(crate) enum ConfigChange {
    DropRole { role: String, heir: String },
    DropDatabase(String),
    RenameDatabase { from: String, to: String },
    OwnDatabase { database: String, owner: String },
}

/// Makes a change.
pub(crate) async fn apply(admin: &mut Admin, change: ConfigChange) -> io::Result<()> {
    match change {
        ConfigChange::DropRole { role, heir } => admin.drop_role(&role, &heir).await,
        ConfigChange::DropDatabase(database) => admin.drop_database(&database).await,
        ConfigChange::RenameDatabase { from, to } => admin.rename_database(&from, &to).await,
        ConfigChange::OwnDatabase { database, owner } => admin.set_owner(&database, &owner).await,
    }
}

/// Brings the roles and databases of a running compute in line with the state, and then the state with what was done.
pub(crate) async fn reconcile(
    plane: &ControlPlane,
    branch_ref: &BranchRef,
    sockets: &SocketDir,
) -> io::Result<()> {
    let branch = |project: &ProjectRecord| project.branch(&branch_ref.branch).cloned();
    let Some(branch) = plane.store.project(&branch_ref.project, branch).flatten() else {
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
            // "All open connections of the role are dropped" (reference/neon-api.md section 4).
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
    plane.store.edit(&branch_ref.project, |project| {
        let Some(now) = project.branch_mut(&branch_ref.branch) else {
            return;
        };
        now.fresh = false;
        for done in &branch.roles {
            for role in now.roles.iter_mut().filter(|role| role.name == done.name) {
                role.pending &= role.password != done.password;
            }
        }
        for done in &branch.databases {
            for database in now
                .databases
                .iter_mut()
                .filter(|database| database.name == done.name)
            {
                database.pending = false;
            }
        }
    });
    Ok(())
}

/// The template has Neon's default names; a new project may have asked for others.
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

/// The first of the wanted names, if the default has to get it.
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
