//! The callback on loopback: one path, small requests, few at a time, and gone when the login ends.

use std::{io, net::Ipv4Addr, time::Duration};

use async_trait::async_trait;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{
    core::secret::Secret,
    domain::web_login::CALLBACK_PATH,
    ports::web_login::{CallbackListener, CallbackPage, Judge},
};

/// The longest head of a request that is read, in bytes: a browser's, with a code and a state, has some 2 kB.
pub(super) const HEAD_LIMIT: usize = 16 * 1024;
/// How many connections are open at a time: a browser opens a few, some of which it never uses.
pub(super) const CONNECTIONS_LIMIT: usize = 16;
/// How many connections one login takes. After that, nobody is answered: it is no browser that comes so often.
pub(super) const TOTAL_LIMIT: usize = 200;
/// How long one may take to send its request, and to take the answer.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// What the page may do: nothing but be shown, and only as a page of its own.
const HEADERS: &str = "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nReferrer-Policy: \
no-referrer\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nContent-Security-Policy: default-src 'none'; \
style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n";

/// The one listener of a login.
pub(super) struct LoopbackListener {
    listener: TcpListener,
    port: u16,
    /// The origin of the issuer's page.
    page: String,
    taken: usize,
    connections: JoinSet<Option<(TcpStream, CallbackRequest)>>,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallbackRequest {
    /// The callback, with this query.
    Callback(Secret),
    /// Whether the issuer's page may ask for it, as a browser does beforehand where a page asks in place of a person.
    Preflight,
    /// Anything else: this status.
    Other(u16),
}

impl LoopbackListener {
    pub(super) async fn bind(page: &str) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self {
            port: listener.local_addr()?.port(),
            listener,
            page: page.to_owned(),
            taken: 0,
            connections: JoinSet::new(),
        })
    }

    /// The next request that was read whole.
    async fn next(&mut self) -> io::Result<(TcpStream, CallbackRequest)> {
        loop {
            let free = self.connections.len() < CONNECTIONS_LIMIT;
            tokio::select! {
                accepted = self.listener.accept(), if free => {
                    let (stream, _peer) = accepted?;
                    self.taken += 1;
                    if self.taken > TOTAL_LIMIT {
                        return Err(io::Error::other(format!(
                            "more than {TOTAL_LIMIT} connections came to the callback"
                        )));
                    }
                    let port = self.port;
                    self.connections.spawn(async move {
                        let asked = tokio::time::timeout(TIME_LIMIT, receive(stream, port)).await;
                        asked.ok().flatten()
                    });
                }
                Some(read) = self.connections.join_next() => {
                    if let Ok(Some(read)) = read {
                        return Ok(read);
                    }
                }
            }
        }
    }
}

#[async_trait]
impl CallbackListener for LoopbackListener {
    fn port(&self) -> u16 {
        self.port
    }

    async fn query(&mut self, page: Judge<'_>) -> io::Result<Secret> {
        loop {
            let (stream, asked) = self.next().await?;
            let (answer, query) = match asked {
                CallbackRequest::Callback(query) => {
                    let text = text(page(query.expose()));
                    (answer(200, HEADERS, text), Some(query))
                }
                CallbackRequest::Preflight => (answer(204, &preflight(&self.page), ""), None),
                CallbackRequest::Other(status) => (answer(status, HEADERS, ""), None),
            };
            let sent = tokio::time::timeout(TIME_LIMIT, send(stream, &answer)).await;
            if let Err(error) = sent.unwrap_or_else(|_late| Err(io::ErrorKind::TimedOut.into())) {
                tracing::debug!(%error, "the browser didn't take the callback's page");
            }
            if let Some(query) = query {
                return Ok(query);
            }
        }
    }
}

/// Reads the head of a request; `None` where the connection ends before it does.
async fn receive(mut stream: TcpStream, port: u16) -> Option<(TcpStream, CallbackRequest)> {
    // it holds the code
    let mut head = secrecy::zeroize::Zeroizing::new(Vec::with_capacity(HEAD_LIMIT));
    let mut piece = [0_u8; 2048];
    loop {
        let read = stream
            .read(&mut piece)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        let piece = piece.get(..read)?;
        if head.len() + piece.len() > HEAD_LIMIT {
            return Some((stream, CallbackRequest::Other(431)));
        }
        head.extend_from_slice(piece);
        if memchr::memmem::find(&head, b"\r\n\r\n").is_some() {
            let asked = asked(&head, port);
            return Some((stream, asked));
        }
    }
}

/// Reads the head of a request: exactly the callback of this listener, or nothing.
pub(super) fn asked(head: &[u8], port: u16) -> CallbackRequest {
    let Ok(head) = std::str::from_utf8(head) else {
        return CallbackRequest::Other(400);
    };
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap_or_default();
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return CallbackRequest::Other(400);
    };
    if !version.starts_with("HTTP/1.") {
        return CallbackRequest::Other(505);
    }
    let mut hosts = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    });
    // a page whose name leads here for the moment has another host (DNS rebinding)
    let own = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return CallbackRequest::Other(400);
    };
    if !own.iter().any(|own| own.eq_ignore_ascii_case(host)) {
        return CallbackRequest::Other(421);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path != CALLBACK_PATH {
        return CallbackRequest::Other(404);
    }
    match method {
        "GET" => CallbackRequest::Callback(Secret::new(query)),
        "OPTIONS" => CallbackRequest::Preflight,
        _ => CallbackRequest::Other(405),
    }
}

fn answer(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} {}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
        if status == 200 { "OK" } else { "-" },
        body.len()
    )
}

fn preflight(page: &str) -> String {
    format!(
        "Access-Control-Allow-Origin: {page}\r\nAccess-Control-Allow-Methods: GET\r\nAccess-Control-Allow-Private-Network: \
        true\r\nVary: Origin\r\n"
    )
}

async fn send(mut stream: TcpStream, answer: &str) -> io::Result<()> {
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

const STYLE: &str = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>\
neonup</title><style>:root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh \
auto;padding:0 1rem}</style>";

/// The page, which holds nothing of the request.
fn text(page: CallbackPage) -> &'static str {
    const RECEIVED: &str = "<h1>You can close this page</h1><p>neonup has what it needs and continues in your terminal.</p>";
    const FAILED: &str =
        "<h1>The login didn't work</h1><p>Your terminal shows why. You can close this page.</p>";
    static PAGES: std::sync::LazyLock<[String; 2]> =
        std::sync::LazyLock::new(|| [RECEIVED, FAILED].map(|body| format!("{STYLE}{body}")));
    let [received, failed] = &*PAGES;
    match page {
        CallbackPage::Received => received,
        CallbackPage::Failed => failed,
    }
}
