//! Deletes the empty project of a set-up that lost a race: only when asked, by its id, and only what is seen to be empty.

use crate::{
    core::{
        code::Code,
        event::Progress,
        failure::{Failure, Result},
        secret::Secret,
    },
    domain::url::Connection,
    engine::{context::Cx, failures::neon::connection_uri_unreadable, project_id},
    ports::neon::Project,
};

/// Deletes the project of this id, if it has the wanted name, isn't the one that is used, and holds nothing. Gives what was done.
pub(super) async fn discard(cx: &Cx, key: &Secret, id: &str) -> Result<String> {
    if project_id::known(cx).is_none_or(|known| known == id) {
        return Err(kept(id, "neonup.toml doesn't record another project"));
    }
    let neon = &cx.ports.neon;
    cx.progress(Progress::label(format!("checking whether {id} is empty")));
    let Some(project) = neon.project(key, id).await? else {
        return Ok(format!("{id} is gone"));
    };
    if project.name != cx.settings.project.name {
        return Err(kept(id, &format!("its name is `{}`", project.name)));
    }
    check_empty(cx, key, &project).await?;
    cx.progress(Progress::label(format!("deleting {id}")));
    neon.delete_project(key, id).await?;
    Ok(format!("{id} was empty and has been deleted"))
}

/// Fails unless a look into the only database of the only branch finds nothing.
async fn check_empty(cx: &Cx, key: &Secret, project: &Project) -> Result<()> {
    let id = project.id.as_str();
    let neon = &cx.ports.neon;
    let branches = neon.branches(key, id).await?;
    let [branch] = branches.as_slice() else {
        return Err(kept(id, &format!("it has {} branches", branches.len())));
    };
    let databases = neon.databases(key, id, &branch.id).await?;
    let [database] = databases.as_slice() else {
        return Err(kept(id, &format!("it has {} databases", databases.len())));
    };
    let uri = neon
        .connection_uri(
            key,
            id,
            &branch.id,
            &database.name,
            &database.owner_name,
            false,
        )
        .await?;
    let connection = Connection::from_uris(&uri, None).ok_or_else(connection_uri_unreadable)?;
    let authority = cx.authority().await?;
    let unseen = |error| {
        let failure = Failure::from(error);
        kept(
            id,
            &format!("couldn't see whether it is empty: {}", failure.what),
        )
    };
    let database = &cx.ports.database;
    let mut session = database
        .connect(&connection, authority.as_deref())
        .await
        .map_err(unseen)?;
    let shape = session.shape().await.map_err(unseen)?;
    if shape.tables.is_empty() && shape.objects.is_empty() {
        return Ok(());
    }
    Err(kept(id, "it contains tables or other objects"))
}

fn kept(id: &str, why: &str) -> Failure {
    Failure::new(Code::ProjectDuplicate, format!("{id} was not deleted"))
        .why(why)
        .hint("check it in the Neon console, and delete it there if nobody needs it")
}
