//! The folder in which a Postgres server has its Unix socket, or the number of its port, and what opens the superuser's session there.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    core::secret::Secret,
    os::sockets::{self, Stream},
};

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

    /// Connects to the server.
    pub(crate) async fn connect(&self) -> io::Result<Stream> {
        sockets::connect(&self.path).await
    }
}
