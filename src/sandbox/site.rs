//! Where a request comes from, and whom it means: a program that means the sandbox, or a page in somebody's browser.
//!
//! A page of any site may send simple requests to every port of this machine, and after a rebinding of its name's address it
//! may read the answers. So the host has to be ours, and whatever a browser says about where it comes from has to be us.

use std::net::Ipv4Addr;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What every answer tells a browser: no other page may show it or guess what it is.
pub(crate) const FOR_BROWSERS: [(HeaderName, HeaderValue); 3] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Whether the request names one host, which is a name or address of the loopback interface with our port.
pub(crate) fn means_us(headers: &HeaderMap, target: Option<&str>, port: u16) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let ours = |authority: &str| is_own_authority(authority, port);
    host.to_str().is_ok_and(ours) && target.is_none_or(ours)
}

fn is_own_authority(authority: &str, port: u16) -> bool {
    let (host, own) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    own.parse() == Ok(port) && is_loopback(host)
}

/// Whether a host is this machine alone, whoever resolves it: names below `localhost` are nobody's (RFC 6761, section 6.3).
fn is_loopback(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let below = || {
        host.strip_suffix(".localhost").is_some_and(|label| {
            label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
        })
    };
    let address = || host.parse::<Ipv4Addr>();
    host == "localhost"
        || host == "[::1]"
        || below()
        || address().is_ok_and(|address| address.is_loopback())
}

/// Whether no browser says that the request comes from a page of another machine.
pub(crate) fn is_local(headers: &HeaderMap) -> bool {
    let local_page = |origin: &HeaderValue| {
        origin.to_str().is_ok_and(|origin| {
            let authority = origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"));
            authority.is_some_and(|authority| {
                let host = match authority.rsplit_once(':') {
                    Some((host, port)) if port.parse::<u16>().is_ok() => host,
                    _ => authority,
                };
                is_loopback(host)
            })
        })
    };
    let mut origins = headers.get_all(header::ORIGIN).iter().peekable();
    if origins.peek().is_some() {
        return origins.all(local_page);
    }
    let own_fetch = |site: &HeaderValue| site == "same-origin" || site == "none";
    headers.get_all(FETCH_SITE).iter().all(own_fetch)
}

/// Whether no browser says that the request comes from elsewhere. Other clients say nothing.
pub(crate) fn is_same_site(headers: &HeaderMap, port: u16) -> bool {
    let own_page = |origin: &HeaderValue| {
        origin.to_str().is_ok_and(|origin| {
            let authority = origin.strip_prefix("http://");
            authority.is_some_and(|authority| is_own_authority(authority, port))
        })
    };
    // `none`: typed by a person, or opened by a program.
    let own_fetch = |site: &HeaderValue| site == "same-origin" || site == "none";
    headers.get_all(header::ORIGIN).iter().all(own_page)
        && headers.get_all(FETCH_SITE).iter().all(own_fetch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_with_the_own_port_are_ours() {
        for host in [
            "localhost:8080",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "127.0.0.2:8080",
            "[::1]:8080",
            "api.localhost:8080",
            "ep-misty-sea-a5833nbi.LOCALHOST:8080",
        ] {
            assert!(is_own_authority(host, 8080), "{host}");
        }
        for host in [
            "localhost",
            "localhost:80",
            "localhost:8081",
            "page.example:8080",
            "localhost.page.example:8080",
            "127.0.0.1.page.example:8080",
            "me@localhost:8080",
            "0.0.0.0:8080",
            "10.0.0.1:8080",
            "me@api.localhost:8080",
            "page.example/.localhost:8080",
            "",
            ":8080",
        ] {
            assert!(!is_own_authority(host, 8080), "{host}");
        }
        assert!(is_own_authority("localhost", 80));
    }

    #[test]
    fn only_pages_of_this_machine_are_local() {
        let with = |name: HeaderName, value: &'static str| {
            HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
        };
        assert!(is_local(&HeaderMap::new()));
        assert!(is_local(&with(FETCH_SITE, "none")));
        assert!(!is_local(&with(FETCH_SITE, "cross-site")));
        for origin in [
            "http://localhost",
            "http://localhost:3000",
            "https://app.localhost:3000",
            "http://127.0.0.1:5173",
            "http://[::1]:5173",
        ] {
            assert!(is_local(&with(header::ORIGIN, origin)), "{origin}");
        }
        for origin in [
            "null",
            "https://page.example",
            "http://localhost.page.example:3000",
            "http://page.example:80",
            "file://localhost",
            "http://localhost:3000/",
            "http://me@localhost:3000",
        ] {
            assert!(!is_local(&with(header::ORIGIN, origin)), "{origin}");
        }
        let mut two = with(header::ORIGIN, "http://localhost");
        two.append(
            header::ORIGIN,
            HeaderValue::from_static("https://page.example"),
        );
        assert!(!is_local(&two));
    }
}
