//! Folders for tests.

use std::{fs, path::Path};

use tempfile::TempDir;

use crate::os::{files, folders::create_temporary};

/// Makes a folder that is removed at the end of the test, or by a later test if this one is killed.
pub(crate) fn temp_dir() -> TempDir {
    create_temporary("neonup-test-").unwrap()
}

/// Who may read and write what is there.
pub(crate) fn mode(path: &Path) -> u32 {
    files::mode_of(path, &fs::metadata(path).unwrap()).unwrap()
}

/// Lets others read a file, and write it where the mode says so, whatever the folder around it lets them.
pub(crate) fn open_to_others(file: &Path, mode: u32) {
    files::open_to_others(file, mode).unwrap();
}

/// Makes a symbolic link; `false` where the system doesn't let this user make one.
pub(crate) fn symlink(to: impl AsRef<Path>, link: impl AsRef<Path>) -> bool {
    files::symlink(to.as_ref(), link.as_ref()).unwrap()
}

/// Sets who may read and write what is there.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    files::set_mode(path, mode).unwrap();
}
