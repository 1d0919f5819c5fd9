//! The folders that the machine has for programs, and temporary ones that are swept when their process was killed.

use std::{env, fs, io, path::PathBuf};

use etcetera::BaseStrategy as _;
use tempfile::TempDir;

use super::process_table::is_running;

/// The user's home. One that is not absolute (`HOME=.`) is none: what is kept there would lie wherever the program is started.
pub(crate) fn home() -> Option<PathBuf> {
    etcetera::home_dir().ok().filter(|home| home.is_absolute())
}

/// The user's folder for what can be made again.
pub(crate) fn cache() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.cache_dir()).filter(|dir| dir.is_absolute())
}

/// The user's folder for what a program remembers.
pub(crate) fn state() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    let dir = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Some(dir).filter(|dir| dir.is_absolute())
}

/// The machine's folder for temporary files.
pub(crate) fn temporary() -> PathBuf {
    let dir = env::temp_dir();
    if dir.is_absolute() {
        return dir;
    }
    PathBuf::from("/tmp")
}

/// Makes a temporary folder that is removed when it is dropped. First removes those of processes that were killed.
pub(crate) fn create_temporary(prefix: &str) -> io::Result<TempDir> {
    sweep(prefix);
    tempfile::Builder::new()
        .prefix(&format!("{prefix}{}-", std::process::id()))
        .tempdir_in(temporary())
}

fn sweep(prefix: &str) {
    let Ok(entries) = fs::read_dir(temporary()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name
            .strip_prefix(prefix)
            .and_then(|rest| rest.split('-').next())
            .and_then(|pid| pid.parse::<u32>().ok());
        if pid.is_some_and(|pid| !is_running(pid)) {
            // somebody else's folder cannot be removed, and need not be
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}
