//! Connections that stay on this machine.
//!
//! tokio has no Unix sockets here. Any program of this machine can connect to a port of the loopback address, and listen at one that is
//! free: so both ends look whose program the other one is, and a server asks for a password.

use std::{
    ffi::OsString,
    fs, io,
    net::{Ipv4Addr, TcpListener as BlockingListener},
    path::Path,
};

use tokio::net::{TcpListener, TcpStream};

use super::{files::new_private_file, peer};

/// Whether only this user can reach what listens in a private folder.
pub(crate) const IS_PRIVATE: bool = false;
/// The longest path of a folder in which folders of sockets are made: Postgres keeps to Windows' usual limit for what is in it.
pub(crate) const FOLDER_LIMIT: usize = 140;
/// Where such a folder may be if the usual one is too deep.
pub(crate) const OTHER_FOLDERS: &[&str] = &[];
/// The file in a server's folder that names its port.
const PORT: &str = "port";

/// A connection.
pub(crate) type Stream = TcpStream;

/// Where a client of the server in a private folder connects: the folder of its socket if it has one, and the port.
pub(crate) fn place(folder: &Path) -> io::Result<(Option<&Path>, u16)> {
    let text = fs::read_to_string(folder.join(PORT))?;
    Ok((None, text.trim().parse().map_err(io::Error::other)?))
}

/// The arguments with which a Postgres server listens at a port of the loopback address that was free just now. It ends if somebody else
/// has been quicker.
pub(crate) fn listening(folder: &Path) -> io::Result<Vec<OsString>> {
    let port = BlockingListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port();
    let file = folder.join(PORT);
    drop(new_private_file(&file)?);
    fs::write(&file, port.to_string())?;
    let mut arguments = Vec::new();
    for setting in [
        "listen_addresses=127.0.0.1",
        &format!("port={port}"),
        "unix_socket_directories=",
    ] {
        arguments.extend(["-c".into(), setting.into()]);
    }
    Ok(arguments)
}

/// Connects to the server that was started with what [`listening`] has said of this folder.
pub(crate) async fn connect(folder: &Path) -> io::Result<Stream> {
    let (_, port) = place(folder)?;
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    // somebody else's program may have taken the port of a server that has ended
    if !peer::listens(port) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Whether a server listens in a private folder, which an earlier neonup has left. The job has ended it.
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

    /// Lets one client in, which is a program of this user.
    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        let (client, from) = self.listener.accept().await?;
        if !peer::is_own(from, client.local_addr()?) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        client.set_nodelay(true)?;
        Ok(client)
    }
}
