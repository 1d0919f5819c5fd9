//! Whose program is at the other end of a loopback connection.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
};

/// Whether the client of a connection from this machine is a program of this user, or of root. Where nobody can tell, it isn't.
pub(crate) fn is_own(client: SocketAddr, server: SocketAddr) -> bool {
    let us = rustix::process::geteuid().as_raw();
    owner(client, server).is_some_and(|owner| owner == us || owner == 0)
}

/// The user id of the client.
///
/// Linux lists each socket with the user that made it. Only an established one counts: what is left of a closed socket is
/// listed as root's.
fn owner(client: SocketAddr, server: SocketAddr) -> Option<u32> {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .find_map(|table| {
            let table = fs::read_to_string(table).ok()?;
            let mapped = table.lines().any(|line| line.len() > 160); // addresses of IPv6
            owner_in(&table, &address(client, mapped), &address(server, mapped))
        })
}

const ESTABLISHED: &str = "01";

fn owner_in(table: &str, client: &str, server: &str) -> Option<u32> {
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let (local, remote, state) = (fields.get(1)?, fields.get(2)?, fields.get(3)?);
        let (user, inode) = (fields.get(7)?, fields.get(9)?);
        let found = *local == client && *remote == server && *state == ESTABLISHED && *inode != "0";
        found.then(|| user.parse().ok()).flatten()
    })
}

/// An address as those tables have it: words of four bytes in the machine's order, in hexadecimal.
fn address(at: SocketAddr, mapped: bool) -> String {
    let octets = match at.ip() {
        IpAddr::V4(four) if mapped => four.to_ipv6_mapped().octets().to_vec(),
        IpAddr::V4(four) => four.octets().to_vec(),
        IpAddr::V6(six) => six.octets().to_vec(),
    };
    let (words, _) = octets.as_chunks::<4>();
    let words: Vec<_> = words
        .iter()
        .map(|word| format!("{:08X}", u32::from_ne_bytes(*word)))
        .collect();
    format!("{}:{:04X}", words.concat(), at.port())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::net::{Shutdown, TcpListener, TcpStream};

    #[test]
    fn client_on_this_machine_is_known_by_its_user() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        let client = TcpStream::connect(server).unwrap();
        let (_kept, from) = listener.accept().unwrap();
        let us = rustix::process::geteuid().as_raw();
        assert_eq!(owner(from, server), Some(us));
        // Not dropped: a program that another test is just starting may hold a copy of the socket until its exec.
        client.shutdown(Shutdown::Both).unwrap();
        assert_eq!(owner(from, server), None, "a closed socket is nobody's");
    }

    #[test]
    fn closed_sockets_and_other_connections_do_not_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
               0: 0100007F:0001 0100007F:0050 01 00000000:00000000 00:00000000 00000000  1000        0 77 1\n\
               1: 0100007F:0002 0100007F:0050 06 00000000:00000000 00:00000000 00000000     0        0 0 1\n\
               2: 0100007F:0003 0100007F:0051 01 00000000:00000000 00:00000000 00000000  1000        0 78 1\n";
        let of = |port: u16| {
            let client = format!("0100007F:{port:04X}");
            owner_in(table, &client, "0100007F:0050")
        };
        assert_eq!([of(1), of(2), of(3), of(4)], [Some(1000), None, None, None]);
    }
}
