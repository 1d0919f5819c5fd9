//! Files in memory.

use std::{io, path::Path};

use crate::{
    ports::files::{FileError, FileKind, FileStat, Files, UndoCopy},
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
    ) -> Result<(), FileError> {
        self.replace(path, expected, new)
    }

    fn replace(&self, path: &Path, expected: Option<&[u8]>, new: &[u8]) -> Result<(), FileError> {
        if !self.change() {
            return Err(io::Error::other("killed").into());
        }
        self.with(|state| {
            if state.files.get(path).map(Vec::as_slice) != expected {
                return Err(FileError::Changed);
            }
            state.files.insert(path.to_owned(), new.to_vec());
            Ok(())
        })
    }

    fn replace_in_place(&self, path: &Path, expected: &[u8], new: &[u8]) -> Result<(), FileError> {
        self.replace(path, Some(expected), new)
    }

    fn remove_stale(&self, _dir: &Path) -> usize {
        0
    }

    fn keep_undo(&self, _path: &Path, _bytes: Option<&[u8]>) -> Result<(), FileError> {
        Ok(())
    }

    fn undo(&self, _path: &Path) -> Result<Option<UndoCopy>, FileError> {
        Ok(None)
    }

    fn remove(&self, path: &Path) -> Result<(), FileError> {
        self.with(|state| state.files.remove(path));
        Ok(())
    }

    fn forget_undo(&self, _path: &Path) -> Result<(), FileError> {
        Ok(())
    }
}
