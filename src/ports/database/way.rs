//! The way into a database: any number of connections, each logged in by ourselves and handed to sqlx through a relay.

use std::time::Duration;

use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};
use tokio_rustls::client::TlsStream;

use crate::{
    domain::url::Connection,
    ports::database::{
        DatabaseError,
        login::{LoginError, login},
        relay::{self, Door},
        scram,
        tls::ServerRoute,
        wire::WireError,
    },
};

/// How much longer we wait than the server does.
pub(super) const GRACE: Duration = Duration::from_millis(500);
/// The code of a statement that the server has ended: for its time limit, or at our request.
const ENDED: &str = "57014";
/// The code of a lock that was not to be had in time.
const LOCKED: &str = "55P03";

/// Where a connection leads, and how to get there.
#[derive(Clone)]
pub(super) struct Way {
    pub route: ServerRoute,
    pub connection: Connection,
}

/// A connection of sqlx, with the relay that it talks to. Dropped in the middle of a query, it cancels that on the server.
pub(super) struct RelayedConnection {
    pub sqlx: PgConnection,
    relay: Option<JoinHandle<()>>,
}

impl RelayedConnection {
    /// A connection of sqlx's own, to a server that ends with us.
    pub(super) const fn bare(sqlx: PgConnection) -> Self {
        Self { sqlx, relay: None }
    }

    /// Lets go of the connection, and comes back when its query is canceled: a program that ends right now would not ask for it.
    pub(super) async fn end(self) {
        let Self { sqlx, relay } = self;
        drop(sqlx);
        if let Some(relay) = relay {
            timeout(relay::END_LIMIT, relay).await.ok();
        }
    }
}

impl Way {
    /// Logs in by ourselves, and hands the connection to sqlx through a door of ours.
    pub(super) async fn enter(&self) -> Result<RelayedConnection, DatabaseError> {
        let connection = &self.connection;
        let stream = self.route.open().await?;
        let end_point = leaf(&stream).and_then(scram::end_point);
        let server = login(stream, connection, end_point, connection.must_bind())
            .await
            .map_err(|error| not_logged_in(error, connection))?;
        let failed = |reason: String| DatabaseError::LoginFailed {
            host: connection.host.clone(),
            reason,
        };
        let door = Door::open().map_err(|error| failed(error.to_string()))?;
        // what sqlx would take from the user's `PG…` variables is set here, all but `PGOPTIONS`; none of it leaves this machine
        let options = PgConnectOptions::new_without_pgpass();
        let options = match door.listener().folder() {
            Some(folder) => options.socket(folder),
            None => options.host("127.0.0.1"),
        };
        let options = options
            .port(door.listener().port())
            .username("neonup")
            .password(door.password().expose())
            .database("neonup")
            .statement_cache_capacity(0)
            .ssl_mode(PgSslMode::Disable);
        let route = self.route.clone();
        let relay = tokio::spawn(async move {
            if let Err(error) = door.serve(server, &route).await {
                tracing::debug!(%error, "the relay to a database ended");
            }
        });
        let sqlx = PgConnection::connect_with(&options)
            .await
            .map_err(|error| failed(error.to_string()))?;
        Ok(RelayedConnection {
            sqlx,
            relay: Some(relay),
        })
    }
}

/// The server's own certificate.
pub(super) fn leaf(stream: &TlsStream<TcpStream>) -> Option<&[u8]> {
    let certificates = stream.get_ref().1.peer_certificates()?;
    certificates.first().map(AsRef::as_ref)
}

/// Why a login failed: where it was refused, by its SQLSTATE.
fn not_logged_in(error: LoginError, connection: &Connection) -> DatabaseError {
    let host = connection.host.clone();
    let refusal = match error {
        LoginError::Wire(WireError::Cut(source)) => return DatabaseError::Cut { host, source },
        LoginError::Wire(fault) => return DatabaseError::Misbehaves { host, fault },
        LoginError::Fault(fault) => return DatabaseError::NotProved { host, fault },
        LoginError::Refused(refusal) => refusal,
    };
    let message = refusal.message();
    match refusal.code().as_str() {
        "28P01" | "28000" => DatabaseError::WrongPassword {
            host,
            role: connection.role.clone(),
            message,
        },
        "3D000" => DatabaseError::NoSuchDatabase {
            host,
            database: connection.database.clone(),
            message,
        },
        "53300" => DatabaseError::NoConnectionLeft { host, message },
        _ => DatabaseError::LoginRefused { host, message },
    }
}

/// Why a query of ours got no answer.
pub(super) fn query_error(error: &sqlx::Error) -> DatabaseError {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    match code.as_deref() {
        Some(ENDED | LOCKED) => DatabaseError::QueryTimedOut,
        _ => DatabaseError::QueryFailed {
            reason: error.to_string(),
        },
    }
}
