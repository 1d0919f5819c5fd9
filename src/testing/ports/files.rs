//! Files in memory, and real files that cannot be replaced.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    os::staged::Sweep,
    ports::files::{FileError, FileKind, FileStat, Files, UndoCopy, Written, disk::DiskFiles},
    testing::world::World,
};

impl Files for World {
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        Ok(self.with(|state| state.files.get(path).cloned()))
    }

    fn stat(&self, path: &Path) -> Result<Option<FileStat>, FileError> {
        Ok(self.with(|state| {
            state.files.get(path).map(|bytes| FileStat {
                kind: FileKind::File,
                len: bytes.len() as u64,
                mode: Some(0o600),
                links: 1,
                modified: None,
            })
        }))
    }

    fn writable(&self, _dir: &Path) -> bool {
        true
    }

    fn replace_secret(
        &self,
        path: &Path,
        expected: Option<&[u8]>,
        new: &[u8],
    ) -> Result<Written, FileError> {
        self.replace(path, expected, new)
    }

    fn replace(
        &self,
        path: &Path,
        expected: Option<&[u8]>,
        new: &[u8],
    ) -> Result<Written, FileError> {
        if !self.change() {
            return Err(io::Error::other("killed").into());
        }
        self.with(|state| {
            if state.files.get(path).map(Vec::as_slice) != expected {
                return Err(FileError::Changed);
            }
            state.files.insert(path.to_owned(), new.to_vec());
            Ok(Written::default())
        })
    }

    fn replace_secret_in_place(
        &self,
        path: &Path,
        expected: &[u8],
        new: &[u8],
    ) -> Result<(), FileError> {
        self.replace_in_place(path, expected, new)
    }

    fn replace_in_place(&self, path: &Path, expected: &[u8], new: &[u8]) -> Result<(), FileError> {
        self.replace(path, Some(expected), new).map(drop)
    }

    fn sweep(&self, _paths: &[PathBuf]) -> Sweep {
        Sweep::default()
    }

    fn keep_undo(&self, _path: &Path, _bytes: Option<&[u8]>) -> Result<(), FileError> {
        Ok(())
    }

    fn undo(&self, _path: &Path) -> Result<Option<UndoCopy>, FileError> {
        Ok(None)
    }

    fn remove(&self, path: &Path, _expected: &[u8]) -> Result<(), FileError> {
        self.with(|state| state.files.remove(path));
        Ok(())
    }

    fn forget_undo(&self, _path: &Path) -> Result<(), FileError> {
        Ok(())
    }
}

/// Real files, none of which can be renamed over: each is a mount point.
pub(crate) struct MountedFiles(pub(crate) DiskFiles);

impl Files for MountedFiles {
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, FileError> {
        self.0.read(path)
    }
    fn stat(&self, path: &Path) -> Result<Option<FileStat>, FileError> {
        self.0.stat(path)
    }
    fn resolve(&self, path: &Path) -> Result<PathBuf, FileError> {
        self.0.resolve(path)
    }
    fn writable(&self, _: &Path) -> bool {
        false
    }
    fn replace_secret(
        &self,
        path: &Path,
        expected: Option<&[u8]>,
        new: &[u8],
    ) -> Result<Written, FileError> {
        self.replace(path, expected, new)
    }
    fn replace(&self, _: &Path, _: Option<&[u8]>, _: &[u8]) -> Result<Written, FileError> {
        Err(FileError::Mounted(std::io::ErrorKind::ResourceBusy.into()))
    }
    fn replace_secret_in_place(
        &self,
        path: &Path,
        expected: &[u8],
        new: &[u8],
    ) -> Result<(), FileError> {
        self.0.replace_secret_in_place(path, expected, new)
    }
    fn replace_in_place(&self, path: &Path, expected: &[u8], new: &[u8]) -> Result<(), FileError> {
        self.0.replace_in_place(path, expected, new)
    }
    fn sweep(&self, paths: &[PathBuf]) -> Sweep {
        self.0.sweep(paths)
    }
    fn keep_undo(&self, path: &Path, bytes: Option<&[u8]>) -> Result<(), FileError> {
        self.0.keep_undo(path, bytes)
    }
    fn undo(&self, path: &Path) -> Result<Option<UndoCopy>, FileError> {
        self.0.undo(path)
    }
    fn remove(&self, path: &Path, expected: &[u8]) -> Result<(), FileError> {
        self.0.remove(path, expected)
    }
    fn forget_undo(&self, path: &Path) -> Result<(), FileError> {
        self.0.forget_undo(path)
    }
}
