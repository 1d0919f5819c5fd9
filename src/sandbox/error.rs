//! Why a sandbox does not start.

use std::{io, path::PathBuf};

/// Why a sandbox did not start: what, and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SandboxError {
    /// Another program listens on the port.
    #[error(
        "port {0} is in use\nhint: choose another one with --port, or none for any that is free"
    )]
    PortInUse(u16),
    /// The API could not listen.
    #[error("the sandbox cannot listen on 127.0.0.1: {0}")]
    Listen(#[source] io::Error),
    /// There is no Postgres.
    #[error(
        "no Postgres engine was found\nhint: install PostgreSQL 14 or newer, name its folder with --pg-bin (or \
         NEONUP_PG_BIN), or build neonup with the feature `bundled-postgres`"
    )]
    NoEngine,
    /// The folder given with `--pg-bin` has no Postgres in it.
    #[error(
        "`{0}` does not hold `postgres` and `initdb`\nhint: name the `bin` folder of a PostgreSQL server, 14 or newer"
    )]
    PgBin(PathBuf),
    /// The account that would run Postgres cannot get at the state.
    #[error(
        "Postgres refuses to run as root, and the account it would run as cannot reach `{0}`\nhint: choose a folder outside \
         of /root with --dir, such as /var/lib/neonup, or leave --pg-bin out"
    )]
    OutOfReach(PathBuf),
    /// The folder cannot be used.
    #[error(
        "`{dir}` cannot be used: {source}\nhint: choose another folder with --dir, or make this one writable"
    )]
    Dir {
        /// The folder.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another sandbox uses the folder.
    #[error("another sandbox uses `{0}`\nhint: stop it, or choose another folder with --dir")]
    DirInUse(PathBuf),
    /// A newer neonup wrote the state.
    #[error(
        "the state in `{dir}` is of a newer neonup (version {version})\nhint: update neonup, or choose another folder with --dir"
    )]
    NewerState {
        /// The folder.
        dir: PathBuf,
        /// The state's version.
        version: u32,
    },
    /// The state cannot be read.
    #[error("the state in `{dir}` cannot be read: {why}\nhint: move the folder away to begin anew")]
    BrokenState {
        /// The folder.
        dir: PathBuf,
        /// Why.
        why: String,
    },
    /// There is no certificate authority.
    #[error("the sandbox's certificates could not be made: {0}")]
    Certificates(String),
}
