//! Connections that stay on this machine, and that no other user can make.

use std::{
    ffi::OsString,
    io,
    os::unix::net::UnixStream as BlockingStream,
    path::{Path, PathBuf},
};

use tokio::net::{UnixListener, UnixStream};

/// Whether only this user, and root, can reach what listens in a private folder.
pub(crate) const IS_PRIVATE: bool = true;
/// The longest path of a folder in which folders of sockets are made. A socket's path may have 107 bytes (`sun_path`; 103 on macOS): what
/// is appended needs less than 60 of them.
pub(crate) const FOLDER_LIMIT: usize = 44;
/// Where such a folder may be if the usual one is too deep.
pub(crate) const OTHER_FOLDERS: &[&str] = &["/tmp", "/var/tmp"];
/// The port in the name of a socket.
const PORT: u16 = 5432;
/// The name of a socket, as Postgres and its clients make it from the port.
const NAME: &str = ".s.PGSQL.5432";

/// A connection.
pub(crate) type Stream = UnixStream;

/// The path of the socket in a folder.
fn socket(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// Where a client of the server in a private folder connects: the folder of its socket if it has one, and the port.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it is read")]
pub(crate) fn place(folder: &Path) -> io::Result<(Option<&Path>, u16)> {
    Ok((Some(folder), PORT))
}

/// The arguments with which a Postgres server listens in a private folder, and nowhere else.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn listening(folder: &Path) -> io::Result<Vec<OsString>> {
    let mut arguments = vec!["-k".into(), folder.into()];
    for setting in [
        "listen_addresses=",
        &format!("port={PORT}"),
        "unix_socket_permissions=0700",
    ] {
        arguments.extend(["-c".into(), setting.into()]);
    }
    Ok(arguments)
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
