//! Who listens on which port of this machine.

use std::net::{IpAddr, SocketAddr};

use listeners::{Listener, Protocol, SocketState};

use crate::{
    os::ancestry::is_below,
    ports::process::{Origin, PortHolder},
};

/// The sockets on which somebody listens, as far as the system tells whose they are: those of other users it does not.
fn all() -> Vec<Listener> {
    let all = listeners::get_all().unwrap_or_else(|error| {
        tracing::warn!(%error, "the system doesn't report which process listens");
        std::collections::HashSet::default()
    });
    let mut all: Vec<_> = all
        .into_iter()
        .filter(|listener| {
            listener.protocol == Protocol::TCP && listener.state == SocketState::Listen
        })
        .collect();
    all.sort_by_key(|listener| (listener.process.pid, listener.socket));
    all
}

fn holder(listener: &Listener) -> PortHolder {
    PortHolder {
        pid: listener.process.pid,
        name: listener.process.name.clone(),
    }
}

/// The processes that listen on a port.
pub(super) fn holders(port: u16) -> Vec<PortHolder> {
    let mut holders: Vec<_> = all()
        .iter()
        .filter(|listener| listener.socket.port() == port)
        .map(holder)
        .collect();
    holders.dedup();
    holders
}

/// The addresses on which a process, or what it has started, listens.
pub(super) fn of_process(process: u32) -> Vec<SocketAddr> {
    all()
        .into_iter()
        .filter(|listener| is_below(listener.process.pid, process))
        .map(|listener| listener.socket)
        .collect()
}

/// Whose answer came from this address: that of the process, or of one that it has started?
pub(super) fn origin(process: u32, from: SocketAddr) -> Origin {
    let all = all();
    let answering = answering(&all, from);
    let (ours, others): (Vec<_>, Vec<_>) = answering
        .into_iter()
        .partition(|listener| is_below(listener.process.pid, process));
    if others.is_empty() && !ours.is_empty() {
        return Origin::Started;
    }
    let mut others: Vec<_> = others.into_iter().map(holder).collect();
    others.dedup();
    Origin::Others(others)
}

/// Those who may answer at an address: whoever listens on it, else on all addresses of its kind, else on all of both kinds.
fn answering(all: &[Listener], from: SocketAddr) -> Vec<&Listener> {
    let exact = |ip: IpAddr| ip.to_canonical() == from.ip().to_canonical();
    let same_kind = |ip: IpAddr| ip.is_unspecified() && ip.is_ipv4() == from.is_ipv4();
    let tests: [&dyn Fn(IpAddr) -> bool; 3] = [&exact, &same_kind, &|ip| ip.is_unspecified()];
    for test in tests {
        let found: Vec<_> = all
            .iter()
            .filter(|listener| listener.socket.port() == from.port() && test(listener.socket.ip()))
            .collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn listener(pid: u32, socket: &str) -> Listener {
        Listener {
            process: listeners::Process {
                pid,
                name: "x".to_owned(),
                path: String::new(),
            },
            socket: socket.parse().unwrap(),
            protocol: Protocol::TCP,
            state: SocketState::Listen,
        }
    }

    #[test]
    fn whoever_listens_more_exactly_answers() {
        let all = [
            listener(1, "0.0.0.0:80"),
            listener(2, "127.0.0.1:80"),
            listener(3, "[::]:80"),
            listener(4, "[::]:81"),
            listener(5, "127.0.0.1:82"),
            listener(6, "127.0.0.1:82"),
        ];
        let pids = |from: &str| -> Vec<u32> {
            answering(&all, from.parse().unwrap())
                .iter()
                .map(|listener| listener.process.pid)
                .collect()
        };
        assert_eq!(pids("127.0.0.1:80"), [2]);
        assert_eq!(pids("127.0.0.2:80"), [1]);
        assert_eq!(pids("[::1]:80"), [3]);
        assert_eq!(pids("127.0.0.1:81"), [4]);
        assert_eq!(pids("127.0.0.1:82"), [5, 6]);
        assert_eq!(pids("[::1]:82"), [0; 0]);
    }

    #[test]
    fn our_own_port_is_ours_and_nobody_elses() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let from = server.local_addr().unwrap();
        let ours = std::process::id();
        assert!(matches!(origin(ours, from), Origin::Started));
        assert!(of_process(ours).contains(&from));
        assert_eq!(holders(from.port())[0].pid, ours);
        // a process that has started nothing
        let Origin::Others(holders) = origin(0, from) else {
            panic!("not ours");
        };
        assert_eq!(holders[0].pid, ours);
    }
}
