//! Postgres, reached as the application will reach it, but with certificate and host name always verified.

pub(crate) mod postgres;

use std::{net::SocketAddr, time::Duration};

use async_trait::async_trait;

pub(crate) use postgres::Postgres;

use crate::{core::failure::Result, domain::url::Connection};

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
    /// The name.
    pub name: String,
    /// The type, as `format_type` writes it.
    pub kind: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// The default expression.
    pub default: Option<String>,
}

/// A table of the schema `public`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableFacts {
    /// The name.
    pub name: String,
    /// Its columns, in order.
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
    /// Its text.
    pub text: String,
}

/// An open connection.
#[async_trait]
pub(crate) trait Session: Send {
    /// `SELECT 1`, and how long it took.
    async fn ping(&mut self) -> Result<Duration>;

    /// Every table of the schema `public`.
    async fn tables(&mut self) -> Result<Vec<TableFacts>>;

    /// How many rows a table has (counted; stops counting at 1,000).
    async fn rows(&mut self, table: &str) -> Result<u64>;

    /// Runs files of statements, given as name and text, in one transaction. An error names file, line and column.
    async fn run(&mut self, files: &[SqlFile]) -> Result<()>;

    /// What the files would make in an empty schema: runs them in a scratch schema, looks, and rolls everything back.
    /// The caller makes sure that the statements stay inside the schema ([`crate::domain::sql::is_contained`]).
    async fn expected(&mut self, files: &[SqlFile]) -> Result<Vec<TableFacts>>;
}

/// Postgres.
#[async_trait]
pub(crate) trait Database: Send + Sync {
    /// The addresses of a host.
    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>>;

    /// Opens a TCP connection and closes it again; gives the address that answered.
    async fn dial(&self, addresses: &[SocketAddr]) -> Result<SocketAddr>;

    /// Does the `SSLRequest` and the handshake, verified. `authority` is an extra root certificate as PEM.
    async fn handshake(&self, connection: &Connection, authority: Option<&str>)
    -> Result<TlsFacts>;

    /// Logs in. Waits as long as a sleeping compute needs.
    async fn connect(
        &self,
        connection: &Connection,
        authority: Option<&str>,
    ) -> Result<Box<dyn Session>>;
}
