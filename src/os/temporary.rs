//! The machine's folder for temporary files, and folders in it that are swept when their process was killed.

use std::{env, fs, io, path::PathBuf};

use tempfile::TempDir;

use crate::os::subprocess::is_running;

/// The machine's folder for temporary files.
pub(crate) fn dir() -> PathBuf {
    env::temp_dir()
}

/// Makes a folder that is removed when it is dropped. First removes those of processes that were killed before they did.
pub(crate) fn create(prefix: &str) -> io::Result<TempDir> {
    sweep(prefix);
    tempfile::Builder::new()
        .prefix(&format!("{prefix}{}-", std::process::id()))
        .tempdir_in(dir())
}

fn sweep(prefix: &str) {
    let Ok(entries) = fs::read_dir(dir()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name
            .strip_prefix(prefix)
            .and_then(|rest| rest.split('-').next())
            .and_then(|pid| pid.parse::<i32>().ok());
        if pid.is_some_and(|pid| !is_running(pid)) {
            // somebody else's folder cannot be removed, and need not be
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}
