//! The temporary folder of a running sandbox.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    os::{
        files::{is_own, set_mode},
        folders,
        server_user::ServerUser,
        sockets::{FOLDER_LIMIT, OTHER_FOLDERS},
    },
    sandbox::{files, server},
};

/// A folder below the machine's temporary folder that is removed with its owner, or by a later sandbox if the owner was
/// killed.
pub(crate) struct ScratchDir {
    path: PathBuf,
    /// Held until the folder goes.
    lock: Option<File>,
}

/// How often its removal is tried: for a second.
const MOST_TRIES: usize = 50;
const SCRATCH_PREFIX: &str = "neonup-sandbox-";

impl ScratchDir {
    /// Creates one where `user` can reach it, if there is such a place, and removes those of dead sandboxes.
    pub(crate) fn create(user: Option<ServerUser>) -> io::Result<Self> {
        let mut places = vec![folders::temporary()];
        places.extend(OTHER_FOLDERS.iter().map(PathBuf::from));
        let short = |place: &&PathBuf| place.as_os_str().len() <= FOLDER_LIMIT && place.is_dir();
        let reachable = |place: &&PathBuf| user.is_none_or(|user| user.reaches(place));
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        let first: Vec<_> = places.iter().filter(short).filter(reachable).collect();
        let then = places
            .iter()
            .filter(short)
            .filter(|place| !reachable(place));
        for place in first.into_iter().chain(then) {
            Self::sweep(place);
            match Self::create_in(place, user) {
                Ok(scratch) => return Ok(scratch),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn create_in(place: &Path, user: Option<ServerUser>) -> io::Result<Self> {
        loop {
            let path = tempfile::Builder::new()
                .prefix(SCRATCH_PREFIX)
                .tempdir_in(place)?
                .keep();
            if user.is_some() {
                set_mode(&path, 0o711)?; // the user who runs Postgres passes through; nobody may list
            }
            match files::lock(&path) {
                Ok(lock @ Some(_)) => return Ok(Self { path, lock }),
                // Swept between the two calls: try again.
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Removes the folders of sandboxes that died.
    fn sweep(place: &Path) {
        let Ok(entries) = fs::read_dir(place) else {
            return;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let ours = entry
                .file_name()
                .to_string_lossy()
                .starts_with(SCRATCH_PREFIX)
                && fs::symlink_metadata(&path)
                    .is_ok_and(|meta| meta.is_dir() && is_own(&path, &meta))
                && path.join("lock").is_file();
            if ours && let Ok(lock @ Some(_)) = files::lock(&path) {
                server::sweep(&path);
                if let Err(error) = remove_scratch(&path, lock) {
                    tracing::debug!(%error, path = %path.display(), "couldn't remove a dead sandbox's folder");
                }
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Removes everything, the lock file last, so that what is left of an interrupted removal is swept later. It is closed before: on Windows
/// an open one would keep the folder.
///
/// Work that cannot be stopped (a copy in a blocking thread) may still add files, so it tries more than once.
fn remove_scratch(path: &Path, lock: Option<File>) -> io::Result<()> {
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
        if tries == MOST_TRIES {
            return Err(error);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(lock);
    match fs::remove_dir_all(path) {
        // a sweep of another sandbox was quicker
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        if let Err(error) = remove_scratch(&self.path, self.lock.take()) {
            tracing::warn!(%error, path = %self.path.display(), "couldn't remove a temporary folder");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::folders::temp_dir;

    #[test]
    fn scratch_folder_is_removed_with_its_owner_or_swept_after_it_died() {
        let place = temp_dir();
        let dead = place.path().join("neonup-sandbox-dead");
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join("lock"), "").unwrap();
        let foreign = place.path().join("neonup-sandbox-nolock");
        fs::create_dir(&foreign).unwrap();
        let living = ScratchDir::create_in(place.path(), None).unwrap();
        ScratchDir::sweep(place.path());
        assert!(!dead.exists());
        assert!(foreign.exists());
        assert!(living.path().exists());
        let path = living.path().to_owned();
        drop(living);
        assert!(!path.exists());
    }
}
