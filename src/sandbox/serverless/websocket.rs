//! `/v2`: a session of Postgres in a websocket, without TLS of its own.
//!
//! The driver sends its password before it is asked, and its first statement with it, to save round trips; so the password is
//! asked for in plain text, as Neon's proxy does it.

use std::{io, sync::Arc};

use axum::{
    extract::{
        Query, State,
        ws::{Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    response::{IntoResponse as _, Response},
};
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf, duplex, split},
    sync::OwnedSemaphorePermit,
};

use crate::sandbox::{
    serverless::{place::ComputePort, reason::Reason},
    session::{Proving, Target, within},
    wire,
};

/// The longest message of a client, in bytes: it holds what the client has written at once.
const MESSAGE_LIMIT: usize = 16 << 20;
/// What is on its way between the websocket and the session.
const BUFFER: usize = 64 << 10;

/// What the driver adds to an address that is a plain text: `?address=HOST:PORT`.
#[derive(Deserialize)]
pub(super) struct WantedAddress {
    address: Option<String>,
}

/// Makes a websocket of the connection.
pub(super) async fn upgrade(
    State(here): State<Arc<ComputePort>>,
    Query(wanted): Query<WantedAddress>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(other) => return Reason::bad_request(other.body_text()).into_response(),
    };
    let target = match wanted.address.as_deref() {
        Some(address) => {
            let port = address
                .rsplit_once(':')
                .and_then(|(_, port)| port.parse().ok());
            port.and_then(|port| here.at_port(port))
        }
        None => here.own.clone(),
    };
    let Some(target) = target else {
        return Reason::refused(&Target::missing()).into_response();
    };
    let counted = Arc::clone(&here.plane.connections).try_acquire_owned();
    let Ok(counted) = counted else {
        return Reason::bad_request("sorry, too many clients already").into_response();
    };
    upgrade
        .max_message_size(MESSAGE_LIMIT)
        .max_frame_size(MESSAGE_LIMIT)
        .on_upgrade(async move |socket| {
            let plane = Arc::clone(&target.plane);
            plane.spawn(relay(socket, target, counted));
        })
}

/// Serves the session in a websocket until one side ends.
async fn relay(socket: WebSocket, target: Target, _counted: OwnedSemaphorePermit) {
    let (near, mut far) = duplex(BUFFER);
    let (to_client, from_client) = socket.split();
    let (answers, packets) = split(near);
    let session = async {
        let served = session(&target, &mut far).await;
        far.shutdown().await.ok();
        drop(far);
        served
    };
    let sent = send(answers, to_client);
    let received = receive(from_client, packets);
    let work = async {
        // The session's last words are sent before the connection is closed; what comes in then is nobody's.
        tokio::select! {
            (served, sent) = async { tokio::join!(session, sent) } => served.and(sent),
            Err(error) = received => Err(error),
        }
    };
    if let Err(error) = Box::pin(work).await {
        tracing::debug!(%error, endpoint = target.endpoint, "a websocket ended");
    }
}

async fn session(target: &Target, far: &mut DuplexStream) -> io::Result<()> {
    let Ok(login) = target.plane.logins.try_acquire() else {
        let full = wire::fatal("53300", "sorry, too many clients already");
        return far.write_all(&full).await;
    };
    let mut packet = within(wire::read_untyped(far)).await?;
    if wire::code(&packet)?.0 == wire::SSL_REQUEST {
        far.write_all(b"N").await?; // the websocket has TLS already
        packet = within(wire::read_untyped(far)).await?;
    }
    if wire::code(&packet)?.0 == wire::CANCEL_REQUEST {
        return target.cancel(&packet).await;
    }
    target.serve(far, &packet, Proving::PlainText, login).await
}

/// Passes on what the client sends.
async fn receive(
    mut client: SplitStream<WebSocket>,
    mut packets: WriteHalf<DuplexStream>,
) -> io::Result<()> {
    while let Some(message) = client.next().await {
        match message.map_err(io::Error::other)? {
            Message::Binary(bytes) => packets.write_all(&bytes).await?,
            Message::Text(_) => {
                return Err(wire::malformed("unexpected text message in the websocket"));
            }
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(_) => break,
        }
    }
    packets.shutdown().await
}

/// Sends what the session answers.
async fn send(
    mut answers: ReadHalf<DuplexStream>,
    mut client: SplitSink<WebSocket, Message>,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = answers.read(&mut buffer).await?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        let message = Message::Binary(bytes.to_vec().into());
        client.send(message).await.map_err(io::Error::other)?;
    }
    client.close().await.map_err(io::Error::other)
}
