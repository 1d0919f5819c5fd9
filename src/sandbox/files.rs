//! Files and folders of the sandbox: private folders, atomic writes, locks, copies.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    path::Path,
};

use crate::os::{
    files::{self, identity, mode_of, new_private_dir, new_private_file, private_dir, set_mode},
    server_user::ServerUser,
};

/// The mode of a file that only its owner may read.
const PRIVATE: u32 = 0o600;

/// Runs blocking work on a thread where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// The outcome of a removal, which has nothing to do where there is nothing.
pub(crate) fn unless_absent(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Creates a folder (and its parents) that only its owner may enter; an existing one stays as it is.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    private_dir(path)
}

/// Lets everyone pass through a folder; who may list it stays as it is.
pub(crate) fn let_through(path: &Path) -> io::Result<()> {
    let mode = mode_of(path, &fs::metadata(path)?);
    mode.map_or(Ok(()), |mode| set_mode(path, mode | 0o011))
}

/// Writes a file that only its owner may read, atomically.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with_mode(path, bytes, PRIVATE)
}

/// Writes a file that everyone may read, atomically.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with_mode(path, bytes, 0o644)
}

fn write_with_mode(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".neonup-")
        .make_in(folder, new_private_file)?;
    file.write_all(bytes)?;
    if mode != PRIVATE {
        set_mode(file.path(), mode)?;
    }
    file.persist(path)?;
    Ok(())
}

/// Locks a file in `dir` until the returned one is dropped; `None` if another process has it.
///
/// The kernel releases the lock when the process dies, however it dies.
pub(crate) fn lock(dir: &Path) -> io::Result<Option<File>> {
    let path = dir.join("lock");
    let file = files::open_lock(&path)?;
    match files::try_lock(&file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // Between opening and locking, a sweep may have removed the folder: then the lock protects nothing.
    let number = |meta: io::Result<fs::Metadata>| meta.map(|meta| identity(&path, &meta)).ok();
    let same = number(fs::metadata(&path)).is_some_and(|now| number(file.metadata()) == Some(now));
    Ok(same.then_some(file))
}

/// Copies a folder that does not change, or is being backed up online; gives the copy to `owner`.
///
/// Files that vanish meanwhile are left out: an online backup allows it, since the recovery replays the log.
pub(crate) fn copy_tree(
    from: &Path,
    to: &Path,
    owner: Option<ServerUser>,
    skip: &dyn Fn(&Path) -> bool,
) -> io::Result<()> {
    new_private_dir(to)?;
    if let Some(owner) = owner {
        owner.give(to)?;
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if skip(&source) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_tree(&source, &target, owner, skip)?;
            continue;
        }
        if !kind.is_file() {
            continue; // sockets; and a tablespace's link cannot be ours: only a superuser makes one
        }
        match fs::copy(&source, &target) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        }
        if let Some(owner) = owner {
            owner.give(&target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::folders::temp_dir;

    #[test]
    fn lock_is_exclusive_until_it_is_dropped() {
        let dir = temp_dir();
        let held = lock(dir.path()).unwrap();
        assert!(held.is_some());
        assert!(lock(dir.path()).unwrap().is_none());
        drop(held);
        assert!(lock(dir.path()).unwrap().is_some());
    }

    #[test]
    fn private_files_are_private_and_copies_leave_out_only_what_is_skipped() {
        let dir = temp_dir();
        let from = dir.path().join("from");
        create_private_dir(&from.join("deep")).unwrap();
        write_private(&from.join("deep/secret"), b"x").unwrap();
        let secret = from.join("deep/secret");
        let mode = mode_of(&secret, &fs::metadata(&secret).unwrap());
        assert_eq!(mode, Some(0o600));
        fs::write(from.join("left-out"), "").unwrap();
        let to = dir.path().join("to");
        copy_tree(&from, &to, None, &|path| path.ends_with("left-out")).unwrap();
        assert_eq!(fs::read(to.join("deep/secret")).unwrap(), b"x");
        assert!(!to.join("left-out").exists());
    }
}
