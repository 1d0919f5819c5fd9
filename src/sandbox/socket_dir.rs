//! The folder in which a Postgres server has its Unix socket, and what opens the superuser's session there.

use std::{
    io,
    path::{Path, PathBuf},
};

use tokio::net::UnixStream;

use crate::core::secret::Secret;

/// The port in the socket's name. There is no TCP.
pub(crate) const PORT: u16 = 5432;
/// The socket's name, as Postgres makes it from the port.
pub(crate) const SOCKET_NAME: &str = ".s.PGSQL.5432";

/// The folder of a server's socket, with the superuser's password.
#[derive(Debug, Clone)]
pub(crate) struct SocketDir {
    path: PathBuf,
    admin: Secret,
}

impl SocketDir {
    pub(crate) const fn new(path: PathBuf, admin: Secret) -> Self {
        Self { path, admin }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The superuser's password.
    pub(crate) const fn admin(&self) -> &Secret {
        &self.admin
    }

    /// The path of the socket.
    pub(crate) fn socket(&self) -> PathBuf {
        socket(&self.path)
    }

    /// Connects to the server.
    pub(crate) async fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(self.socket()).await
    }
}

/// The path of the socket in a folder.
pub(crate) fn socket(folder: &Path) -> PathBuf {
    folder.join(SOCKET_NAME)
}
