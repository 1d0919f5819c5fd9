//! The sandbox's own client for a compute: the superuser, over the private socket, with simple queries.
//!
//! Written by hand because every login through the front asks one question here: a full driver would first fetch types
//! and read the user's `PG*` variables.

use std::{fmt, io, path::Path};

use tokio::{io::AsyncWriteExt as _, net::UnixStream};

use crate::sandbox::wire;

/// The superuser's name, which is Neon's. It has no password, so nobody can log in with it through the front.
pub(crate) const SUPERUSER: &str = "cloud_admin";
/// The port in the socket's name; there is no TCP.
pub(crate) const SOCKET_NAME: &str = ".s.PGSQL.5432";

/// A row of a simple query: text, or null.
pub(crate) type Row = Vec<Option<String>>;

/// What a compute answered instead of rows.
#[derive(Debug)]
pub(crate) enum AdminError {
    /// The connection failed.
    Io(io::Error),
    /// Postgres refused.
    Sql {
        /// The SQLSTATE.
        code: String,
        /// Its words.
        message: String,
    },
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Sql { code, message } => write!(f, "{message} (SQLSTATE {code})"),
        }
    }
}

impl std::error::Error for AdminError {}

impl From<io::Error> for AdminError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A connection of the superuser.
pub(crate) struct Admin {
    stream: UnixStream,
}

impl Admin {
    /// Connects to a database of the server whose socket lies in `sockets`.
    pub(crate) async fn connect(sockets: &Path, database: &str) -> Result<Self, AdminError> {
        let mut stream = UnixStream::connect(sockets.join(SOCKET_NAME)).await?;
        let startup = wire::Startup {
            version: wire::PROTOCOL_3_0,
            parameters: [
                ("user", SUPERUSER),
                ("database", database),
                ("client_encoding", "UTF8"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        };
        stream.write_all(&startup.encode()).await?;
        let mut admin = Self { stream };
        admin.until_ready().await?;
        Ok(admin)
    }

    /// Runs one or more statements; the rows of all of them.
    pub(crate) async fn query(&mut self, sql: &str) -> Result<Vec<Row>, AdminError> {
        let mut body = sql.as_bytes().to_vec();
        body.push(0);
        self.stream.write_all(&wire::message(b'Q', &body)).await?;
        self.until_ready().await
    }

    async fn until_ready(&mut self) -> Result<Vec<Row>, AdminError> {
        let mut rows = Vec::new();
        let mut refused = None;
        loop {
            let (kind, body) = match wire::read_message(&mut self.stream).await {
                Ok(message) => message,
                // A fatal error closes the connection: what Postgres said is the reason, not the end of the file.
                Err(error) => return Err(refused.unwrap_or(AdminError::Io(error))),
            };
            match kind {
                b'D' => rows.push(row(&body)?),
                b'E' => refused = Some(refusal(&body)),
                b'Z' => return refused.map_or(Ok(rows), Err),
                _ => {}
            }
        }
    }
}

fn row(body: &[u8]) -> io::Result<Row> {
    let short = || wire::malformed("a row is too short");
    let (columns, mut rest) = body.split_first_chunk::<2>().ok_or_else(short)?;
    let mut row = Vec::new();
    for _ in 0..u16::from_be_bytes(*columns) {
        let (length, after) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        match usize::try_from(i32::from_be_bytes(*length)) {
            Ok(length) => {
                let (value, after) = after.split_at_checked(length).ok_or_else(short)?;
                row.push(Some(String::from_utf8_lossy(value).into_owned()));
                rest = after;
            }
            Err(_negative_is_null) => {
                row.push(None);
                rest = after;
            }
        }
    }
    Ok(row)
}

fn refusal(body: &[u8]) -> AdminError {
    let mut code = String::new();
    let mut message = String::new();
    for field in body.split(|byte| *byte == 0) {
        match field.split_first() {
            Some((b'C', value)) => code = String::from_utf8_lossy(value).into_owned(),
            Some((b'M', value)) => message = String::from_utf8_lossy(value).into_owned(),
            _ => {}
        }
    }
    AdminError::Sql { code, message }
}

/// Quotes a name for SQL.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a text for SQL (`standard_conforming_strings` is on, as it is by default since 9.1).
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_refusals_are_read() {
        let body = [0, 2, 0, 0, 0, 2, b'o', b'k', 0xff, 0xff, 0xff, 0xff];
        assert_eq!(row(&body).unwrap(), vec![Some("ok".to_owned()), None]);
        assert!(row(&body[..6]).is_err());
        let refused = refusal(b"SFATAL\0C3D000\0Mdatabase \"x\" does not exist\0\0");
        assert_eq!(
            refused.to_string(),
            "database \"x\" does not exist (SQLSTATE 3D000)"
        );
    }

    #[test]
    fn quoting_closes_no_hole() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
    }
}
