//! Proxies between the program and Neon.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
};

use crate::support::{Home, free_port, temp_dir};

const API_KEY: &str = "napi_canary0123456789abcdefghijklmnopqrstuvwxyz0123456789";

/// A proxy from the environment that asks for a login, and one that is not there: the proxy is named, not Neon.
#[test]
fn refusing_or_missing_proxy_is_named() {
    let home = Home::new();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let proxy = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { break };
            let _asked = stream.read(&mut [0; 4096]);
            let text = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(text.as_bytes()).ok();
        }
    });
    for (port, words) in [
        (proxy, "requires a login"),
        (free_port(), "the proxy didn't forward the request"),
    ] {
        let dir = temp_dir();
        let output = home
            .neonup()
            .current_dir(dir.path())
            .env("NEON_API_KEY", API_KEY)
            .env("NEON_API_HOST", "https://neon.invalid/api/v2")
            .env("HTTPS_PROXY", format!("http://127.0.0.1:{port}"))
            .args(["check", "--json", "login"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains("login.unreachable"), "{text}");
        assert!(text.contains(words), "{port}: {text}");
        assert!(
            text.contains("HTTPS_PROXY") && !text.contains(API_KEY),
            "{text}"
        );
    }
}
