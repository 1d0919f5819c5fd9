//! Connections that stay on this machine.
//!
//! tokio has no Unix sockets here. Any program of this machine can connect to a port of the loopback address, so that whoever listens
//! there asks for a password.

use std::{
    io,
    net::{Ipv4Addr, TcpListener as BlockingListener},
    path::Path,
};

use tokio::net::{TcpListener, TcpStream};

/// The port of a Postgres server.
pub(crate) const PORT: u16 = 5432;

/// A connection.
pub(crate) type Stream = TcpStream;

/// Connects to the server whose socket is in a private folder. None is served here.
#[expect(clippy::unused_async, reason = "elsewhere it waits")]
pub(crate) async fn connect(_folder: &Path) -> io::Result<Stream> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether a server listens in a private folder.
pub(crate) fn is_served(_folder: &Path) -> bool {
    false
}

/// Waits for a client of our own.
pub(crate) struct Listener {
    listener: TcpListener,
    port: u16,
}

impl Listener {
    /// Listens at a port of the loopback address.
    pub(crate) fn bind(_folder: &Path) -> io::Result<Self> {
        let listener = BlockingListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok(Self {
            listener: TcpListener::from_std(listener)?,
            port,
        })
    }

    /// The folder in which the client finds it; where there is none, it is at the loopback address.
    #[expect(clippy::unused_self, reason = "elsewhere each has its own")]
    pub(crate) fn folder(&self) -> Option<&Path> {
        None
    }

    /// The port at which the client finds it.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Lets one client in, whoever it is.
    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        let (client, _) = self.listener.accept().await?;
        client.set_nodelay(true)?;
        Ok(client)
    }
}
