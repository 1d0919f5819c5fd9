//! Stands between sqlx and a server that is logged in: passes on what is of the protocol and within its bounds.
//!
//! sqlx takes memory for whatever a server announces, answers any request for the password, and ends the program on some malformed
//! messages. So it never talks to a server: it talks to a socket of ours, in a folder that only we can enter and that is gone as
//! soon as it is connected.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    time::timeout,
};

use crate::{
    core::secret::Secret,
    domain::hex::hex,
    os::sockets::{Listener, Stream},
    ports::database::{
        login::LoggedIn,
        tls::ServerRoute,
        wire::{
            self, COLUMNS_LIMIT, Fields, MESSAGE_LIMIT, Message, ReplyMeter, ServerError, WireError,
        },
    },
};

/// How long sqlx may take to connect to us.
const OWN_LIMIT: Duration = Duration::from_secs(10);
/// How long asking the server to cancel a query may take.
const CANCEL_LIMIT: Duration = Duration::from_secs(5);
/// How long the end of a connection is waited for, with a query to cancel.
pub(super) const END_LIMIT: Duration = Duration::from_secs(8);
/// The longest message of our own: a file of statements.
const OWN_MESSAGE_LIMIT: usize = 64 * 1024 * 1024;
/// The request for a password in plain text (PostgreSQL, "Message Formats").
const ASK_PASSWORD: i32 = 3;
/// The longest message with a password.
const PASSWORD_LIMIT: usize = 1024;
/// The message that ends a session.
const TERMINATE: [u8; 5] = [b'X', 0, 0, 0, 4];

/// What sqlx connects to, once.
pub(super) struct Door {
    _folder: TempDir,
    listener: Listener,
    password: Secret,
}

impl Door {
    pub(super) fn open() -> io::Result<Self> {
        // only its owner can enter it
        let folder = tempfile::Builder::new().prefix("neonup-").tempdir()?;
        let listener = Listener::bind(folder.path())?;
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        Ok(Self {
            _folder: folder,
            listener,
            password: Secret::new(hex(&random)),
        })
    }

    /// Where sqlx connects.
    pub(super) const fn listener(&self) -> &Listener {
        &self.listener
    }

    /// What proves that it is our own client, and not another program that was quicker.
    pub(super) const fn password(&self) -> &Secret {
        &self.password
    }

    /// Lets one client in, and passes on between it and the server until one of them goes. A query that the client has left in the
    /// middle is canceled, by `route`: the server would work on for nobody.
    pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        server: LoggedIn<S>,
        route: &ServerRoute,
    ) -> io::Result<()> {
        let let_in = async {
            let mut client = self.listener.accept().await?;
            start_up(&mut client, &self.password).await?;
            Ok::<_, io::Error>(client)
        };
        let client = timeout(OWN_LIMIT, let_in).await??;
        drop(self);
        pass(client, server, route).await
    }
}

async fn pass<S: AsyncRead + AsyncWrite + Unpin>(
    mut client: Stream,
    server: LoggedIn<S>,
    route: &ServerRoute,
) -> io::Result<()> {
    // authentication is done
    client
        .write_all(&wire::frame(b'R', &0_i32.to_be_bytes()))
        .await?;
    client.write_all(&server.greeting).await?;
    let (from_client, to_client) = client.into_split();
    let (from_server, mut to_server) = tokio::io::split(server.stream);
    let busy = Arc::new(AtomicBool::new(false));
    let asking = ask(BufReader::new(from_client), &mut to_server, &busy);
    let answering = answer(BufReader::new(from_server), to_client, &busy);
    tokio::select! {
        () = asking => {}
        () = answering => {}
    }
    let key = server.cancel_key.filter(|_| busy.load(Ordering::Relaxed));
    if let Some(key) = key {
        // as long as the connection stands: a proxy forgets the key with it
        match timeout(CANCEL_LIMIT, route.cancel(&key)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a query couldn't be canceled"),
            Err(_elapsed) => tracing::debug!("a query couldn't be canceled in time"),
        }
    }
    let ended = async {
        to_server.write_all(&TERMINATE).await?;
        to_server.shutdown().await
    };
    timeout(OWN_LIMIT, ended).await.ok();
    Ok(())
}

/// Reads sqlx's own start-up message, of which nothing matters: we are logged in. Then asks for the password of the door.
async fn start_up(client: &mut Stream, password: &Secret) -> io::Result<()> {
    let length = client.read_u32().await?;
    let rest = u64::from(length).saturating_sub(4);
    tokio::io::copy(&mut client.take(rest), &mut tokio::io::sink()).await?;
    client
        .write_all(&wire::frame(b'R', &ASK_PASSWORD.to_be_bytes()))
        .await?;
    client.flush().await?;
    let answer = wire::read(client, PASSWORD_LIMIT).await;
    let right = answer.is_ok_and(|message| {
        let given = message.body.strip_suffix(b"\0").unwrap_or_default();
        // of a random password, a hash tells nothing to whoever measures how long the comparison takes
        message.kind == b'p'
            && Sha256::digest(given) == Sha256::digest(password.expose().as_bytes())
    });
    if right {
        Ok(())
    } else {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

/// Passes on what sqlx asks, until it goes.
async fn ask(
    mut from: impl AsyncRead + Unpin,
    to: &mut (impl AsyncWrite + Unpin),
    busy: &AtomicBool,
) {
    while let Ok(message) = wire::read(&mut from, OWN_MESSAGE_LIMIT).await {
        match message.kind {
            b'X' => return,
            b'Q' | b'S' => busy.store(true, Ordering::Relaxed),
            _ => {}
        }
        let sent = async {
            to.write_all(&message.frame()).await?;
            to.flush().await
        };
        if sent.await.is_err() {
            return;
        }
    }
}

/// Passes on what the server answers, until it goes or does what it should not. Then sqlx is told why, in the server's place.
async fn answer(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    busy: &AtomicBool,
) {
    let mut meter = ReplyMeter::default();
    loop {
        let passed = async {
            let message = wire::read(&mut from, MESSAGE_LIMIT).await?;
            meter.count(&message)?;
            if message.kind == b'Z' {
                meter = ReplyMeter::default();
                busy.store(false, Ordering::Relaxed);
            }
            if let Some(frame) = checked(&message)? {
                to.write_all(&frame).await?;
            }
            Ok(())
        };
        match passed.await {
            Ok(()) => {}
            // sqlx is told by the end of the stream
            Err(WireError::Cut(_)) => return,
            Err(error) => {
                tracing::warn!(%error, "no longer reading from a database server");
                let error = ServerError::ours(&error.to_string());
                to.write_all(&error.frame()).await.ok();
                return;
            }
        }
    }
}

/// The message as sqlx may read it; `None` where it need not.
fn checked(message: &Message) -> Result<Option<Vec<u8>>, WireError> {
    let body = &message.body;
    let right = match message.kind {
        // notices, notifications and changed parameters
        b'N' | b'A' | b'S' => return Ok(None),
        b'E' => return Ok(Some(ServerError::parse(message)?.frame())),
        b'Z' => matches!(body.as_slice(), b"I" | b"T" | b"E"),
        b'T' => is_description(&mut Fields(body))?,
        b'D' => is_row(&mut Fields(body))?,
        b'C' => body.last() == Some(&0) && std::str::from_utf8(body).is_ok(),
        // an empty query, the answers to the extended protocol, a portal that pauses, and the end of COPY
        b'I' | b'n' | b's' | b'1' | b'2' | b'3' | b'c' => body.is_empty(),
        // COPY
        b'G' | b'H' | b'W' => body.len() >= 3,
        b'd' => true,
        b't' => body.len() >= 2,
        _ => return Err(message.unexpected()),
    };
    if right {
        Ok(Some(message.frame()))
    } else {
        Err(message.malformed())
    }
}

/// Whether the columns of a row are described whole.
fn is_description(fields: &mut Fields<'_>) -> Result<bool, WireError> {
    let Some(columns) = fields.int16() else {
        return Ok(false);
    };
    if columns > COLUMNS_LIMIT {
        return Err(WireError::TooManyColumns(columns));
    }
    Ok((0..columns).all(|_| {
        // table, number, type, length, modifier, format
        let name = fields
            .text()
            .is_some_and(|name| std::str::from_utf8(name).is_ok());
        name && fields.take(18).is_some()
    }) && fields.0.is_empty())
}

/// Whether the values of a row are all there.
fn is_row(fields: &mut Fields<'_>) -> Result<bool, WireError> {
    let Some(columns) = fields.int16() else {
        return Ok(false);
    };
    if columns > COLUMNS_LIMIT {
        return Err(WireError::TooManyColumns(columns));
    }
    Ok((0..columns).all(|_| match fields.int32() {
        Some(-1) => true,
        // all values are asked for as text
        Some(length) => usize::try_from(length)
            .ok()
            .and_then(|length| fields.take(length))
            .is_some_and(|value| std::str::from_utf8(value).is_ok()),
        None => false,
    }) && fields.0.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(kind: u8, body: &[u8]) -> Result<Option<Vec<u8>>, WireError> {
        checked(&Message {
            kind,
            body: body.to_vec(),
        })
    }

    #[test]
    fn only_whole_messages_of_the_protocol_pass() {
        assert!(
            verdict(b'D', b"\0\x02\xff\xff\xff\xff\0\0\0\x01x")
                .unwrap()
                .is_some()
        );
        assert!(verdict(b'N', b"anything").unwrap().is_none());
        for (kind, body) in [
            (b'D', b"".as_slice()),
            (b'D', b"\0\x01"),
            (b'D', b"\0\x01\0\0\0\x05x"),
            (b'D', b"\0\x01\x80\0\0\0"),
            (b'D', b"\0\0x"),
            (b'T', b"\0\x01name"),
            (b'T', b"\0\x01\xff\0aaaabbccccddeeeeff"),
            (b'Z', b"X"),
            (b'Z', b""),
            (b'C', b"SELECT 1"),
            (b'E', b"M"),
        ] {
            let found = verdict(kind, body);
            assert!(
                matches!(found, Err(WireError::Malformed(_))),
                "{kind} {body:?}"
            );
        }
        assert!(matches!(
            verdict(b'T', b"\xff\xff"),
            Err(WireError::TooManyColumns(65535))
        ));
        assert!(matches!(
            verdict(b'R', &0_i32.to_be_bytes()),
            Err(WireError::Unexpected('R'))
        ));
    }
}
