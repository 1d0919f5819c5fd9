//! The few messages of the Postgres protocol that the front reads and writes before it steps aside.
//!
//! <https://www.postgresql.org/docs/17/protocol-message-formats.html>

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The version of the protocol that clients of today speak: 3.0.
pub(crate) const PROTOCOL_3: u32 = 3 << 16;
pub(crate) const CANCEL_REQUEST: u32 = 80_877_102;
/// The code, the process and its secret.
pub(crate) const CANCEL_LENGTH: usize = 12;
pub(crate) const SSL_REQUEST: u32 = 80_877_103;
pub(crate) const GSSENC_REQUEST: u32 = 80_877_104;

/// The server's own limit for a start-up packet (`MAX_STARTUP_PACKET_LENGTH`).
const STARTUP_LIMIT: usize = 10_000;

/// Frames a message with its type and length.
pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len() + 5);
    bytes.push(kind);
    bytes.extend(length(body.len()));
    bytes.extend(body);
    bytes
}

/// Frames a packet without a type, with which a connection starts.
pub(crate) fn untyped(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len() + 4);
    bytes.extend(length(body.len()));
    bytes.extend(body);
    bytes
}

fn length(body: usize) -> [u8; 4] {
    u32::try_from(body + 4).unwrap_or(u32::MAX).to_be_bytes()
}

/// A server's fatal error.
pub(crate) fn fatal(sqlstate: &str, text: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (field, value) in [
        (b'S', "FATAL"),
        (b'V', "FATAL"),
        (b'C', sqlstate),
        (b'M', text),
    ] {
        body.push(field);
        body.extend(value.as_bytes());
        body.push(0);
    }
    body.push(0);
    message(b'E', &body)
}

/// Reads the packet that starts a connection, without its length.
pub(crate) async fn read_untyped(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let length = stream.read_u32().await?;
    read_body(stream, length).await
}

/// Reads one message of a client that is not authenticated yet, so nothing long is accepted.
pub(crate) async fn read_message(
    stream: &mut (impl AsyncRead + Unpin),
) -> io::Result<(u8, Vec<u8>)> {
    let kind = stream.read_u8().await?;
    let length = stream.read_u32().await?;
    Ok((kind, read_body(stream, length).await?))
}

/// Reads one message of a server, of so many bytes at most.
pub(crate) async fn read_server_message(
    stream: &mut (impl AsyncRead + Unpin),
    limit: usize,
) -> io::Result<(u8, Vec<u8>)> {
    let kind = stream.read_u8().await?;
    let length = stream.read_u32().await?;
    Ok((kind, read_within(stream, length, limit).await?))
}

async fn read_body(stream: &mut (impl AsyncRead + Unpin), length: u32) -> io::Result<Vec<u8>> {
    read_within(stream, length, STARTUP_LIMIT).await
}

async fn read_within(
    stream: &mut (impl AsyncRead + Unpin),
    length: u32,
    limit: usize,
) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let body = length
        .checked_sub(4)
        .filter(|body| *body <= limit)
        .ok_or_else(|| malformed("a message's length is out of range"))?;
    let mut bytes = vec![0; body];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// The first four bytes of a start-up packet: the protocol version, or the code of a request.
pub(crate) fn code(packet: &[u8]) -> io::Result<(u32, &[u8])> {
    packet
        .split_first_chunk::<4>()
        .map(|(code, rest)| (u32::from_be_bytes(*code), rest))
        .ok_or_else(|| malformed("a start-up packet is too short"))
}

/// The error for bytes that do not follow the protocol.
pub(crate) fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn impossible_message_length_is_refused() {
        for length in [0_u32, 3, 10_005, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
            let bytes = length.to_be_bytes();
            assert_eq!(
                read_untyped(&mut &bytes[..]).await.unwrap_err().kind(),
                io::ErrorKind::InvalidData
            );
        }
        assert!(code(&[0, 1]).is_err());
    }
}
