//! The files of the work tree: reads, safe replacement of secret files, new files.

use std::{io, path::Path};

/// What kind of thing a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A device, a FIFO, a socket.
    Other,
}

/// What `stat` says, with symlinks followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStat {
    /// The kind.
    pub kind: FileKind,
    /// Bytes.
    pub len: u64,
    /// The permission bits, where the platform has them.
    pub mode: Option<u32>,
    /// Whether the path itself is a symlink, and where it leads.
    pub link: Option<std::path::PathBuf>,
}

/// Files. All calls are short; none blocks on anything but the disk.
pub trait Files: Send + Sync {
    /// The bytes, or `None` when there is no such file.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;

    /// What is there, or `None`.
    fn stat(&self, path: &Path) -> io::Result<Option<FileStat>>;

    /// Whether a file could be made in this directory, or in the nearest existing one above it.
    fn writable(&self, dir: &Path) -> bool;

    /// Replaces a secret file atomically, 0600, if it still holds `expected` (`None`: does not exist). Directories are made.
    fn replace_secret(&self, path: &Path, expected: Option<&[u8]>, new: &[u8]) -> io::Result<()>;

    /// Replaces an ordinary file atomically, keeping its mode, if it still holds `expected` (`None`: does not exist).
    fn replace(&self, path: &Path, expected: Option<&[u8]>, new: &[u8]) -> io::Result<()>;

    /// Sets the permission bits.
    fn set_mode(&self, path: &Path, mode: u32) -> io::Result<()>;

    /// Keeps an undo copy of a file's bytes, 0600 and outside the repository; one for each path.
    fn keep_undo(&self, path: &Path, bytes: Option<&[u8]>) -> io::Result<()>;

    /// The undo copy of a path: outer `None` when there is none, inner `None` when the file did not exist before.
    fn undo(&self, path: &Path) -> io::Result<Option<Option<Vec<u8>>>>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Drops the undo copy of a path.
    fn forget_undo(&self, path: &Path) -> io::Result<()>;
}
