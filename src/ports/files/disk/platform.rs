//! Modes, owners and directories.
#![expect(clippy::unnecessary_wraps, reason = "other platforms have no mode")]

use std::{
    fs::{self, DirBuilder, File, Metadata, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::Path,
};

pub(super) fn mode_of(meta: &Metadata) -> Option<u32> {
    Some(meta.permissions().mode() & 0o7777)
}

/// A secret file keeps a mode that is the owner's alone, else it becomes 0600. An ordinary file keeps its mode.
pub(super) fn wanted_mode(before: Option<&Metadata>, secret: bool) -> Option<u32> {
    let old = before.and_then(mode_of);
    match (old, secret) {
        (Some(old), true) if old & 0o077 > 0 => Some(0o600),
        (Some(old), _) => Some(old),
        (None, true) => Some(0o600),
        (None, false) => Some(0o644),
    }
}

pub(super) fn set_mode(path: &Path, mode: Option<u32>) -> io::Result<()> {
    mode.map_or(Ok(()), |mode| {
        fs::set_permissions(path, Permissions::from_mode(mode))
    })
}

/// Gives the new file the old one's owner, where that is another (only root may), and its mode.
pub(super) fn give_owner_and_mode(
    file: &File,
    before: Option<&Metadata>,
    mode: Option<u32>,
) -> io::Result<()> {
    if let Some(before) = before {
        let now = file.metadata()?;
        if (before.uid(), before.gid()) != (now.uid(), now.gid()) {
            let owner = rustix::fs::Uid::from_raw(before.uid());
            let group = rustix::fs::Gid::from_raw(before.gid());
            // a member of the file's group may give the group; nobody but root may give the owner
            if rustix::fs::fchown(file, Some(owner), Some(group)).is_err() {
                rustix::fs::fchown(file, None, Some(group)).ok();
            }
        }
    }
    mode.map_or(Ok(()), |mode| {
        file.set_permissions(Permissions::from_mode(mode))
    })
}

/// Takes the mode from everybody but the owner, before a secret is written into the file. It also ends what an access control list
/// of POSIX gives to others: the group's part of the mode is its mask.
pub(super) fn narrow(file: &File, mode: Option<u32>) -> io::Result<()> {
    let Some(mode) = mode else {
        return Ok(());
    };
    if file.metadata()?.permissions().mode() & 0o7777 == mode {
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(mode))?;
    // a file system without modes takes the call and does nothing
    if file.metadata()?.permissions().mode() & 0o7777 & !mode == 0 {
        return Ok(());
    }
    Err(io::Error::other(
        "the file system doesn't store permissions",
    ))
}

pub(super) fn device(meta: &Metadata) -> u64 {
    meta.dev()
}

pub(super) fn identity(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

pub(super) fn may_write(dir: &Path) -> bool {
    use rustix::fs::Access;
    rustix::fs::access(dir, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    match File::open(dir)?.sync_all() {
        // some file systems cannot sync a directory
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INVAL.raw_os_error()) => {
            Ok(())
        }
        result => result,
    }
}

pub(super) fn private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}
