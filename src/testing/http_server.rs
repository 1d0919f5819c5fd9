//! An HTTP server that misbehaves in one way.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

/// How the server answers every request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Behavior {
    Status(u16, &'static str),
    /// Closes the connection without an answer.
    Reset,
    /// Never answers.
    Silence,
    /// Announces more than it sends.
    Truncated,
    Body(&'static str),
}

/// Answers every request in the same way, and counts them.
pub(crate) struct HttpServer {
    pub base: String,
    requests: Arc<std::sync::Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl HttpServer {
    pub(crate) fn start(behavior: Behavior) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let base = format!("http://{}/api/v2", listener.local_addr().unwrap());
        let requests = Arc::new(std::sync::Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (seen, stopped) = (Arc::clone(&requests), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let mut stream = stream.unwrap();
                let Some(request) = read_request(&mut stream) else {
                    continue;
                };
                seen.lock().unwrap().push(request);
                match behavior {
                    Behavior::Status(status, body) => answer(&mut stream, status, body),
                    Behavior::Body(body) => answer(&mut stream, 200, body),
                    Behavior::Reset => {}
                    Behavior::Silence => held.push(stream),
                    Behavior::Truncated => {
                        stream
                            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"proj")
                            .ok();
                    }
                }
            }
        });
        Self {
            base,
            requests,
            stop,
            thread: Some(thread),
        }
    }

    /// Counts the requests whose first line begins like this.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.requests
            .lock()
            .unwrap()
            .iter()
            .filter(|line| line.starts_with(method))
            .count()
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let address = self
            .base
            .trim_start_matches("http://")
            .trim_end_matches("/api/v2")
            .to_owned();
        TcpStream::connect(address).ok();
        self.thread.take().unwrap().join().ok();
    }
}

/// The first line of a request, read to the end of its body.
fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" || line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(first.trim().to_owned())
}

/// Answers as Neon does, with a request id.
pub(crate) fn answer(stream: &mut TcpStream, status: u16, body: &str) {
    let text = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nx-neon-ret-request-id: req-42\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).ok();
}
