//! The files of the work tree: reads, safe replacement of secret files, new files.

pub(crate) mod disk;
#[cfg(test)]
mod tests;

use std::{
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::os::staged::Sweep;

/// What kind of thing a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    File,
    Directory,
    /// A device, a FIFO, a socket.
    Other,
}

/// What `stat` says, with symlinks followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileStat {
    pub kind: FileKind,
    pub len: u64,
    /// The permission bits, where the platform has them.
    pub mode: Option<u32>,
    /// How many names the file has (hard links).
    pub links: u64,
    /// When its content was last written, where the platform tells.
    pub modified: Option<SystemTime>,
}

/// What is worth telling about a write that went well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// Why the disk did not confirm it: after a power cut the old file may be back.
    pub not_durable: Option<String>,
    /// How many other names the old file has, which keep what it held.
    pub split: u64,
}

/// The largest file that is read.
pub(crate) const LIMIT: u64 = 10 * 1024 * 1024;

/// Why a file was not read or not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("it changed in the meantime")]
    Changed,
    /// A symlink leads out of the repository.
    #[error("it is a symlink to `{}`, outside the repository", .0.display())]
    Outside(PathBuf),
    /// A path, a symlink or a hard link leads among the files of git itself, which would run what they say.
    #[error("it points to `{}`, in git's own folder", .0.display())]
    GitFolder(PathBuf),
    /// Others may read the file, and that can't be ended, so no secret is written into it.
    #[error("its permissions can't be restricted: {0}")]
    NotNarrowed(io::Error),
    /// Somebody saved the file again and again while it was written.
    #[error("it was saved again and again; the old version is kept in `{}`", .0.display())]
    LeftIn(PathBuf),
    /// A directory, a FIFO, a device.
    #[error("it is {0}, not a regular file")]
    NotAFile(&'static str),
    #[error("it is larger than 10 MB")]
    TooLarge,
    #[error("reading it back gave a different content")]
    NotReadBack,
    #[error("there is no home directory for backups")]
    NoStateDirectory,
    #[error("can't write `{}`", .0.display())]
    StateNotWritable(PathBuf),
    /// A mount point, which cannot be renamed over.
    #[error(transparent)]
    Mounted(io::Error),
    /// No permission, or a read-only file system.
    #[error(transparent)]
    Denied(io::Error),
    #[error(transparent)]
    DiskFull(io::Error),
    /// The file and its temporary file are on two file systems.
    #[error(transparent)]
    CrossesDevices(io::Error),
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for FileError {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "no caller tells the other kinds apart"
    )]
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::ResourceBusy => Self::Mounted(error),
            Kind::PermissionDenied | Kind::ReadOnlyFilesystem => Self::Denied(error),
            Kind::StorageFull | Kind::QuotaExceeded => Self::DiskFull(error),
            Kind::CrossesDevices => Self::CrossesDevices(error),
            _ => Self::Io(error),
        }
    }
}

/// What the last write replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UndoCopy {
    /// There was no file.
    Absent,
    /// The bytes of the file.
    Bytes(Vec<u8>),
}

/// Files. All calls are short; none blocks on anything but the disk.
pub(crate) trait Files: Send + Sync {
    /// Reads a file; `None` when there is no such file.
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError>;

    /// Inspects what is there; `None` when there is nothing.
    fn stat(&self, path: &Path) -> Result<Option<FileStat>, FileError>;

    /// Finds out where a path really leads, symlinks followed, whether or not anything is there yet. Refuses what a write would refuse.
    fn resolve(&self, path: &Path) -> Result<PathBuf, FileError> {
        Ok(path.to_owned())
    }

    /// Tells whether a file could be made in this directory, or in the nearest existing one above it.
    fn writable(&self, dir: &Path) -> bool;

    /// Replaces a secret file atomically, 0600, if it still holds `expected` (`None`: does not exist). Directories are made.
    /// What somebody saved in the last moment is kept, and the error is `Changed`.
    fn replace_secret(
        &self,
        path: &Path,
        expected: Option<&[u8]>,
        new: &[u8],
    ) -> Result<Written, FileError>;

    /// Replaces an ordinary file atomically, keeping its mode, if it still holds `expected` (`None`: does not exist).
    fn replace(
        &self,
        path: &Path,
        expected: Option<&[u8]>,
        new: &[u8],
    ) -> Result<Written, FileError>;

    /// Overwrites a secret file in place, for what cannot be renamed over: a mount point (`EBUSY`), a file in a directory that
    /// may not be written. It is made its owner's alone first. Not atomic; the old bytes are put back if it fails in the middle. Only
    /// ever with consent.
    fn replace_secret_in_place(
        &self,
        path: &Path,
        expected: &[u8],
        new: &[u8],
    ) -> Result<(), FileError>;

    /// Overwrites an ordinary file in place, keeping its mode.
    fn replace_in_place(&self, path: &Path, expected: &[u8], new: &[u8]) -> Result<(), FileError>;

    /// Removes what killed runs of ours have left where files are staged, and beside these paths.
    fn sweep(&self, paths: &[PathBuf]) -> Sweep;

    /// Keeps an undo copy of a file's bytes, 0600 and outside the repository; one for each path.
    fn keep_undo(&self, path: &Path, bytes: Option<&[u8]>) -> Result<(), FileError>;

    /// Checks that an undo copy could be kept, without writing anything.
    fn can_keep_undo(&self) -> Result<(), FileError> {
        Ok(())
    }

    /// Reads the undo copy of a path.
    fn undo(&self, path: &Path) -> Result<Option<UndoCopy>, FileError>;

    /// Removes a file, if it still holds `expected`.
    fn remove(&self, path: &Path, expected: &[u8]) -> Result<(), FileError>;

    /// Removes the undo copy of a path.
    fn forget_undo(&self, path: &Path) -> Result<(), FileError>;
}
