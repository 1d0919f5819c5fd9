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

/// Sets who may read and write what is there.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    files::set_mode(path, mode).unwrap();
}
