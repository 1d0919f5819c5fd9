//! A GET of a loopback URL: as little HTTP as a health route needs.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::HttpAnswer;

/// How much of a body is kept.
const BODY: u64 = 64 * 1024;

/// Asks once. HTTP/1.0, so that the body ends with the connection and is never chunked.
pub(super) async fn get(url: &str, limit: Duration) -> Option<HttpAnswer> {
    let url = url::Url::parse(url).ok()?;
    if url.scheme() != "http" {
        return None;
    }
    timeout(limit, ask(&url)).await.ok()?
}

async fn ask(url: &url::Url) -> Option<HttpAnswer> {
    let host = url.host_str()?;
    let port = url.port_or_known_default()?;
    let name = host.trim_matches(['[', ']']);
    let addresses = lookup_host((name, port)).await.ok()?;
    let mut stream = connect(addresses.filter(|address| address.ip().is_loopback())).await?;
    let query = url.query().map(|query| format!("?{query}"));
    let request = format!(
        "GET {}{} HTTP/1.0\r\nHost: {host}:{port}\r\nAccept: application/json\r\nConnection: close\r\n\r\n",
        url.path(),
        query.unwrap_or_default()
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut bytes = Vec::new();
    // the head is small; what is cut is the body
    stream
        .take(BODY + 8192)
        .read_to_end(&mut bytes)
        .await
        .ok()?;
    parse(&bytes)
}

async fn connect(addresses: impl Iterator<Item = SocketAddr>) -> Option<TcpStream> {
    for address in addresses {
        if let Ok(stream) = TcpStream::connect(address).await {
            return Some(stream);
        }
    }
    None
}

fn parse(bytes: &[u8]) -> Option<HttpAnswer> {
    let end = memchr::memmem::find(bytes, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(bytes.get(..end)?);
    let mut words = head.lines().next()?.split(' ');
    if !words.next()?.starts_with("HTTP/") {
        return None;
    }
    let status = words.next()?.parse().ok()?;
    let body = bytes.get(end + 4..)?;
    let kept = body.len().min(usize::try_from(BODY).unwrap_or(usize::MAX));
    Some(HttpAnswer {
        status,
        body: String::from_utf8_lossy(body.get(..kept)?).into_owned(),
    })
}

/// Whether something accepts connections on this port of ours.
pub(super) async fn listening(port: u16) -> bool {
    for host in ["127.0.0.1", "::1"] {
        let connected = timeout(Duration::from_millis(300), TcpStream::connect((host, port))).await;
        if matches!(connected, Ok(Ok(_))) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_nonsense_is_not() {
        let answer = parse(b"HTTP/1.1 503 Nope\r\na: b\r\n\r\n{\"x\":1}").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (503, "{\"x\":1}"));
        assert_eq!(parse(b"SSH-2.0\r\n\r\n"), None);
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\n"), None);
    }
}
