//! The data of a branch: copied from the template, or from the parent.

use std::{fs, io, path::Path, sync::Arc};

use crate::{
    os::{files::set_mode, server_user::ServerUser},
    sandbox::{
        admin::Admin, compute::branch_deleted, control_plane::ControlPlane, files, ids,
        installation::Installation, password, records::BranchRef,
    },
};

/// Creates the branch's data from its parent or the template, unless it exists.
pub(crate) async fn create(plane: &Arc<ControlPlane>, branch_ref: &BranchRef) -> io::Result<()> {
    let compute = plane.compute(&branch_ref.branch);
    let slot = compute.lock().await;
    slot.check_branch()?;
    let installation = plane.installation().await?;
    ensure(plane, &installation, branch_ref).await
}

/// Replaces the branch's data by its parent's as it is now. Its server ends, whoever is connected; the next client wakes it.
pub(crate) async fn reset(plane: &Arc<ControlPlane>, branch_ref: &BranchRef) -> io::Result<()> {
    let compute = plane.compute(&branch_ref.branch);
    let mut slot = compute.lock().await;
    slot.check_branch()?;
    let installation = plane.installation().await?;
    if let Some(server) = slot.server.take() {
        server.abandon().await;
    }
    let data = plane.folder(&branch_ref.branch).join("data");
    files::blocking(move || files::unless_absent(fs::remove_dir_all(data))).await?;
    ensure(plane, &installation, branch_ref).await
}

/// Does the same as [`create`] for a caller that holds the branch's lock. A branch locks its parent, never the other way round.
pub(crate) fn ensure<'a>(
    plane: &'a Arc<ControlPlane>,
    installation: &'a Arc<Installation>,
    branch_ref: &'a BranchRef,
) -> std::pin::Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>> {
    Box::pin(async move {
        let folder = plane.folder(&branch_ref.branch);
        let data = folder.join("data");
        if data.join("PG_VERSION").exists() {
            return Ok(());
        }
        make_folder(&folder, installation)?;
        let part = folder.join("part");
        files::unless_absent(fs::remove_dir_all(&part))?;
        let parent = plane
            .store
            .branch(branch_ref, |branch| branch.parent_id.clone())
            .ok_or_else(branch_deleted)?;
        if let Some(parent) = parent {
            let parent = BranchRef::new(&branch_ref.project, &parent);
            let lsn = copy_parent(plane, installation, &parent, &part).await?;
            password::copy(&plane.folder(&parent.branch), &folder)?;
            plane.store.edit_branch(branch_ref, |branch| {
                branch.parent_lsn = lsn.or(branch.parent_lsn.take());
            });
        } else {
            let (installation, part) = (Arc::clone(installation), part.clone());
            password::copy(installation.template(), &folder)?;
            files::blocking(move || installation.instantiate(&part)).await?;
        }
        fs::rename(part, data)
    })
}

fn make_folder(folder: &Path, installation: &Installation) -> io::Result<()> {
    files::create_private_dir(folder)?;
    // Its files are private by their own modes; whoever runs Postgres has to pass through, where it cannot do without.
    let passed = installation.user.is_some() && !ServerUser::OPENS_BY_NUMBER;
    set_mode(folder, if passed { 0o711 } else { 0o700 })
}

/// Copies the parent's data as it is now; returns the log position where the copy begins.
async fn copy_parent(
    plane: &Arc<ControlPlane>,
    installation: &Arc<Installation>,
    parent: &BranchRef,
    to: &Path,
) -> io::Result<Option<String>> {
    let compute = plane.compute(&parent.branch);
    let mut slot = compute.lock().await;
    ensure(plane, installation, parent).await?;
    let data = plane.folder(&parent.branch).join("data");
    let user = installation.user;
    let Some(sockets) = slot.awake() else {
        let to = to.to_owned();
        let skip = |path: &Path| path.ends_with("postmaster.pid");
        return files::blocking(move || files::copy_tree(&data, &to, user, &skip).map(|()| None))
            .await;
    };
    // A running parent is backed up online, so that nobody who is connected notices.
    // https://www.postgresql.org/docs/17/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
    let mut admin = Admin::connect(&sockets).await?;
    let slot = format!("branch_{}", ids::uuid().replace('-', "_"));
    let lsn = admin.start_backup(&slot).await?;
    let (source, target) = (data.clone(), to.to_owned());
    // What belongs to the running server, or is copied below, is left out.
    let skip = move |path: &Path| {
        path.file_name().is_some_and(|name| {
            name == "postmaster.pid"
                || name == "postmaster.opts"
                || name == "pg_wal"
                || name == "pg_replslot"
        })
    };
    files::blocking(move || files::copy_tree(&source, &target, user, &skip)).await?;
    let label = admin.stop_backup().await?;
    let target = to.to_owned();
    files::blocking(move || {
        files::copy_tree(&data.join("pg_wal"), &target.join("pg_wal"), user, &|_| {
            false
        })?;
        let replslot = target.join("pg_replslot");
        files::create_private_dir(&replslot)?;
        let file = target.join("backup_label");
        files::write_private(&file, label.as_bytes())?;
        if let Some(user) = user {
            user.give(&replslot)?;
            user.give(&file)?;
        }
        Ok(())
    })
    .await?;
    Ok(Some(lsn))
}
