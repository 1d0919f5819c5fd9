//! The few messages of the Postgres protocol that the front reads and writes before it steps aside.
//!
//! <https://www.postgresql.org/docs/17/protocol-message-formats.html>

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

pub(crate) const CANCEL_REQUEST: u32 = 80_877_102;
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

async fn read_body(stream: &mut (impl AsyncRead + Unpin), length: u32) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let body = length
        .checked_sub(4)
        .filter(|body| *body <= STARTUP_LIMIT)
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

/// The packet with which a client starts its session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Startup {
    pub(crate) version: u32,
    /// `user`, `database`, `options`, and settings such as `application_name`.
    pub(crate) parameters: Vec<(String, String)>,
}

impl Startup {
    pub(crate) fn parse(packet: &[u8]) -> io::Result<Self> {
        let (version, rest) = code(packet)?;
        let mut texts = rest
            .split(|byte| *byte == 0)
            .map(|text| String::from_utf8_lossy(text).into_owned());
        let mut parameters = Vec::new();
        while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
            if name.is_empty() {
                break;
            }
            parameters.push((name, value));
        }
        Ok(Self {
            version,
            parameters,
        })
    }

    /// The packet, with its length.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut body = self.version.to_be_bytes().to_vec();
        for (name, value) in &self.parameters {
            for text in [name, value] {
                body.extend(text.as_bytes());
                body.push(0);
            }
        }
        body.push(0);
        untyped(&body)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Removes Neon's routing hints (`endpoint=`, `project=`) from `options`, which the server would refuse.
    pub(crate) fn strip_routing(&mut self) {
        for (_, value) in self
            .parameters
            .iter_mut()
            .filter(|(name, _)| name == "options")
        {
            *value = value
                .split_whitespace()
                .filter(|word| {
                    let word = word.trim_start_matches("-c").trim_start_matches("--");
                    !word.starts_with("endpoint=") && !word.starts_with("project=")
                })
                .collect::<Vec<_>>()
                .join(" ");
        }
        self.parameters
            .retain(|(name, value)| name != "options" || !value.is_empty());
    }

    /// Adds a server setting to `options`.
    pub(crate) fn add_option(&mut self, setting: &str) {
        let option = format!("-c {setting}");
        if let Some((_, value)) = self
            .parameters
            .iter_mut()
            .find(|(name, _)| name == "options")
        {
            value.push(' ');
            value.push_str(&option);
        } else {
            self.parameters.push(("options".to_owned(), option));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn startup(options: &str) -> Startup {
        Startup {
            version: 196_608, // 3.0
            parameters: vec![
                ("user".to_owned(), "neondb_owner".to_owned()),
                ("options".to_owned(), options.to_owned()),
            ],
        }
    }

    #[test]
    fn startup_packet_survives_the_round_trip() {
        let startup = startup("-c search_path=a");
        assert_eq!(Startup::parse(&startup.encode()[4..]).unwrap(), startup);
    }

    #[test]
    fn only_the_routing_hint_is_removed_from_options() {
        let mut with = startup("endpoint=ep-misty-sea-a5833nbi -c search_path=a");
        with.strip_routing();
        assert_eq!(with.get("options"), Some("-c search_path=a"));
        let mut only = startup("endpoint=ep-misty-sea-a5833nbi");
        only.strip_routing();
        assert_eq!(only.get("options"), None);
        only.add_option("default_transaction_read_only=on");
        assert_eq!(
            only.get("options"),
            Some("-c default_transaction_read_only=on")
        );
    }

    #[tokio::test]
    async fn impossible_message_length_is_refused() {
        for length in [0_u32, 3, 0xffff_ffff] {
            let bytes = length.to_be_bytes();
            assert_eq!(
                read_untyped(&mut &bytes[..]).await.unwrap_err().kind(),
                io::ErrorKind::InvalidData
            );
        }
        assert!(code(&[0, 1]).is_err());
    }
}
