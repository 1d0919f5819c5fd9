//! Why a sandbox does not start.

use std::{io, path::PathBuf};

/// Why a sandbox did not start. Displays what failed; [`Self::hint`] is the way out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SandboxError {
    #[error("port {0} is in use")]
    PortInUse(u16),
    #[error("the sandbox cannot listen on 127.0.0.1: {0}")]
    Listen(#[source] io::Error),
    #[error("no Postgres engine was found")]
    NoEngine,
    /// The folder given with `--pg-bin` has no Postgres in it.
    #[error("`{0}` does not hold `postgres` and `initdb`")]
    PgBin(PathBuf),
    /// The account that would run Postgres cannot get at the state.
    #[error("Postgres never runs as root, and the account that it would run as cannot reach `{0}`")]
    OutOfReach(PathBuf),
    #[error("`{dir}` cannot be used: {source}")]
    Dir { dir: PathBuf, source: io::Error },
    #[error("another sandbox uses `{0}`")]
    DirInUse(PathBuf),
    #[error("the state in `{dir}` is of a newer neonup (version {version})")]
    NewerState { dir: PathBuf, version: u32 },
    #[error("the state in `{dir}` cannot be read: {why}")]
    BrokenState { dir: PathBuf, why: String },
    #[error("the sandbox's certificates could not be made: {0}")]
    Certificates(String),
}

impl SandboxError {
    /// What to do next; empty where nothing helps.
    pub(crate) const fn hint(&self) -> &'static str {
        match self {
            Self::PortInUse(_) => "choose another one with --port, or none for any that is free",
            Self::NoEngine => {
                "install PostgreSQL 14 or newer, name its folder with --pg-bin (or NEONUP_PG_BIN), or build neonup with the \
                 feature `bundled-postgres`"
            }
            Self::PgBin(_) => "name the `bin` folder of a PostgreSQL server, 14 or newer",
            Self::OutOfReach(_) => {
                "choose a folder that every account can reach with --dir, such as one in /var/lib"
            }
            Self::Dir { .. } => "choose another folder with --dir, or make this one writable",
            Self::DirInUse(_) => "stop it, or choose another folder with --dir",
            Self::NewerState { .. } => "update neonup, or choose another folder with --dir",
            Self::BrokenState { .. } => "move the folder away to begin anew",
            Self::Listen(_) | Self::Certificates(_) => "",
        }
    }
}
