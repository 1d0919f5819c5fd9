//! What all files of hooks have in common.

use std::{fs, path::Path};

/// The longest hook that is read, in bytes: some are programs.
pub(super) const HOOK_LIMIT: u64 = 64 * 1024 * 1024;

/// Whether git would run it.
#[cfg(unix)]
pub(super) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|stat| stat.permissions().mode() & 0o111 != 0)
}

/// Whether git would run it.
#[cfg(not(unix))]
pub(super) fn is_executable(path: &Path) -> bool {
    path.exists()
}
