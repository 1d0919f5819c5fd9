//! Whose program is at the other end of a loopback connection.

use std::net::SocketAddr;

/// Whether the client of a connection from this machine is a program of this user. Here nobody can tell, so it isn't.
pub(crate) fn is_own(_client: SocketAddr, _server: SocketAddr) -> bool {
    false
}
