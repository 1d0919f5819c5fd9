//! How Postgres is found and started here.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What is told where we carry none.
pub(crate) const WITHOUT: &str = "not included: the sandbox uses an installed one";

/// The setting by which a server notices that its client is gone while a query runs.
pub(crate) const CLIENT_CHECK: &str = "client_connection_check_interval = 1s\n";
/// Who may connect (`pg_hba.conf`): those who know their password.
pub(crate) const ACCESS: &str = "local replication all reject\nlocal all all scram-sha-256\n";
/// The same for the first start of data by an older neonup, whose superuser has no password yet. The socket's folder is
/// private, and no client is let through to it before there is one.
pub(crate) const ACCESS_BEFORE_PASSWORD: Option<&str> = Some(
    "local replication all reject\nlocal all cloud_admin trust\nlocal all all scram-sha-256\n",
);

/// The file of one of its programs.
pub(crate) fn program(bin: &Path, name: &str) -> PathBuf {
    bin.join(name)
}

/// The folders of programs in which packages put it.
pub(crate) fn places() -> Vec<PathBuf> {
    let mut folders = below("/usr/lib/postgresql", ""); // Debian, Ubuntu
    folders.extend(below("/usr", "pgsql-")); // PGDG on RHEL
    folders.extend(below("/opt/homebrew/opt", "postgresql"));
    folders.extend(below("/usr/local/opt", "postgresql"));
    folders.extend(below("/Applications/Postgres.app/Contents/Versions", ""));
    folders
}

/// The `bin` of each folder whose name begins so.
fn below(root: &str, begin: &str) -> Vec<PathBuf> {
    fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(begin))
        .map(|entry| entry.path().join("bin"))
        .collect()
}

/// Gives a command of it an environment of its own: nothing of the user's is in it.
pub(crate) fn set_environment(command: &mut Command) {
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .current_dir("/");
}

/// What to do where a server has said this and ended; `None`: its own words are enough.
pub(crate) fn way_out(_said: &str) -> Option<&'static str> {
    None
}
