//! Folders for tests.

use tempfile::TempDir;

use crate::os::folders::create_temporary;

/// Makes a folder that is removed at the end of the test, or by a later test if this one is killed.
pub(crate) fn temp_dir() -> TempDir {
    create_temporary("neonup-test-").unwrap()
}
