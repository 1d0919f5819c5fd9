//! Plain HTTP on loopback.

use std::io::{Read as _, Write as _};

use serde_json::Value;

/// Posts JSON; returns the body of the answer.
pub fn post(url: &str, key: &str, body: &Value) -> String {
    exchange("POST", url, key, &body.to_string())
}

/// Sends a request; returns the body of the answer.
pub fn exchange(method: &str, url: &str, key: &str, body: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(
        stream,
        "{method} /{path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.lines().next().unwrap();
    assert!(status.contains(" 20"), "{url}: {status}");
    body.to_owned()
}
