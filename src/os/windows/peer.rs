//! Whose program is at the other end of a loopback connection.
#![expect(
    unsafe_code,
    reason = "the table of connections has no safe interface in the standard library"
)]

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4},
    ptr,
};

use windows_sys::Win32::{
    Foundation::{ERROR_INSUFFICIENT_BUFFER, NO_ERROR},
    NetworkManagement::IpHelper::{
        GetExtendedTcpTable, MIB_TCPROW_OWNER_PID, TCP_TABLE_CLASS,
        TCP_TABLE_OWNER_PID_CONNECTIONS, TCP_TABLE_OWNER_PID_LISTENER,
    },
    Networking::WinSock::AF_INET,
};

use super::access;

/// How often the table is asked for, which may grow between the question for its size and the one for itself.
const TRIES: usize = 8;

/// Whether the client of a connection from this machine is a program of this user. Where nobody can tell, it isn't.
pub(crate) fn is_own(client: SocketAddr, server: SocketAddr) -> bool {
    let (Some(client), Some(server)) = (four(client), four(server)) else {
        return false;
    };
    let ends = |row: &Row| row.local == client && row.remote == server;
    are_ours(TCP_TABLE_OWNER_PID_CONNECTIONS, ends)
}

/// Whether a program of this user, and no other, listens at this port of the loopback address.
pub(super) fn listens(port: u16) -> bool {
    let at = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    are_ours(TCP_TABLE_OWNER_PID_LISTENER, |row| row.local == at)
}

fn four(address: SocketAddr) -> Option<SocketAddrV4> {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => Some(SocketAddrV4::new(ip, address.port())),
        IpAddr::V6(_) => None,
    }
}

/// A connection, or who waits for one.
struct Row {
    local: SocketAddrV4,
    remote: SocketAddrV4,
    process: u32,
}

/// Whether there are such sockets, and all are of processes of this user. Of one that a process has handed on to its children, Wine names
/// each of them; some may have ended since.
fn are_ours(class: TCP_TABLE_CLASS, wanted: impl Fn(&Row) -> bool) -> bool {
    let rows = rows(class).unwrap_or_default();
    let found = rows.iter().filter(|row| wanted(row));
    let owners: Vec<_> = found
        .filter_map(|row| access::runs_as_us(row.process))
        .collect();
    !owners.is_empty() && owners.iter().all(|ours| *ours)
}

fn rows(class: TCP_TABLE_CLASS) -> Option<Vec<Row>> {
    let mut size = 0;
    let mut buffer: Vec<u32> = Vec::new();
    for _ in 0..TRIES {
        // SAFETY: the buffer has as many bytes as is said, or is not looked at where there are none
        let told = unsafe {
            GetExtendedTcpTable(
                buffer.as_mut_ptr().cast(),
                &raw mut size,
                0,
                u32::from(AF_INET),
                class,
                0,
            )
        };
        match told {
            NO_ERROR => return table(&buffer),
            ERROR_INSUFFICIENT_BUFFER => {
                buffer = vec![0; usize::try_from(size).ok()?.div_ceil(size_of::<u32>())];
                size = u32::try_from(size_of_val(buffer.as_slice())).ok()?;
            }
            _ => return None,
        }
    }
    None
}

/// The rows of a table: their number, then one after the other.
fn table(words: &[u32]) -> Option<Vec<Row>> {
    const ROW: usize = size_of::<MIB_TCPROW_OWNER_PID>() / size_of::<u32>();
    let (count, rows) = words.split_first()?;
    let (rows, _) = rows.as_chunks::<ROW>();
    let rows = rows.get(..usize::try_from(*count).ok()?)?;
    Some(rows.iter().map(row).collect())
}

fn row(words: &[u32; size_of::<MIB_TCPROW_OWNER_PID>() / size_of::<u32>()]) -> Row {
    // SAFETY: it is a row of numbers, of which each has these bytes, at an address that suits them
    let row = unsafe { ptr::read(words.as_ptr().cast::<MIB_TCPROW_OWNER_PID>()) };
    Row {
        local: address(row.dwLocalAddr, row.dwLocalPort),
        remote: address(row.dwRemoteAddr, row.dwRemotePort),
        process: row.dwOwningPid,
    }
}

/// An address as the table has it: both numbers in the order of the network, the port in the lower half.
fn address(ip: u32, port: u32) -> SocketAddrV4 {
    let [high, low, ..] = port.to_ne_bytes();
    SocketAddrV4::new(
        Ipv4Addr::from(ip.to_ne_bytes()),
        u16::from_be_bytes([high, low]),
    )
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn client_on_this_machine_is_known_by_its_user() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        assert!(listens(server.port()));
        let client = TcpStream::connect(server).unwrap();
        let (_kept, from) = listener.accept().unwrap();
        assert!(is_own(from, server));
        assert!(!is_own(from, SocketAddr::from(([127, 0, 0, 1], 1))));
        drop((client, listener));
        assert!(!listens(server.port()));
    }
}
