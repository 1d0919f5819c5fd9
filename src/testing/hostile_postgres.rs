//! Postgres servers with a certificate that is trusted, which ask for the password, skip the login, or send more than anybody wants.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each part of the talk goes wrong for a few answers alone"
)]

use std::{
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};
use sha2::Sha256;

/// What a hostile server does. Those from [`Self::HugeMessage`] on log in properly, and do it at the first query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PostgresAnswer {
    /// Asks for the password with this method, 3 for plain text and 5 for MD5, and takes whatever comes.
    Method(i32),
    /// Lets in without a question.
    NoPassword,
    /// Offers something else than SCRAM.
    NoScram,
    /// Offers SCRAM without channel binding.
    NoBinding,
    /// Asks for this many iterations.
    Iterations(u64),
    /// Answers with a nonce of its own.
    ForeignNonce,
    /// Does not know the password, and says that all is well.
    WrongSignature,
    /// Lets in right after our proof.
    NoSignature,
    /// Asks for the password in plain text after our proof.
    PlainTextAfterProof,
    /// Announces a message of this length in the middle of the login.
    LoginLength(i32),
    /// Sends notices for ever in place of a login.
    LoginNotices,
    HugeMessage,
    NegativeMessage,
    Notices,
    Rows,
    WideRow,
    /// A row with a value that is longer than the row.
    BrokenRow,
    /// Sends the beginning of an error in plain text behind its answer to the request for TLS.
    PlainTextBeforeTls,
    /// Shows certificates of more than 64 kB.
    EndlessCertificates,
    /// Never answers a query.
    Silent,
    /// Is what it should be.
    Proper,
}

/// A server on a port of `localhost`.
pub(crate) struct HostilePostgres {
    pub port: u16,
    /// Its certificate, as PEM: who is given it trusts the server.
    pub authority: String,
    received: Arc<Mutex<Vec<u8>>>,
    stop: Arc<AtomicBool>,
}

/// The code of a `CancelRequest`.
const CANCEL: &[u8] = &[4, 210, 22, 46];

type Stream = StreamOwned<ServerConnection, TcpStream>;

impl HostilePostgres {
    pub(crate) fn start(answer: PostgresAnswer, password: &'static str) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let mut chain = vec![made.cert.der().clone()];
        if answer == PostgresAnswer::EndlessCertificates {
            // some 350 bytes each
            chain = vec![made.cert.der().clone(); 400];
        }
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            authority: made.cert.pem(),
            received: Arc::default(),
            stop: Arc::default(),
        };
        let (received, stop) = (Arc::clone(&server.received), Arc::clone(&server.stop));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let (Ok(stream), config) = (stream, Arc::clone(&config)) else {
                    continue;
                };
                let (received, stop) = (Arc::clone(&received), Arc::clone(&stop));
                std::thread::spawn(move || {
                    // whoever goes away in the middle has seen enough
                    serve(stream, config, answer, password, &received, &stop).ok();
                });
            }
        });
        server
    }

    /// Everything that clients have sent under TLS.
    pub(crate) fn received(&self) -> Vec<u8> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for HostilePostgres {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        TcpStream::connect(("127.0.0.1", self.port)).ok();
    }
}

fn serve(
    mut tcp: TcpStream,
    config: Arc<ServerConfig>,
    answer: PostgresAnswer,
    password: &str,
    received: &Mutex<Vec<u8>>,
    stop: &AtomicBool,
) -> io::Result<()> {
    tcp.set_write_timeout(Some(Duration::from_secs(30)))?;
    let mut request = [0; 8];
    tcp.read_exact(&mut request)?;
    if answer == PostgresAnswer::PlainTextBeforeTls {
        tcp.write_all(
            &[
                b"S".as_slice(),
                &frame(b'E', b"SFATAL\0C28P01\0Mforged\0\0"),
            ]
            .concat(),
        )?;
    } else {
        tcp.write_all(b"S")?;
    }
    let tls = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(tls, tcp);
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut start = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap() - 4];
    stream.read_exact(&mut start)?;
    received.lock().unwrap().extend_from_slice(&start);
    if start.starts_with(CANCEL) {
        // Postgres closes the connection without a word
        return Ok(());
    }
    if !log_in(&mut stream, answer, password, received, stop)? {
        return Ok(());
    }
    for (name, value) in [("server_version", "17.5"), ("client_encoding", "UTF8")] {
        send(&mut stream, b'S', format!("{name}\0{value}\0").as_bytes())?;
    }
    send(&mut stream, b'K', &[0, 0, 0, 1, 0, 0, 0, 2])?;
    send(&mut stream, b'Z', b"I")?;
    loop {
        let (kind, _) = receive(&mut stream, received)?;
        if kind != b'Q' {
            return Ok(());
        }
        misbehave(&mut stream, answer, stop)?;
    }
}

/// Whether the client is logged in.
fn log_in(
    stream: &mut Stream,
    answer: PostgresAnswer,
    password: &str,
    received: &Mutex<Vec<u8>>,
    stop: &AtomicBool,
) -> io::Result<bool> {
    match answer {
        PostgresAnswer::NoPassword => {
            ask(stream, 0, b"")?;
            return Ok(true);
        }
        PostgresAnswer::Method(method) => {
            ask(stream, method, b"salt")?;
            receive(stream, received)?;
            ask(stream, 0, b"")?;
            return Ok(true);
        }
        PostgresAnswer::LoginLength(length) => {
            stream.write_all(b"R")?;
            stream.write_all(&length.to_be_bytes())?;
            return endless(stream, &[0; 8192], stop).map(|()| false);
        }
        PostgresAnswer::LoginNotices => {
            return endless(stream, &frame(b'N', b"SNOTICE\0Mmore\0\0"), stop).map(|()| false);
        }
        PostgresAnswer::NoScram => {
            ask(stream, 10, b"OAUTHBEARER\0\0")?;
            receive(stream, received)?;
            return Ok(false);
        }
        _ => {}
    }
    let offer: &[u8] = if answer == PostgresAnswer::NoBinding {
        b"SCRAM-SHA-256\0\0"
    } else {
        b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"
    };
    ask(stream, 10, offer)?;
    let (_, first) = receive(stream, received)?;
    let first = String::from_utf8_lossy(&first).into_owned();
    let bare = first
        .get(first.find("n=,r=").unwrap_or(0)..)
        .unwrap_or_default();
    let nonce = bare.trim_start_matches("n=,r=");
    let nonce = if answer == PostgresAnswer::ForeignNonce {
        "foreign".to_owned()
    } else {
        format!("{nonce}server")
    };
    let iterations = match answer {
        PostgresAnswer::Iterations(iterations) => iterations,
        _ => 4096,
    };
    let server_first = format!("r={nonce},s={},i={iterations}", BASE64.encode("salt"));
    ask(stream, 11, server_first.as_bytes())?;
    let (_, last) = receive(stream, received)?;
    match answer {
        PostgresAnswer::NoSignature => {
            ask(stream, 0, b"")?;
            return Ok(true);
        }
        PostgresAnswer::PlainTextAfterProof => {
            ask(stream, 3, b"")?;
            receive(stream, received)?;
            return Ok(false);
        }
        _ => {}
    }
    let last = String::from_utf8_lossy(&last).into_owned();
    let without_proof = last.rsplit_once(",p=").map_or("", |(before, _)| before);
    let known = if answer == PostgresAnswer::WrongSignature {
        "another"
    } else {
        password
    };
    let key = mac(&salted(known), b"Server Key");
    let signature = mac(
        &key,
        format!("{bare},{server_first},{without_proof}").as_bytes(),
    );
    ask(
        stream,
        12,
        format!("v={}", BASE64.encode(signature)).as_bytes(),
    )?;
    ask(stream, 0, b"")?;
    Ok(true)
}

/// Answers a query.
fn misbehave(stream: &mut Stream, answer: PostgresAnswer, stop: &AtomicBool) -> io::Result<()> {
    let column = b"\0\x01one\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0";
    match answer {
        PostgresAnswer::Silent => {
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        }
        PostgresAnswer::HugeMessage => {
            stream.write_all(b"D\x7f\xff\xff\xff")?;
            endless(stream, &[0; 8192], stop)
        }
        PostgresAnswer::NegativeMessage => {
            stream.write_all(b"D\xff\xff\xff\xff")?;
            endless(stream, &[0; 8192], stop)
        }
        PostgresAnswer::Notices => endless(
            stream,
            &frame(b'N', b"SNOTICE\0VNOTICE\0C00000\0Mmore\0\0"),
            stop,
        ),
        PostgresAnswer::Rows => {
            send(stream, b'T', column)?;
            endless(stream, &frame(b'D', b"\0\x01\0\0\0\x011").repeat(500), stop)
        }
        PostgresAnswer::WideRow => {
            send(stream, b'T', b"\xff\xff")?;
            endless(stream, &frame(b'D', b"\xff\xff"), stop)
        }
        PostgresAnswer::BrokenRow => {
            send(stream, b'T', column)?;
            send(stream, b'D', b"\0\x01\0\0\xff\xff1")?;
            send(stream, b'C', b"SELECT 1\0")?;
            send(stream, b'Z', b"I")
        }
        _ => {
            send(stream, b'T', column)?;
            send(stream, b'D', b"\0\x01\0\0\0\x011")?;
            send(stream, b'C', b"SELECT 1\0")?;
            send(stream, b'Z', b"I")
        }
    }
}

fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind], length.to_be_bytes().as_slice(), body].concat()
}

fn send(stream: &mut Stream, kind: u8, body: &[u8]) -> io::Result<()> {
    stream.write_all(&frame(kind, body))
}

fn ask(stream: &mut Stream, method: i32, data: &[u8]) -> io::Result<()> {
    send(stream, b'R', &[&method.to_be_bytes(), data].concat())
}

fn endless(stream: &mut Stream, part: &[u8], stop: &AtomicBool) -> io::Result<()> {
    while !stop.load(Ordering::Relaxed) {
        stream.write_all(part)?;
    }
    Ok(())
}

fn receive(stream: &mut Stream, received: &Mutex<Vec<u8>>) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let [kind, length @ ..] = head;
    let mut body = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap() - 4];
    stream.read_exact(&mut body)?;
    received.lock().unwrap().extend_from_slice(&body);
    Ok((kind, body))
}

fn salted(password: &str) -> [u8; 32] {
    let mut block = mac(password.as_bytes(), b"salt\0\0\0\x01");
    let mut result = block;
    for _ in 1..4096 {
        block = mac(password.as_bytes(), &block);
        for (byte, more) in result.iter_mut().zip(block) {
            *byte ^= more;
        }
    }
    result
}

fn mac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(data);
    mac.finalize().into_bytes().into()
}
