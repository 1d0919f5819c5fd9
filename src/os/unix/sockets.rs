//! Connections that stay on this machine, and that no other user can make.

use std::{
    io,
    os::unix::net::UnixStream as BlockingStream,
    path::{Path, PathBuf},
};

use tokio::net::{UnixListener, UnixStream};

/// The port in the name of a socket.
pub(crate) const PORT: u16 = 5432;
/// The name of a socket, as Postgres and its clients make it from the port.
const NAME: &str = ".s.PGSQL.5432";

/// A connection.
pub(crate) type Stream = UnixStream;

/// The path of the socket in a folder.
fn socket(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// Connects to the server whose socket is in a private folder.
pub(crate) async fn connect(folder: &Path) -> io::Result<Stream> {
    UnixStream::connect(socket(folder)).await
}

/// Whether a server listens in a private folder.
pub(crate) fn is_served(folder: &Path) -> bool {
    BlockingStream::connect(socket(folder)).is_ok()
}

/// Waits for a client of our own.
pub(crate) struct Listener {
    listener: UnixListener,
    folder: PathBuf,
}

impl Listener {
    /// Listens in a folder that only this user may enter.
    pub(crate) fn bind(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            listener: UnixListener::bind(socket(folder))?,
            folder: folder.to_owned(),
        })
    }

    /// The folder in which the client finds it; where there is none, it is at the loopback address.
    #[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
    pub(crate) fn folder(&self) -> Option<&Path> {
        Some(&self.folder)
    }

    /// The port at which the client finds it.
    #[expect(clippy::unused_self, reason = "elsewhere each has its own")]
    pub(crate) const fn port(&self) -> u16 {
        PORT
    }

    /// Lets one client in. Nobody else can enter the folder, but root.
    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        let (client, _) = self.listener.accept().await?;
        if client.peer_cred()?.uid() == rustix::process::geteuid().as_raw() {
            Ok(client)
        } else {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }
}
