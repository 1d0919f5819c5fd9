//! Ports of this machine.

use std::net::TcpListener;

/// Returns the port if nothing listens on it; 0 asks for any free one.
pub(crate) fn free_port(port: u16) -> Option<u16> {
    let listener = TcpListener::bind(("127.0.0.1", port)).ok()?;
    listener.local_addr().ok().map(|address| address.port())
}
