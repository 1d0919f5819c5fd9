//! Files and folders of the sandbox: atomic writes, locks, copies, and who may reach what.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{
        DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
    },
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::{FlockOperation, flock};

/// The account that runs Postgres when we are root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// `postgres`, else `nobody`, if we are root: a stock Postgres refuses to run as root, and none of them should.
    pub(crate) fn unprivileged() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let find = |wanted: &str| {
            accounts.lines().find_map(|line| {
                let mut fields = line.split(':');
                (fields.next() == Some(wanted)).then_some(())?;
                let uid = fields.nth(1)?.parse().ok()?;
                let gid = fields.next()?.parse().ok()?;
                Some(Self { uid, gid })
            })
        };
        Some(find("postgres").or_else(|| find("nobody")).unwrap_or(Self {
            uid: 65534,
            gid: 65534,
        }))
    }

    /// Whether the account can enter every folder on the way to `path`, and the last one itself.
    pub(crate) fn reaches(self, path: &Path) -> bool {
        let Ok(path) = fs::canonicalize(path) else {
            return false;
        };
        path.ancestors().all(|folder| {
            fs::metadata(folder).is_ok_and(|meta| {
                let bit = if meta.uid() == self.uid {
                    0o100
                } else if meta.gid() == self.gid {
                    0o010
                } else {
                    0o001
                };
                meta.mode() & bit != 0
            })
        })
    }

    /// Gives a file or folder to the account.
    pub(crate) fn own(self, path: &Path) -> io::Result<()> {
        std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid))
    }
}

/// Runs something that blocks where it may.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Makes a folder (and its parents) that only its owner may enter; an existing one stays as it is.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// Sets permissions.
pub(crate) fn chmod(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Lets everyone pass through a folder; who may list it stays as it is.
pub(crate) fn let_through(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.mode();
    chmod(path, mode | 0o011)
}

/// Writes a file that only its owner may read, atomically.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with_mode(path, bytes, 0o600)
}

/// Writes a file that everyone may read, atomically.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with_mode(path, bytes, 0o644)
}

fn write_with_mode(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".neonup-")
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

/// Takes the lock file in `dir` for as long as the answer lives; `None` if another process has it.
///
/// The kernel frees it when the process dies, however it dies.
pub(crate) fn lock(dir: &Path) -> io::Result<Option<File>> {
    let path = dir.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    // Between opening and locking, a sweep may have removed the folder: then the lock guards nothing.
    let same = fs::metadata(&path)
        .is_ok_and(|now| file.metadata().is_ok_and(|ours| ours.ino() == now.ino()));
    Ok(same.then_some(file))
}

/// Copies a folder that does not change, or is being backed up online; gives the copy to `owner`.
///
/// Files that vanish meanwhile are left out: an online backup allows it, and its recovery makes up for it.
pub(crate) fn copy_tree(
    from: &Path,
    to: &Path,
    owner: Option<Account>,
    skip: &dyn Fn(&Path) -> bool,
) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(to)?;
    if let Some(owner) = owner {
        owner.own(to)?;
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
            owner.own(&target)?;
        }
    }
    Ok(())
}

/// A folder below the machine's temporary folder that is removed with its owner, or by a later sandbox if the owner was
/// killed.
pub(crate) struct Scratch {
    path: PathBuf,
    _lock: File,
}

const SCRATCH_PREFIX: &str = "neonup-sandbox-";
/// A Unix socket's path may have 107 bytes (`sun_path`; 103 on macOS): what we append needs less than 60 of them.
const SCRATCH_LIMIT: usize = 44;

impl Scratch {
    /// Makes one where `account` can reach it, if there is such a place, and removes those of dead sandboxes.
    pub(crate) fn create(account: Option<Account>) -> io::Result<Self> {
        let places = [
            std::env::temp_dir(),
            PathBuf::from("/tmp"),
            PathBuf::from("/var/tmp"),
        ];
        let short = |place: &&PathBuf| place.as_os_str().len() <= SCRATCH_LIMIT && place.is_dir();
        let reachable = |place: &&PathBuf| account.is_none_or(|account| account.reaches(place));
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        let first: Vec<_> = places.iter().filter(short).filter(reachable).collect();
        let then = places
            .iter()
            .filter(short)
            .filter(|place| !reachable(place));
        for place in first.into_iter().chain(then) {
            Self::sweep(place);
            match Self::create_in(place, account) {
                Ok(scratch) => return Ok(scratch),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn create_in(place: &Path, account: Option<Account>) -> io::Result<Self> {
        loop {
            let path = tempfile::Builder::new()
                .prefix(SCRATCH_PREFIX)
                .tempdir_in(place)?
                .keep();
            if account.is_some() {
                chmod(&path, 0o711)?; // the account that runs Postgres passes through; nobody may list
            }
            match lock(&path) {
                Ok(Some(lock)) => return Ok(Self { path, _lock: lock }),
                // Swept between the two calls: once more.
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Removes the folders of sandboxes that died without doing it.
    fn sweep(place: &Path) {
        let Ok(entries) = fs::read_dir(place) else {
            return;
        };
        let us = rustix::process::geteuid().as_raw();
        for entry in entries.flatten() {
            let path = entry.path();
            let ours = entry
                .file_name()
                .to_string_lossy()
                .starts_with(SCRATCH_PREFIX)
                && fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir() && meta.uid() == us)
                && path.join("lock").is_file();
            if ours && let Ok(Some(_dead)) = lock(&path) {
                crate::sandbox::server::sweep(&path);
                if let Err(error) = remove_scratch(&path) {
                    tracing::debug!(%error, path = %path.display(), "a dead sandbox's folder stays");
                }
            }
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Removes everything, the lock file last: what is left of an interrupted removal is swept later, because it still has one.
///
/// Work that cannot be stopped (a copy in a blocking thread) may still add files, so it is tried more than once.
fn remove_scratch(path: &Path) -> io::Result<()> {
    let content = || -> io::Result<()> {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else if entry.file_name() != "lock" {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    };
    let mut tries = 0;
    while let Err(error) = content() {
        tries += 1;
        if tries == 10 {
            return Err(error);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    fs::remove_dir_all(path)
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = remove_scratch(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "a temporary folder stays behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_by_one_and_freed_by_drop() {
        let dir = tempfile::tempdir().unwrap();
        let held = lock(dir.path()).unwrap();
        assert!(held.is_some());
        assert!(lock(dir.path()).unwrap().is_none());
        drop(held);
        assert!(lock(dir.path()).unwrap().is_some());
    }

    #[test]
    fn a_scratch_folder_goes_with_its_owner_and_a_dead_ones_is_swept() {
        let place = tempfile::tempdir().unwrap();
        let dead = place.path().join("neonup-sandbox-dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("lock"), "").unwrap();
        let foreign = place.path().join("neonup-sandbox-nolock");
        fs::create_dir(&foreign).unwrap();
        let living = Scratch::create_in(place.path(), None).unwrap();
        Scratch::sweep(place.path());
        assert!(!dead.exists());
        assert!(foreign.exists());
        assert!(living.path().exists());
        let path = living.path().to_owned();
        drop(living);
        assert!(!path.exists());
    }

    #[test]
    fn private_files_are_private_and_copies_are_complete() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("from");
        create_private_dir(&from.join("deep")).unwrap();
        write_private(&from.join("deep/secret"), b"x").unwrap();
        let mode = fs::metadata(from.join("deep/secret")).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(from.join("left-out"), "").unwrap();
        let to = dir.path().join("to");
        copy_tree(&from, &to, None, &|path| path.ends_with("left-out")).unwrap();
        assert_eq!(fs::read(to.join("deep/secret")).unwrap(), b"x");
        assert!(!to.join("left-out").exists());
    }
}
