//! What is remembered of a clone outside of it: one file for each clone and kind, 0600, in the user's state directory.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use crate::{
    domain::hex::hex,
    os::{
        files::{self, real},
        folders,
    },
};

/// Why a record could not be read, kept or removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("there is no home directory to store it in")]
    NoStateDirectory,
    /// What lies in a repository comes with a clone.
    #[error("`{}` is inside the repository, where a clone could bring its own", .0.display())]
    InsideRepository(PathBuf),
    #[error("`{}` can't be used: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}` contains something else", .0.display())]
    Unreadable(PathBuf),
}

impl RecordError {
    /// An error about a path.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// Who else may do what with a file of ours before it counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Privacy {
    /// Nobody else may write it.
    Unforgeable,
    /// Nobody else may read it either.
    Secret,
}

impl Privacy {
    const fn forbidden(self) -> u32 {
        match self {
            Self::Unforgeable => 0o022,
            Self::Secret => 0o077,
        }
    }
}

/// The records of one kind, of the clone at one place.
#[derive(Debug, Clone)]
pub(crate) struct CloneRecords {
    root: PathBuf,
    /// The application whose records they are; empty where the clone has one.
    part: String,
    folder: Option<PathBuf>,
}

impl CloneRecords {
    /// Records of a kind, in the user's state directory.
    pub(crate) fn new(root: &Path, kind: &str) -> Self {
        Self::in_state(root, kind, folders::state())
    }

    /// The same, of one application of several in the clone: its folder is part of the file's name.
    #[must_use]
    pub(crate) fn of_part(mut self, part: &str) -> Self {
        part.clone_into(&mut self.part);
        self
    }

    /// Records in this state directory.
    pub(crate) fn in_state(root: &Path, kind: &str, state: Option<PathBuf>) -> Self {
        Self {
            root: real(root).unwrap_or_else(|_| root.to_owned()),
            part: String::new(),
            folder: state.map(|state| state.join("neonup").join(kind)),
        }
    }

    /// The clone's canonical path.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the records, where there can be one.
    pub(crate) fn folder(&self) -> Result<&Path, RecordError> {
        let folder = self.folder.as_deref().filter(|folder| folder.is_absolute());
        let folder = folder.ok_or(RecordError::NoStateDirectory)?;
        if existing(folder).starts_with(&self.root) {
            return Err(RecordError::InsideRepository(folder.to_owned()));
        }
        Ok(folder)
    }

    /// The file of the clone.
    pub(crate) fn file(&self) -> Result<PathBuf, RecordError> {
        let mut hash = Sha256::new_with_prefix(self.root.as_os_str().as_encoded_bytes());
        if !self.part.is_empty() {
            // no path has it in it
            hash.update([0]);
            hash.update(&self.part);
        }
        Ok(self.folder()?.join(hex(&hash.finalize())))
    }

    /// Reads the clone's file, which has to be this user's; `None` where there is none, or nowhere to keep one.
    pub(crate) fn read(&self, largest: u64) -> Result<Option<Vec<u8>>, RecordError> {
        match self.file() {
            Ok(path) => read(&path, largest, Privacy::Unforgeable),
            Err(RecordError::NoStateDirectory | RecordError::InsideRepository(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the clone's file, in one piece.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), RecordError> {
        let path = self.file()?;
        self.write_to(&path, |file| {
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            Ok(())
        })?
        .persist(&path)
        .map(drop)
        .map_err(|error| RecordError::io(&path)(error.error))
    }

    /// Makes a file that nobody has made before; `false` where there is one.
    pub(crate) fn create(&self, path: &Path, bytes: &[u8]) -> Result<bool, RecordError> {
        let staged = self.write_to(path, |file| {
            file.write_all(bytes)?;
            file.as_file().sync_all()
        })?;
        match staged.persist_noclobber(path) {
            Ok(_) => Ok(true),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(RecordError::io(path)(error.error)),
        }
    }

    fn write_to(
        &self,
        path: &Path,
        put: impl FnOnce(&mut tempfile::NamedTempFile) -> io::Result<()>,
    ) -> Result<tempfile::NamedTempFile, RecordError> {
        let folder = self.folder()?;
        let write = || {
            files::private_dir(folder)?;
            let mut file = tempfile::Builder::new().make_in(folder, files::new_private_file)?;
            put(&mut file)?;
            Ok(file)
        };
        write().map_err(RecordError::io(path))
    }

    /// Removes the clone's file; `false` when there was none.
    pub(crate) fn remove(&self) -> Result<bool, RecordError> {
        let path = match self.file() {
            Ok(path) => path,
            Err(RecordError::NoStateDirectory | RecordError::InsideRepository(_)) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(RecordError::io(&path)(error)),
        }
    }
}

/// Reads a file of ours: a regular one of this user, which nobody else may tamper with.
pub(crate) fn read(
    path: &Path,
    largest: u64,
    privacy: Privacy,
) -> Result<Option<Vec<u8>>, RecordError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(RecordError::io(path)(error)),
    };
    let meta = file.metadata().map_err(RecordError::io(path))?;
    let ours = files::is_own(path, &meta)
        && files::mode_of(path, &meta).is_some_and(|mode| mode & privacy.forbidden() == 0);
    if !meta.is_file() || !ours || meta.len() > largest {
        // whoever else may write it could speak in this user's name
        return Err(RecordError::Unreadable(path.to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(largest)
        .read_to_end(&mut bytes)
        .map_err(RecordError::io(path))?;
    Ok(Some(bytes))
}

/// Where a folder really lies, as far as it exists.
fn existing(folder: &Path) -> PathBuf {
    let real = folder.ancestors().find_map(|above| {
        let rest = folder.strip_prefix(above).ok()?;
        Some(real(above).ok()?.join(rest))
    });
    real.unwrap_or_else(|| folder.to_owned())
}
