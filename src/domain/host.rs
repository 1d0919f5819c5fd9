//! Hosts of base URLs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The addresses of `localhost` (RFC 6761, section 6.3), whatever a machine's files and name servers say; a port of 0 leaves the URL's.
pub(crate) const LOCALHOST: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
];

/// Whether a base URL is on this machine.
pub(crate) fn is_loopback(base: &str) -> bool {
    url::Url::parse(base).is_ok_and(|url| match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    })
}

/// The host of a base URL, with its port where that is not the usual one.
pub(crate) fn host_and_port(base: &str) -> String {
    url::Url::parse(base)
        .ok()
        .and_then(|url| {
            let host = url.host_str()?.to_owned();
            Some(
                url.port()
                    .map_or_else(|| host.clone(), |port| format!("{host}:{port}")),
            )
        })
        .unwrap_or_else(|| base.to_owned())
}
