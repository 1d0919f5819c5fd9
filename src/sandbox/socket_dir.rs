//! The folder in which a Postgres server has its Unix socket.

use std::{
    io,
    path::{Path, PathBuf},
};

use tokio::net::UnixStream;

/// The port in the socket's name. There is no TCP.
pub(crate) const PORT: u16 = 5432;
/// The socket's name, as Postgres makes it from the port.
pub(crate) const SOCKET_NAME: &str = ".s.PGSQL.5432";

/// The folder of a server's socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SocketDir(PathBuf);

impl SocketDir {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The path of the socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.0.join(SOCKET_NAME)
    }

    /// Connects to the server.
    pub(crate) async fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(self.socket()).await
    }
}
