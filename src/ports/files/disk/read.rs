//! Reads ordinary files, and nothing else.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _},
    path::Path,
};

use crate::ports::files::{FileError, FileKind, LIMIT};

pub(super) fn absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

pub(super) fn kind(meta: &Metadata) -> FileKind {
    if meta.is_file() {
        FileKind::File
    } else if meta.is_dir() {
        FileKind::Directory
    } else {
        FileKind::Other
    }
}

pub(super) fn regular(meta: &Metadata) -> Result<(), FileError> {
    match kind(meta) {
        FileKind::Directory => Err(FileError::NotAFile("a directory")),
        FileKind::Other => Err(FileError::NotAFile("a device, a socket or a FIFO")),
        FileKind::File if meta.len() > LIMIT => Err(FileError::TooLarge),
        FileKind::File => Ok(()),
    }
}

pub(super) fn read_file(path: &Path) -> Result<Option<(Vec<u8>, Metadata)>, FileError> {
    let Some((file, meta)) = open(path)? else {
        return Ok(None);
    };
    Ok(Some((read_open(&file)?, meta)))
}

/// Opens an ordinary file for reading; `None` where nothing is.
pub(super) fn open(path: &Path) -> Result<Option<(File, Metadata)>, FileError> {
    // looked at before it is opened: opening a FIFO would wait for a writer
    match fs::metadata(path) {
        Ok(meta) => regular(&meta)?,
        Err(error) if absent(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if absent(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let meta = file.metadata()?;
    regular(&meta)?;
    Ok(Some((file, meta)))
}

/// Reads an open file to its end. It may have grown since it was looked at.
pub(super) fn read_open(file: &File) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= LIMIT) {
        Ok(bytes)
    } else {
        Err(FileError::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::folders::temp_dir;

    #[test]
    fn a_file_that_grows_beyond_the_limit_while_it_is_read_is_too_large() {
        let dir = temp_dir();
        let path = dir.path().join(".env");
        fs::write(&path, "A=1\n").unwrap();
        let (file, meta) = open(&path).unwrap().unwrap();
        assert_eq!(meta.len(), 4);
        let growing = fs::OpenOptions::new().write(true).open(&path).unwrap();
        growing.set_len(LIMIT + 1).unwrap();
        let error = read_open(&file).unwrap_err();
        assert!(matches!(error, FileError::TooLarge), "{error}");
    }
}
