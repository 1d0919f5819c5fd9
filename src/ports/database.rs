//! Postgres, reached as the application will reach it, but with certificate and host name always verified.

mod catalog;
mod locks;
mod login;
pub(crate) mod postgres;
mod relay;
pub(crate) mod scram;
pub(crate) mod script;
mod shape;
#[cfg(test)]
mod tests;
mod tls;
mod way;
pub(crate) mod wire;

use std::{io, net::SocketAddr, time::Duration};

use async_trait::async_trait;

pub(crate) use crate::ports::database::shape::{ColumnFacts, ObjectFacts, SchemaShape, TableFacts};
use crate::{
    domain::{sql::UnreadableScript, url::Connection},
    ports::{
        certificate::CertificateFault,
        database::{scram::LoginFault, wire::WireError},
    },
};

/// Why the database did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("the name `{host}` doesn't resolve")]
    NotResolved { host: String, reason: String },
    /// `address`: the last one that was tried.
    #[error("no TCP connection to {address}")]
    NotConnected { address: String, source: io::Error },
    #[error("the TCP connection was closed immediately")]
    CutAtOnce(#[source] io::Error),
    #[error("no trusted TLS connection to `{host}`")]
    NoTls { host: String, reason: String },
    #[error("{}", .fault.sentence(.host))]
    BadCertificate {
        host: String,
        fault: CertificateFault,
        reason: String,
    },
    /// It took the TCP connection, and then said nothing.
    #[error("`{host}` accepted the connection, then sent nothing for {} s", .limit.as_secs_f64())]
    Stalled { host: String, limit: Duration },
    #[error("can't use the extra root certificate")]
    UnusableRoot { reason: String },
    #[error("no login to `{host}` within {} s", .limit.as_secs())]
    LoginTimedOut { host: String, limit: Duration },
    #[error("the connection to `{host}` was closed")]
    Cut { host: String, source: io::Error },
    #[error("`{host}` rejects role `{role}` or its password")]
    WrongPassword {
        host: String,
        role: String,
        message: String,
    },
    #[error("database `{database}` doesn't exist on `{host}`")]
    NoSuchDatabase {
        host: String,
        database: String,
        message: String,
    },
    #[error("`{host}` has no free connections")]
    NoConnectionLeft { host: String, message: String },
    /// Refused for another reason.
    #[error("`{host}` refused the login")]
    LoginRefused { host: String, message: String },
    #[error("`{host}` didn't accept the login")]
    LoginFailed { host: String, reason: String },
    /// The password was not sent.
    #[error("the login to `{host}` can't be trusted")]
    NotProved { host: String, fault: LoginFault },
    /// The server does not keep to the protocol, or sends more than is read.
    #[error("`{host}` doesn't answer like Postgres")]
    Misbehaves { host: String, fault: WireError },
    #[error("a query didn't finish in time")]
    QueryTimedOut,
    #[error("the database didn't answer a query")]
    QueryFailed { reason: String },
    /// Nothing of a file was sent.
    #[error("`{file}` line {}, column {}: {why}", .why.position().0, .why.position().1)]
    NotSent { file: String, why: UnreadableScript },
    /// A statement of a file took too long, and the server did not end it itself.
    #[error("`{file}` line {}, column {}: no answer within {} s", .position.0, .position.1, .limit.as_secs())]
    StatementTimedOut {
        file: String,
        position: (usize, usize),
        limit: Duration,
    },
    /// A statement of a file waited too long for a lock, and the server did not end it itself.
    #[error("`{file}` line {}, column {}: no lock within {} s", .position.0, .position.1, .limit.as_secs())]
    StatementLocked {
        file: String,
        position: (usize, usize),
        limit: Duration,
    },
    #[error("can't run `{file}`")]
    FileNotRun { file: String, reason: String },
    #[error(transparent)]
    Statement(Box<StatementError>),
}

impl DatabaseError {
    /// Whether an answer is still to come that nobody waits for.
    pub(crate) const fn is_unanswered(&self) -> bool {
        matches!(
            self,
            Self::QueryTimedOut | Self::StatementTimedOut { .. } | Self::StatementLocked { .. }
        )
    }
}

/// A statement of a file that the database refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{file}` line {}, column {}: the database rejected a statement", .position.0, .position.1)]
pub(crate) struct StatementError {
    pub file: String,
    /// Line and column, 1-based: where Postgres means, or where the statement begins.
    pub position: (usize, usize),
    pub sqlstate: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// Whether an earlier statement was committed, because a file did that itself or could not run in one transaction.
    pub kept: bool,
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

/// A file of SQL statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SqlFile {
    /// Its path, relative to the root.
    pub name: String,
    pub text: String,
}

/// An open connection. All but [`Session::run`] only look: in a transaction that is read-only, and that the server ends by itself.
#[async_trait]
pub(crate) trait Session: Send {
    /// Runs `SELECT 1`, and returns how long it took.
    async fn ping(&mut self) -> Result<Duration, DatabaseError>;

    /// Reads what there is, without the rows.
    async fn shape(&mut self) -> Result<SchemaShape, DatabaseError>;

    /// Counts the rows of a table, up to 1,000.
    async fn rows(&mut self, table: &str) -> Result<u64, DatabaseError>;

    /// Reads a column of a table, as text: what a migration tool has recorded. A table of [`Self::shape`], whose name has its schema
    /// where that is not `public`.
    async fn values(&mut self, table: &str, column: &str) -> Result<Vec<String>, DatabaseError>;

    /// Runs files, statement by statement: in one transaction where all of them can.
    async fn run(&mut self, files: &[SqlFile]) -> Result<(), DatabaseError>;
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
