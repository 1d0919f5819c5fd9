//! HTTP servers in the API's place that try to fill the memory, to waste time, or to get the key sent elsewhere.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// The answers of a hostile API. Who asks for the account is answered properly, except with [`Self::EndlessRefusal`], [`Self::Redirect`]
/// and [`Self::SlowDrip`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HostileAnswer {
    /// A list that goes on and on.
    EndlessList,
    /// A refusal with this status, whose message goes on and on.
    EndlessRefusal(u16),
    /// An answer that says how long it is: longer than any that is read.
    HugeLength,
    /// Header after header.
    EndlessHeaders,
    /// One header that goes on and on.
    EndlessHeader,
    /// A redirect with this status to this address.
    Redirect(u16, String),
    /// One byte every 50 ms.
    SlowDrip,
    /// Full pages, all with the same cursor.
    RepeatedPage,
    /// Full pages, each with a new cursor.
    EndlessPages,
    /// One page of two million empty ids.
    ManyIds,
    /// A gzip of zeros that nobody has asked for.
    Compressed,
    /// A request to come back much later, with this `Retry-After`.
    RetryAfter(&'static str),
    /// This status with a body of this kind, to everybody.
    Whole(u16, &'static str, &'static str),
}

/// A server that gives a hostile answer to everybody, as often as it is asked.
pub(crate) struct HostileHttp {
    /// The address of the API.
    pub base: String,
    requests: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl HostileHttp {
    pub(crate) fn start(answer: HostileAnswer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let base = format!("http://{}/api/v2", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (seen, stopped) = (Arc::clone(&requests), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let (Ok(stream), answer) = (stream, answer.clone()) else {
                    continue;
                };
                let (seen, stopped) = (Arc::clone(&seen), Arc::clone(&stopped));
                // it ends when the client goes away, or at the next write after the stop
                std::thread::spawn(move || {
                    serve(stream, &answer, &seen, &stopped).ok();
                });
            }
        });
        Self {
            base,
            requests,
            stop,
            thread: Some(thread),
        }
    }

    /// The first line of every request.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The server's address without a path.
    pub(crate) fn origin(&self) -> &str {
        self.base.trim_end_matches("/api/v2")
    }
}

impl Drop for HostileHttp {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        TcpStream::connect(self.origin().trim_start_matches("http://")).ok();
        self.thread.take().unwrap().join().ok();
    }
}

/// Answers a single request, and closes the connection.
fn serve(
    mut stream: TcpStream,
    answer: &HostileAnswer,
    seen: &Mutex<Vec<String>>,
    stop: &AtomicBool,
) -> std::io::Result<()> {
    // a client that was stopped would keep this thread for ever
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let path = first.split_whitespace().nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default().to_owned();
    seen.lock().unwrap().push(first.trim().to_owned());
    let to_all = matches!(
        answer,
        HostileAnswer::EndlessRefusal(_)
            | HostileAnswer::Redirect(..)
            | HostileAnswer::SlowDrip
            | HostileAnswer::Whole(..)
    );
    if path.ends_with("/auth") && !to_all {
        let account = r#"{"auth_method":"api_key_user","account_id":"a"}"#;
        return whole(&mut stream, "200 OK", "", account.as_bytes());
    }
    if path.contains("/users/") && !to_all {
        return whole(&mut stream, "404 Not Found", "", b"{}");
    }
    give(&mut stream, answer, path.ends_with("/shared"), stop)
}

fn give(
    stream: &mut TcpStream,
    answer: &HostileAnswer,
    shared: bool,
    stop: &AtomicBool,
) -> std::io::Result<()> {
    match answer {
        HostileAnswer::EndlessList => {
            let item = format!("\"{}\",", "a".repeat(1 << 20));
            endless(stream, 200, "{\"projects\":[", item.as_bytes(), stop)
        }
        HostileAnswer::EndlessRefusal(status) => endless(
            stream,
            *status,
            "{\"message\":\"",
            &vec![b'a'; 1 << 20],
            stop,
        ),
        HostileAnswer::HugeLength => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9000000000000\r\n\r\n")?;
            while !stop.load(Ordering::Relaxed) {
                stream.write_all(&vec![b' '; 1 << 16])?;
            }
            Ok(())
        }
        HostileAnswer::EndlessHeaders => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            while !stop.load(Ordering::Relaxed) {
                stream.write_all(b"x-more: and more\r\n")?;
            }
            Ok(())
        }
        HostileAnswer::EndlessHeader => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nx-more: ")?;
            while !stop.load(Ordering::Relaxed) {
                stream.write_all(&[b'a'; 1 << 12])?;
            }
            Ok(())
        }
        HostileAnswer::Redirect(status, to) => {
            let head = format!("location: {to}\r\n");
            whole(stream, &format!("{status} Elsewhere"), &head, b"")
        }
        HostileAnswer::SlowDrip => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")?;
            while !stop.load(Ordering::Relaxed) {
                stream.write_all(b" ")?;
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok(())
        }
        HostileAnswer::RepeatedPage => whole(stream, "200 OK", "", page("again").as_bytes()),
        HostileAnswer::EndlessPages => {
            let body = if shared {
                r#"{"projects":[]}"#.to_owned()
            } else {
                static PAGE: std::sync::atomic::AtomicUsize =
                    std::sync::atomic::AtomicUsize::new(0);
                page(&PAGE.fetch_add(1, Ordering::Relaxed).to_string())
            };
            whole(stream, "200 OK", "", body.as_bytes())
        }
        HostileAnswer::ManyIds => {
            let ids = vec!["\"\""; 2_000_000].join(",");
            let body = format!("{{\"projects\":[],\"unavailable_project_ids\":[{ids}]}}");
            whole(stream, "200 OK", "", body.as_bytes())
        }
        HostileAnswer::Compressed => whole(
            stream,
            "200 OK",
            "content-encoding: gzip\r\n",
            &gzip_of_zeros(),
        ),
        HostileAnswer::RetryAfter(value) => {
            let head = format!("retry-after: {value}\r\n");
            whole(stream, "429 Too Many Requests", &head, b"{}")
        }
        HostileAnswer::Whole(status, kind, body) => {
            let length = body.len();
            stream.write_all(
                format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").as_bytes(),
            )
        }
    }
}

fn whole(stream: &mut TcpStream, status: &str, head: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    stream.write_all(
        format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{head}content-length: {length}\r\nconnection: close\r\n\r\n")
            .as_bytes(),
    )?;
    stream.write_all(body)
}

fn endless(
    stream: &mut TcpStream,
    status: u16,
    start: &str,
    part: &[u8],
    stop: &AtomicBool,
) -> std::io::Result<()> {
    stream.write_all(
        format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
            .as_bytes(),
    )?;
    let mut chunk = |part: &[u8]| {
        stream.write_all(format!("{:x}\r\n", part.len()).as_bytes())?;
        stream.write_all(part)?;
        stream.write_all(b"\r\n")
    };
    chunk(start.as_bytes())?;
    while !stop.load(Ordering::Relaxed) {
        chunk(part)?;
    }
    Ok(())
}

/// A full page of projects, with this cursor.
fn page(cursor: &str) -> String {
    let project = r#"{"id":"a-1","name":"a","region_id":"r","pg_version":17,"created_at":"2025-01-01T00:00:00Z"}"#;
    let projects = vec![project; 400].join(",");
    format!(r#"{{"projects":[{projects}],"pagination":{{"cursor":"{cursor}"}}}}"#)
}

/// The beginning of a gzip that unpacks to zeros.
fn gzip_of_zeros() -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    bytes.extend_from_slice(&[0xed, 0xc1, 0x01, 0x01, 0, 0, 0, 0x80, 0x90, 0xfe]);
    bytes
}
