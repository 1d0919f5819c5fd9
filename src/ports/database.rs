//! Postgres, reached as the application will reach it, but with certificate and host name always verified.

pub(crate) mod postgres;

use std::{io, net::SocketAddr, time::Duration};

use async_trait::async_trait;

use crate::domain::url::Connection;

/// Why the database did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("the name `{host}` does not resolve")]
    NotResolved { host: String, reason: String },
    /// `address`: the last one that was tried.
    #[error("no TCP connection to {address}")]
    NotConnected { address: String, source: io::Error },
    #[error("the TCP connection was cut at once")]
    CutAtOnce(#[source] io::Error),
    #[error("no trusted TLS connection to `{host}`")]
    NoTls { host: String, reason: String },
    #[error("the extra root certificate cannot be used")]
    UnusableRoot { reason: String },
    #[error("no login to `{host}` within {} s", .limit.as_secs())]
    LoginTimedOut { host: String, limit: Duration },
    #[error("the connection to `{host}` was cut")]
    Cut { host: String, source: io::Error },
    #[error("`{host}` refuses role `{role}` or its password")]
    WrongPassword {
        host: String,
        role: String,
        message: String,
    },
    #[error("there is no database `{database}` on `{host}`")]
    NoSuchDatabase {
        host: String,
        database: String,
        message: String,
    },
    #[error("`{host}` has no connection left")]
    NoConnectionLeft { host: String, message: String },
    /// Refused for another reason.
    #[error("`{host}` refused the login")]
    LoginRefused { host: String, message: String },
    #[error("`{host}` did not let us in")]
    LoginFailed { host: String, reason: String },
    #[error("a query did not come back in time")]
    QueryTimedOut,
    #[error("the database did not answer a query")]
    QueryFailed { reason: String },
    /// A file of statements would end the transaction that it runs in.
    #[error("`{file}` holds `{word}`, which would end the transaction that it runs in")]
    EndsTransaction { file: String, word: String },
    #[error("`{file}` could not be run")]
    FileNotRun { file: String, reason: String },
    #[error(transparent)]
    Statement(Box<StatementError>),
}

/// A statement of a file that the database refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: the database refused a statement", self.place())]
pub(crate) struct StatementError {
    pub file: String,
    /// Line and column, 1-based, where Postgres reports a position.
    pub position: Option<(usize, usize)>,
    pub sqlstate: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
}

impl StatementError {
    fn place(&self) -> String {
        match self.position {
            Some((line, column)) => format!("`{}` line {line}, column {column}", self.file),
            None => format!("`{}`", self.file),
        }
    }
}

/// What the TLS handshake showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsFacts {
    /// `TLS 1.3` or `TLS 1.2`.
    pub version: String,
    /// The issuer's common name or organization.
    pub issuer: String,
    /// Days until the certificate ends, where it could be read.
    pub days_left: Option<i64>,
}

/// A column as `pg_catalog` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnFacts {
    pub name: String,
    /// The type, as `format_type` writes it.
    pub kind: String,
    pub nullable: bool,
}

/// A table of the schema `public`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableFacts {
    pub name: String,
    /// In the table's own order.
    pub columns: Vec<ColumnFacts>,
    /// Constraints, as `pg_get_constraintdef` writes them.
    pub constraints: Vec<String>,
    /// Indexes, as `pg_get_indexdef` writes them.
    pub indexes: Vec<String>,
}

/// A file of SQL statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SqlFile {
    /// Its path, relative to the root.
    pub name: String,
    pub text: String,
}

/// An open connection.
#[async_trait]
pub(crate) trait Session: Send {
    /// Runs `SELECT 1`, and returns how long it took.
    async fn ping(&mut self) -> Result<Duration, DatabaseError>;

    /// Reads every table of the schema `public`.
    async fn tables(&mut self) -> Result<Vec<TableFacts>, DatabaseError>;

    /// Counts the rows of a table, up to 1,000.
    async fn rows(&mut self, table: &str) -> Result<u64, DatabaseError>;

    /// Runs files of statements in one transaction.
    async fn run(&mut self, files: &[SqlFile]) -> Result<(), DatabaseError>;

    /// Returns what the files would make in an empty schema: runs them in a scratch schema, reads it, and rolls everything back.
    /// The caller makes sure that the statements stay inside the schema ([`crate::domain::sql::is_contained`]).
    async fn expected(&mut self, files: &[SqlFile]) -> Result<Vec<TableFacts>, DatabaseError>;
}

/// Postgres.
#[async_trait]
pub(crate) trait Database: Send + Sync {
    /// Looks up the addresses of a host.
    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, DatabaseError>;

    /// Opens a TCP connection and closes it again; returns the address that answered.
    async fn dial(&self, addresses: &[SocketAddr]) -> Result<SocketAddr, DatabaseError>;

    /// Does the `SSLRequest` and the handshake, verified. `authority` is an extra root certificate as PEM.
    async fn handshake(
        &self,
        connection: &Connection,
        authority: Option<&str>,
    ) -> Result<TlsFacts, DatabaseError>;

    /// Logs in. Waits as long as a sleeping compute needs.
    async fn connect(
        &self,
        connection: &Connection,
        authority: Option<&str>,
    ) -> Result<Box<dyn Session>, DatabaseError>;
}
