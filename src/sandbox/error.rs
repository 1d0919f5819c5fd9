//! Why a sandbox does not start.

use std::{io, path::PathBuf};

/// Why a sandbox did not start. Displays what failed; [`Self::hint`] is the way out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SandboxError {
    #[error("port {0} is in use")]
    PortInUse(u16),
    #[error("the sandbox can't listen on 127.0.0.1: {0}")]
    Listen(#[source] io::Error),
    /// The data of a kept folder are of a version that isn't here.
    #[error("the data in this folder were written by PostgreSQL {0}, which isn't installed here")]
    NoEngineForData(u32),
    #[error("no Postgres engine was found")]
    NoEngine,
    /// The folder given with `--pg-bin` has no Postgres in it.
    #[error("`{0}` doesn't contain `postgres` and `initdb`")]
    PgBin(PathBuf),
    /// The account that would run Postgres cannot get at the state.
    #[error("Postgres never runs as root, and the account it would run as can't reach `{0}`")]
    OutOfReach(PathBuf),
    #[error("can't use `{dir}`: {source}")]
    Dir { dir: PathBuf, source: io::Error },
    #[error("another sandbox uses `{0}`")]
    DirInUse(PathBuf),
    #[error("the state in `{dir}` was written by a newer neonup (version {version})")]
    NewerState { dir: PathBuf, version: u32 },
    #[error("can't read the state in `{dir}`: {why}")]
    BrokenState { dir: PathBuf, why: String },
    #[error("can't create the sandbox's certificates: {0}")]
    Certificates(String),
}

impl SandboxError {
    /// What to do next; empty where nothing helps.
    pub(crate) const fn hint(&self) -> &'static str {
        match self {
            Self::PortInUse(_) => {
                "choose another port with --port, or leave it out to use any free one"
            }
            Self::NoEngine => {
                "install PostgreSQL 14 or newer, set its folder with --pg-bin (or NEONUP_PG_BIN), or build neonup with the \
                feature `bundled-postgres`"
            }
            Self::NoEngineForData(_) => {
                "install that version, set its folder with --pg-bin, or choose another folder with --dir"
            }
            Self::PgBin(_) => "give the `bin` folder of a PostgreSQL server, 14 or newer",
            Self::OutOfReach(_) => {
                "choose a folder that every account can reach with --dir, such as one in /var/lib"
            }
            Self::Dir { .. } => "choose another folder with --dir, or make this one writable",
            Self::DirInUse(_) => "stop it, or choose another folder with --dir",
            Self::NewerState { .. } => "update neonup, or choose another folder with --dir",
            Self::BrokenState { .. } => "move the folder away to start over",
            Self::Listen(_) | Self::Certificates(_) => "",
        }
    }
}
