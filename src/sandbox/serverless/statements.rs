//! Statements on a server: sent with their parameters as text, and their results written as JSON.

use std::io;

use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncWriteExt as _, BufReader};

use crate::{
    os::sockets::Stream,
    sandbox::{
        serverless::{
            json,
            memory::{Held, NoRoom, SIZE_LIMIT},
            reason::Reason,
        },
        session::{Admission, Target},
        wire,
    },
};

/// A statement with its parameters; `None`: null.
pub(super) struct BoundStatement {
    pub(super) text: String,
    pub(super) parameters: Vec<Option<String>>,
    /// Rows as arrays, where the statement says so itself.
    pub(super) array_mode: Option<bool>,
}

/// How results are written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Format {
    /// Values as Postgres writes them, and not as JSON has them.
    pub(super) raw: bool,
    /// Rows as arrays.
    pub(super) arrays: bool,
}

/// Why a statement has no result.
pub(super) enum StatementFailure {
    /// The server refused it.
    Refused(Reason),
    NoRoom(NoRoom),
    Broken(io::Error),
}

impl From<io::Error> for StatementFailure {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

impl From<NoRoom> for StatementFailure {
    fn from(why: NoRoom) -> Self {
        Self::NoRoom(why)
    }
}

/// A column, with the names of node-postgres.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct ResultField {
    name: String,
    #[serde(rename = "dataTypeID")]
    type_oid: u32,
    #[serde(rename = "tableID")]
    table_oid: u32,
    #[serde(rename = "columnID")]
    column: i16,
    #[serde(rename = "dataTypeSize")]
    size: i16,
    #[serde(rename = "dataTypeModifier")]
    modifier: i32,
    format: &'static str,
}

/// A session at the server, logged in. A statement that still runs when it is dropped is cancelled.
pub(super) struct ServerSession {
    server: BufReader<Stream>,
    target: Target,
    /// Keeps the compute awake.
    _admission: Admission,
    /// What cancels its statement: the process and its secret.
    key: Vec<u8>,
    idle: bool,
}

impl Drop for ServerSession {
    fn drop(&mut self) {
        if self.idle {
            return;
        }
        let target = self.target.clone();
        let packet = [&wire::CANCEL_REQUEST.to_be_bytes(), self.key.as_slice()].concat();
        self.target.plane.spawn(async move {
            if let Err(error) = target.cancel(&packet).await {
                tracing::debug!(%error, "couldn't cancel a statement");
            }
        });
    }
}

impl ServerSession {
    /// Reads on until the server, whose last message accepted the login, is ready.
    pub(super) async fn begin(
        server: Stream,
        target: Target,
        admission: Admission,
    ) -> Result<Self, StatementFailure> {
        let mut session = Self {
            server: BufReader::new(server),
            target,
            _admission: admission,
            key: Vec::new(),
            idle: true,
        };
        loop {
            match session.message().await? {
                (b'K', key) => session.key = key,
                (b'E', body) => return Err(StatementFailure::Refused(Reason::of_server(&body))),
                (b'Z', _) => return Ok(session),
                _ => {}
            }
        }
    }

    async fn message(&mut self) -> io::Result<(u8, Vec<u8>)> {
        wire::read_server_message(&mut self.server, SIZE_LIMIT).await
    }

    /// Runs statements without results.
    pub(super) async fn execute(&mut self, sql: &str) -> Result<(), StatementFailure> {
        let body = [sql.as_bytes(), b"\0"].concat();
        self.idle = false;
        self.server
            .get_mut()
            .write_all(&wire::message(b'Q', &body))
            .await?;
        let mut refused = None;
        loop {
            match self.message().await? {
                (b'E', body) => refused = Some(Reason::of_server(&body)),
                (b'Z', _) => break,
                _ => {}
            }
        }
        self.idle = true;
        refused.map_or(Ok(()), |reason| Err(StatementFailure::Refused(reason)))
    }

    /// Runs a statement, and writes its result behind what is in `out`.
    pub(super) async fn run(
        &mut self,
        statement: &BoundStatement,
        format: Format,
        out: &mut Vec<u8>,
        held: &mut Held,
    ) -> Result<(), StatementFailure> {
        let messages = extended(statement)?;
        self.idle = false;
        self.server.get_mut().write_all(&messages).await?;
        let arrays = statement.array_mode.unwrap_or(format.arrays);
        let format = Format { arrays, ..format };
        let mut fields: Vec<ResultField> = Vec::new();
        let (mut tag, mut refused, mut begun) = (String::new(), None, false);
        out.extend(b"{\"fields\":");
        loop {
            match self.message().await? {
                (b'T', body) => fields = columns(&body)?,
                (b'D', body) => {
                    begin_rows(&fields, &mut begun, out)?;
                    write_row(&body, &fields, format, out)?;
                    out.push(b',');
                    held.grow(out.len())?;
                }
                (b'C', body) => tag = text_of(&body),
                (b'E', body) => refused = Some(Reason::of_server(&body)),
                (b'G' | b'H' | b'W', _) => {
                    // Neon's proxy cannot do it either: there is nowhere to copy from or to.
                    let text = "unexpected message from server";
                    return Err(StatementFailure::Refused(Reason::bad_request(text)));
                }
                (b'Z', _) => break,
                _ => {}
            }
        }
        self.idle = true;
        if let Some(reason) = refused {
            return Err(StatementFailure::Refused(reason));
        }
        if begun {
            out.pop(); // the last row's comma
        } else {
            begin_rows(&fields, &mut begun, out)?;
        }
        let (command, count) = outcome(&tag);
        out.extend(b"],\"command\":");
        write_json(out, &command)?;
        out.extend(b",\"rowCount\":");
        write_json(out, &count)?;
        out.extend(b",\"rowAsArray\":");
        write_json(out, &arrays)?;
        out.push(b'}');
        Ok(held.grow(out.len())?)
    }
}

fn write_json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
    serde_json::to_writer(out, value).map_err(io::Error::other)
}

/// `Parse`, `Bind`, `Describe`, `Execute` and `Sync`, with text both ways.
fn extended(statement: &BoundStatement) -> Result<Vec<u8>, StatementFailure> {
    let text = statement.text.as_bytes();
    if text.contains(&0) {
        let reason = Reason::bad_request("string contains embedded null");
        return Err(StatementFailure::Refused(reason));
    }
    let mut messages = wire::message(b'P', &[b"\0", text, b"\0\0\0"].concat());
    // neither the portal nor the statement has a name, and all parameters are texts
    let mut bind = vec![0, 0, 0, 0];
    let count = u16::try_from(statement.parameters.len()).map_err(|_many| {
        StatementFailure::Refused(Reason::bad_request("too many parameters: 65535 at most"))
    })?;
    bind.extend(count.to_be_bytes());
    for parameter in &statement.parameters {
        let Some(value) = parameter else {
            bind.extend((-1_i32).to_be_bytes());
            continue;
        };
        bind.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
        bind.extend(value.as_bytes());
    }
    bind.extend([0, 0]);
    messages.extend(wire::message(b'B', &bind));
    messages.extend(wire::message(b'D', b"P\0"));
    messages.extend(wire::message(b'E', &[0, 0, 0, 0, 0]));
    messages.extend(wire::message(b'S', b""));
    Ok(messages)
}

/// Ends the list of fields and begins that of rows, once.
fn begin_rows(fields: &[ResultField], begun: &mut bool, out: &mut Vec<u8>) -> io::Result<()> {
    if !*begun {
        write_json(out, fields)?;
        out.extend(b",\"rows\":[");
    }
    *begun = true;
    Ok(())
}

/// Takes numbers and texts off the front of a message.
struct MessageReader<'a>(&'a [u8]);

impl<'a> MessageReader<'a> {
    fn bytes(&mut self, count: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or_else(|| wire::malformed("a message of the server is too short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let bytes = self.bytes(N)?;
        bytes
            .try_into()
            .map_err(|_never| wire::malformed("a message of the server is too short"))
    }

    fn text(&mut self) -> io::Result<String> {
        let end = self.0.iter().position(|byte| *byte == 0);
        let end = end.ok_or_else(|| wire::malformed("a text of the server has no end"))?;
        let text = self.bytes(end)?;
        self.bytes(1)?;
        Ok(String::from_utf8_lossy(text).into_owned())
    }
}

/// `RowDescription`.
fn columns(body: &[u8]) -> io::Result<Vec<ResultField>> {
    let mut body = MessageReader(body);
    let count = u16::from_be_bytes(body.array()?);
    (0..count)
        .map(|_| {
            let name = body.text()?;
            let table_oid = u32::from_be_bytes(body.array()?);
            let column = i16::from_be_bytes(body.array()?);
            let type_oid = u32::from_be_bytes(body.array()?);
            let size = i16::from_be_bytes(body.array()?);
            let modifier = i32::from_be_bytes(body.array()?);
            body.bytes(2)?; // the format, which we have chosen
            Ok(ResultField {
                name,
                type_oid,
                table_oid,
                column,
                size,
                modifier,
                format: "text",
            })
        })
        .collect()
}

/// Writes a `DataRow`.
fn write_row(
    body: &[u8],
    fields: &[ResultField],
    format: Format,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    let mut body = MessageReader(body);
    let count = u16::from_be_bytes(body.array()?);
    if usize::from(count) != fields.len() {
        return Err(wire::malformed("a row has another number of columns"));
    }
    out.push(if format.arrays { b'[' } else { b'{' });
    for (number, field) in fields.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        if !format.arrays {
            write_json(out, &field.name)?;
            out.push(b':');
        }
        let length = i32::from_be_bytes(body.array()?);
        let Ok(length) = usize::try_from(length) else {
            out.extend(b"null");
            continue;
        };
        let text = String::from_utf8_lossy(body.bytes(length)?);
        if format.raw {
            write_json(out, text.as_ref())?;
        } else {
            write_json(out, &json::of_text(&text, field.type_oid))?;
        }
    }
    out.push(if format.arrays { b']' } else { b'}' });
    Ok(())
}

fn text_of(body: &[u8]) -> String {
    String::from_utf8_lossy(body.strip_suffix(&[0]).unwrap_or(body)).into_owned()
}

/// The command of a tag, and how many rows it says; that of an `INSERT` comes after an OID.
fn outcome(tag: &str) -> (String, Value) {
    let mut words = tag.split(' ');
    let command = words.next().unwrap_or_default();
    let count = if command == "INSERT" {
        words.nth(1)
    } else {
        words.next()
    };
    let count = count.and_then(|count| count.parse::<i64>().ok());
    (command.to_owned(), count.map_or(Value::Null, Value::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_taken_apart() {
        for (tag, command, count) in [
            ("SELECT 3", "SELECT", Value::from(3)),
            ("INSERT 0 2", "INSERT", Value::from(2)),
            ("CREATE TABLE", "CREATE", Value::Null),
            ("BEGIN", "BEGIN", Value::Null),
            ("", "", Value::Null),
        ] {
            assert_eq!(outcome(tag), (command.to_owned(), count), "{tag}");
        }
    }

    #[test]
    fn rows_are_written_in_both_forms() {
        let mut described = vec![0, 2];
        for (name, oid) in [("n", 23_u32), ("t", 25)] {
            described.extend(name.as_bytes());
            described.extend([0, 0, 0, 0, 7, 0, 1]);
            described.extend(oid.to_be_bytes());
            described.extend([0, 4, 0xff, 0xff, 0xff, 0xff, 0, 0]);
        }
        let fields = columns(&described).unwrap();
        assert_eq!(
            (fields[0].table_oid, fields[0].column, fields[0].modifier),
            (7, 1, -1)
        );
        let row = b"\0\x02\0\0\0\x0242\xff\xff\xff\xff";
        let written = |raw, arrays| {
            let mut out = Vec::new();
            write_row(row, &fields, Format { raw, arrays }, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(true, true), "[\"42\",null]");
        assert_eq!(written(false, false), "{\"n\":42,\"t\":null}");
        for cut in 0..row.len() {
            let cut = write_row(&row[..cut], &fields, Format::default(), &mut Vec::new());
            assert!(cut.is_err());
        }
    }

    #[test]
    fn null_byte_does_not_end_a_statement_early() {
        let statement = BoundStatement {
            text: "select 1\0".to_owned(),
            parameters: Vec::new(),
            array_mode: None,
        };
        assert!(extended(&statement).is_err());
    }
}
