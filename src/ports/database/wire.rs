//! Messages of a Postgres server that is not believed: each is read only as far as it may go. Source: PostgreSQL's protocol 3.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The longest message before the login is done, in bytes. An error with all its fields has some kB.
pub(super) const LOGIN_MESSAGE_LIMIT: usize = 64 * 1024;
/// The longest message afterwards, in bytes: a row of a catalog has some kB.
pub(super) const MESSAGE_LIMIT: usize = 16 * 1024 * 1024;
/// The most that the answer to one query may have, in bytes.
pub(super) const REPLY_LIMIT: usize = 32 * 1024 * 1024;
/// The most rows of one answer. The catalog of a database with 1,000 tables has some 30,000.
pub(super) const ROWS_LIMIT: usize = 200_000;
/// The most columns of a row: Postgres itself has no more.
pub(super) const COLUMNS_LIMIT: usize = 1664;
/// The most notices that come with one answer, or with a login.
pub(super) const NOTICES_LIMIT: usize = 100_000;
/// The most parameters that a server reports at a login; Postgres reports 15.
pub(super) const PARAMETERS_LIMIT: usize = 200;
/// The longest text of an error that is passed on, in bytes.
pub(super) const ERROR_TEXT_LIMIT: usize = 4096;

/// A server that does not keep to the protocol, or sends more than is read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error("the server announced a message of {0} bytes")]
    Length(i32),
    #[error("the server announced a message of {length} bytes; the limit is {limit}")]
    TooLong { length: usize, limit: usize },
    #[error("the server's answer is larger than {} MB", REPLY_LIMIT / (1024 * 1024))]
    ReplyTooLong,
    #[error("the server's answer has more than {ROWS_LIMIT} rows")]
    TooManyRows,
    #[error("the server's answer has {0} columns; Postgres allows at most {COLUMNS_LIMIT}")]
    TooManyColumns(usize),
    #[error("the server sends one notice after another: more than {NOTICES_LIMIT}")]
    TooManyNotices,
    #[error("the server reports more than {PARAMETERS_LIMIT} parameters")]
    TooManyParameters,
    #[error("the server sent an unexpected message (type {0:?})")]
    Unexpected(char),
    #[error("the server sent a malformed message (type {0:?})")]
    Malformed(char),
    #[error("the connection was closed")]
    Cut(#[from] std::io::Error),
}

/// A message of the server.
pub(super) struct Message {
    pub kind: u8,
    pub body: Vec<u8>,
}

impl Message {
    /// The message as it is sent.
    pub(super) fn frame(&self) -> Vec<u8> {
        frame(self.kind, &self.body)
    }

    pub(super) fn malformed(&self) -> WireError {
        WireError::Malformed(char::from(self.kind))
    }

    pub(super) fn unexpected(&self) -> WireError {
        WireError::Unexpected(char::from(self.kind))
    }
}

/// Writes a message.
pub(super) fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(body.len() + 5);
    bytes.push(kind);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// Reads a message. Memory is taken for what has arrived, not for what is announced.
pub(super) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    limit: usize,
) -> Result<Message, WireError> {
    let kind = stream.read_u8().await?;
    let announced = stream.read_i32().await?;
    let length = usize::try_from(announced)
        .ok()
        .and_then(|length| length.checked_sub(4))
        .ok_or(WireError::Length(announced))?;
    if length > limit {
        return Err(WireError::TooLong { length, limit });
    }
    let mut body = Vec::new();
    stream
        .take(u64::try_from(length).unwrap_or(u64::MAX))
        .read_to_end(&mut body)
        .await?;
    if body.len() < length {
        return Err(WireError::Cut(std::io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(Message { kind, body })
}

/// Counts what the answer to one query, or a login, has brought so far.
#[derive(Default)]
pub(super) struct ReplyMeter {
    bytes: usize,
    rows: usize,
    notices: usize,
}

impl ReplyMeter {
    /// Counts a message; an error where that is one too many.
    pub(super) fn count(&mut self, message: &Message) -> Result<(), WireError> {
        match message.kind {
            // they are not kept, so that only their number matters
            b'N' | b'A' | b'S' => {
                self.notices += 1;
                if self.notices > NOTICES_LIMIT {
                    return Err(WireError::TooManyNotices);
                }
            }
            b'D' => {
                self.rows += 1;
                if self.rows > ROWS_LIMIT {
                    return Err(WireError::TooManyRows);
                }
            }
            _ => {}
        }
        if !matches!(message.kind, b'N' | b'A' | b'S') {
            self.bytes = self.bytes.saturating_add(message.body.len() + 5);
        }
        if self.bytes > REPLY_LIMIT {
            return Err(WireError::ReplyTooLong);
        }
        Ok(())
    }
}

/// Reads the pieces of a message; `None` where it is at its end.
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn int16(&mut self) -> Option<usize> {
        let bytes: [u8; 2] = self.take(2)?.try_into().ok()?;
        Some(usize::from(u16::from_be_bytes(bytes)))
    }

    pub(super) fn int32(&mut self) -> Option<i32> {
        let bytes: [u8; 4] = self.take(4)?.try_into().ok()?;
        Some(i32::from_be_bytes(bytes))
    }

    /// A text that ends with a zero byte.
    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr(0, self.0)?;
        let text = self.take(end)?;
        self.take(1)?;
        Some(text)
    }
}

/// A refusal of the server, in readable texts of bounded length.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ServerError {
    /// The fields with their letters, the severity first.
    fields: Vec<(u8, String)>,
}

impl ServerError {
    /// The error of ours in the server's place.
    pub(super) fn ours(text: &str) -> Self {
        let field = |kind, text: &str| (kind, text.to_owned());
        Self {
            fields: vec![
                field(b'S', "FATAL"),
                field(b'V', "FATAL"),
                // protocol_violation
                field(b'C', "08P01"),
                field(b'M', text),
            ],
        }
    }

    pub(super) fn parse(message: &Message) -> Result<Self, WireError> {
        let mut fields = Fields(&message.body);
        let mut found: Vec<(u8, String)> = Vec::new();
        loop {
            let Some([kind]) = fields.take(1) else {
                return Err(message.malformed());
            };
            if *kind == 0 {
                break;
            }
            let text = fields.text().ok_or_else(|| message.malformed())?;
            let text = text.get(..ERROR_TEXT_LIMIT).unwrap_or(text);
            if !found.iter().any(|(known, _)| known == kind) {
                found.push((*kind, String::from_utf8_lossy(text).into_owned()));
            }
        }
        let severity =
            |text: &str| matches!(text, "PANIC" | "FATAL" | "ERROR").then(|| text.to_owned());
        let known = |kind| found.iter().find(|(known, _)| *known == kind);
        let severity = known(b'V')
            .and_then(|(_, text)| severity(text))
            .or_else(|| known(b'S').and_then(|(_, text)| severity(text)))
            .unwrap_or_else(|| "ERROR".to_owned());
        let code = known(b'C').map_or("XX000", |(_, code)| code).to_owned();
        let text = known(b'M')
            .map_or("no message", |(_, text)| text)
            .to_owned();
        let mut fields = vec![
            (b'S', severity.clone()),
            (b'V', severity),
            (b'C', code),
            (b'M', text),
        ];
        fields.extend(
            found
                .into_iter()
                .filter(|(kind, _)| !matches!(kind, b'S' | b'V' | b'C' | b'M')),
        );
        Ok(Self { fields })
    }

    fn field(&self, kind: u8) -> String {
        let found = self.fields.iter().find(|(known, _)| *known == kind);
        found.map(|(_, text)| text.clone()).unwrap_or_default()
    }

    /// The SQLSTATE.
    pub(super) fn code(&self) -> String {
        self.field(b'C')
    }

    pub(super) fn message(&self) -> String {
        self.field(b'M')
    }

    /// The message as it is sent.
    pub(super) fn frame(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (kind, text) in &self.fields {
            body.push(*kind);
            body.extend(text.bytes().filter(|byte| *byte != 0));
            body.push(0);
        }
        body.push(0);
        frame(b'E', &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn reading(bytes: &[u8]) -> Result<Message, WireError> {
        read(&mut &*bytes, 100).await
    }

    #[tokio::test]
    async fn a_message_of_an_impossible_length_is_refused() {
        for length in [-1, i32::MIN, 0, 3] {
            let bytes = [b"N".as_slice(), &length.to_be_bytes()].concat();
            let found = reading(&bytes).await;
            assert!(matches!(found, Err(WireError::Length(_))), "{length}");
        }
        for length in [105, i32::MAX] {
            let bytes = [b"N".as_slice(), &length.to_be_bytes()].concat();
            let found = reading(&bytes).await;
            assert!(matches!(found, Err(WireError::TooLong { .. })), "{length}");
        }
        let short = [b"N".as_slice(), &50_i32.to_be_bytes(), b"short"].concat();
        assert!(matches!(reading(&short).await, Err(WireError::Cut(_))));
        let whole = reading(&frame(b'Z', b"I")).await.unwrap();
        assert_eq!((whole.kind, whole.body.as_slice()), (b'Z', b"I".as_slice()));
    }

    #[test]
    fn an_error_is_made_readable_and_short() {
        let mut body = b"SWEIRD\0C28P01\0M".to_vec();
        body.resize(body.len() + 100_000, 0xff);
        body.extend_from_slice(b"\0\0");
        let message = Message { kind: b'E', body };
        let error = ServerError::parse(&message).unwrap();
        assert_eq!(error.code(), "28P01");
        assert_eq!(error.message().chars().count(), ERROR_TEXT_LIMIT);
        for broken in [b"".as_slice(), b"M", b"Mno end", b"Mno end\0"] {
            let body = broken.to_vec();
            assert!(ServerError::parse(&Message { kind: b'E', body }).is_err());
        }
    }

    #[test]
    fn an_answer_has_an_end() {
        let of = |kind, length| Message {
            kind,
            body: vec![0; length],
        };
        let count = |message: &Message, times: usize| {
            let mut meter = ReplyMeter::default();
            (0..times).find_map(|_| meter.count(message).err())
        };
        assert!(matches!(
            count(&of(b'D', 2), ROWS_LIMIT + 1),
            Some(WireError::TooManyRows)
        ));
        assert!(matches!(
            count(&of(b'N', 2), NOTICES_LIMIT + 1),
            Some(WireError::TooManyNotices)
        ));
        assert!(matches!(
            count(&of(b'C', 1 << 20), 40),
            Some(WireError::ReplyTooLong)
        ));
        assert!(count(&of(b'D', 100), ROWS_LIMIT / 2).is_none());
    }
}
