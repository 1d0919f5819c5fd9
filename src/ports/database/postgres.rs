//! The real adapter: a TLS handshake and a login of our own, and sqlx for queries, through a relay that has bounds.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use rustls::RootCertStore;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgRow, PgSslMode},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::client::TlsStream;

use crate::{
    domain::url::Connection,
    ports::database::{
        Database, DatabaseError, SchemaShape, Session, SqlFile, TlsFacts, catalog,
        login::{LoginError, login},
        relay::{self, Door},
        scram,
        script::{self, GRACE, RunLimits},
        tls::{Route, dial},
        wire::WireError,
    },
};

/// How long a sleeping compute may take to wake up.
const WAKE: Duration = Duration::from_secs(30);

/// Postgres over TCP and TLS.
pub(crate) struct Postgres {
    limit: Duration,
    system_roots: OnceLock<Arc<RootCertStore>>,
}

impl Postgres {
    /// An adapter in which no single step takes longer than `limit` (logging in may take 30 s, for a compute that sleeps).
    pub(crate) const fn new(limit: Duration) -> Self {
        Self {
            limit,
            system_roots: OnceLock::new(),
        }
    }

    /// The system's roots, read once, and the extra one.
    fn roots(&self, authority: Option<&str>) -> Result<Arc<RootCertStore>, DatabaseError> {
        let system = self.system_roots.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            Arc::new(roots)
        });
        let Some(pem) = authority else {
            return Ok(Arc::clone(system));
        };
        let unusable = |reason: String| DatabaseError::UnusableRoot { reason };
        let mut roots = RootCertStore::clone(system);
        for certificate in rustls::pki_types::pem::PemObject::pem_slice_iter(pem.as_bytes()) {
            roots
                .add(
                    certificate.map_err(|error: rustls::pki_types::pem::Error| {
                        unusable(error.to_string())
                    })?,
                )
                .map_err(|error| unusable(error.to_string()))?;
        }
        Ok(Arc::new(roots))
    }

    /// The way to the host of a connection.
    async fn route(
        &self,
        connection: &Connection,
        authority: Option<&str>,
    ) -> Result<Route, DatabaseError> {
        let host = connection.host.as_str();
        let addresses = self.resolve(host, connection.effective_port()).await?;
        Route::new(host, addresses, self.roots(authority)?, self.limit)
    }

    /// Logs in by ourselves, and hands the connection to sqlx through a door of ours.
    async fn log_in(
        &self,
        connection: &Connection,
        authority: Option<&str>,
    ) -> Result<PgConnection, DatabaseError> {
        let route = self.route(connection, authority).await?;
        let stream = route.open().await?;
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
        let options = PgConnectOptions::new_without_pgpass()
            .socket(door.folder())
            .port(relay::PORT)
            .username("neonup")
            .database("neonup")
            .statement_cache_capacity(0)
            .ssl_mode(PgSslMode::Disable);
        tokio::spawn(async move {
            match door.serve(server).await {
                // sqlx was let go in the middle of a query, which would work on for nobody
                Ok(Some(key)) => {
                    if let Err(error) = route.cancel(&key).await {
                        tracing::debug!(%error, "a query could not be canceled");
                    }
                }
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "the relay to a database ended"),
            }
        });
        PgConnection::connect_with(&options)
            .await
            .map_err(|error| failed(error.to_string()))
    }
}

/// The server's own certificate.
fn leaf(stream: &TlsStream<TcpStream>) -> Option<&[u8]> {
    let certificates = stream.get_ref().1.peer_certificates()?;
    certificates.first().map(AsRef::as_ref)
}

#[async_trait]
impl Database for Postgres {
    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, DatabaseError> {
        let failed = |reason: String| DatabaseError::NotResolved {
            host: host.to_owned(),
            reason,
        };
        let addresses: Vec<_> = timeout(self.limit, tokio::net::lookup_host((host, port)))
            .await
            .map_err(|_elapsed| failed("no answer in time".to_owned()))?
            .map_err(|error| failed(error.to_string()))?
            .collect();
        if addresses.is_empty() {
            return Err(failed("no address".to_owned()));
        }
        Ok(addresses)
    }

    async fn dial(&self, addresses: &[SocketAddr]) -> Result<SocketAddr, DatabaseError> {
        let stream = dial(addresses, self.limit).await?;
        stream.peer_addr().map_err(DatabaseError::CutAtOnce)
    }

    async fn handshake(
        &self,
        connection: &Connection,
        authority: Option<&str>,
    ) -> Result<TlsFacts, DatabaseError> {
        let stream = self.route(connection, authority).await?.open().await?;
        let (_, session) = stream.get_ref();
        let version = match session.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS",
        };
        let (issuer, days_left) = leaf(&stream).map_or_else(Default::default, read_certificate);
        Ok(TlsFacts {
            version: version.to_owned(),
            issuer,
            days_left,
        })
    }

    async fn connect(
        &self,
        connection: &Connection,
        authority: Option<&str>,
    ) -> Result<Box<dyn Session>, DatabaseError> {
        let limit = self.limit.max(WAKE);
        let inner = timeout(limit, self.log_in(connection, authority))
            .await
            .map_err(|_elapsed| DatabaseError::LoginTimedOut {
                host: connection.host.clone(),
                limit,
            })??;
        Ok(Box::new(PgSession {
            inner,
            limit: self.limit,
            lost: false,
        }))
    }
}

/// The issuer and the days that are left.
fn read_certificate(der: &[u8]) -> (String, Option<i64>) {
    let Ok((_, certificate)) = x509_parser::parse_x509_certificate(der) else {
        return Default::default();
    };
    let issuer = certificate.issuer();
    let name = issuer
        .iter_organization()
        .chain(issuer.iter_common_name())
        .find_map(|attribute| attribute.as_str().ok())
        .unwrap_or_default()
        .to_owned();
    let days = certificate
        .validity()
        .time_to_expiration()
        .map(time::Duration::whole_days);
    (name, days)
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

struct PgSession {
    inner: PgConnection,
    limit: Duration,
    /// Whether an answer is still to come that nobody waits for.
    lost: bool,
}

impl PgSession {
    /// Runs a query under the limit: the server's own `statement_timeout` cannot be relied on.
    async fn all(&mut self, sql: &str) -> Result<Vec<PgRow>, DatabaseError> {
        if self.lost {
            return Err(DatabaseError::QueryTimedOut);
        }
        let query = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut self.inner);
        let answered = timeout(self.limit + GRACE, query).await;
        self.lost = answered.is_err();
        answered
            .map_err(|_elapsed| DatabaseError::QueryTimedOut)?
            .map_err(|error| query_error(&error))
    }

    /// Looks: the server itself refuses to change anything, and ends what takes too long, even when we are gone by then.
    async fn look(&mut self, queries: &str) -> Result<Vec<PgRow>, DatabaseError> {
        let limit = self.limit.as_millis();
        let rows = self
            .all(&format!(
                "begin read only; set local statement_timeout = {limit}; set local lock_timeout = {limit}; \
                 set local search_path = pg_catalog; {queries}; commit"
            ))
            .await;
        if rows.is_err() {
            // what failed is the error to report
            self.all("rollback").await.ok();
        }
        rows
    }
}

/// The most rows of a migration tool's own table that are read: there is one for each migration, and nobody has as many.
const MOST_VALUES: usize = 10_000;

/// The code of a statement that the server has ended: for its time limit, or at our request.
const ENDED: &str = "57014";
/// The code of a lock that was not to be had in time.
const LOCKED: &str = "55P03";

fn query_error(error: &sqlx::Error) -> DatabaseError {
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

/// Reads what a database holds, without the rows.
pub(crate) async fn read_shape(
    connection: PgConnection,
    limit: Duration,
) -> Result<SchemaShape, DatabaseError> {
    let mut session = PgSession {
        inner: connection,
        limit,
        lost: false,
    };
    session.shape().await
}

#[async_trait]
impl Session for PgSession {
    async fn ping(&mut self) -> Result<Duration, DatabaseError> {
        let started = Instant::now();
        self.all("select 1").await?;
        Ok(started.elapsed())
    }

    async fn shape(&mut self) -> Result<SchemaShape, DatabaseError> {
        let rows = self.look(catalog::QUERIES).await?;
        let major = self.inner.server_version_num().unwrap_or(0) / 10_000;
        catalog::shape(major, &rows).map_err(|error| query_error(&error))
    }

    async fn rows(&mut self, table: &str) -> Result<u64, DatabaseError> {
        let name = table.replace('"', "\"\"");
        let rows = self
            .look(&format!(
                "select count(*) from (select from public.\"{name}\" limit 1000) counted"
            ))
            .await?;
        Ok(rows
            .first()
            .and_then(|row| u64::try_from(row.get::<i64, _>(0)).ok())
            .unwrap_or_default())
    }

    async fn values(&mut self, table: &str, column: &str) -> Result<Vec<String>, DatabaseError> {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let (schema, table) = table.split_once('.').unwrap_or(("public", table));
        let rows = self
            .look(&format!(
                "select {}::text from {}.{} limit {}",
                quoted(column),
                quoted(schema),
                quoted(table),
                MOST_VALUES + 1
            ))
            .await?;
        if rows.len() > MOST_VALUES {
            return Err(DatabaseError::QueryFailed {
                reason: format!("`{table}` has more than {MOST_VALUES} rows"),
            });
        }
        rows.iter()
            .filter_map(|row| row.try_get::<Option<String>, _>(0).transpose())
            .collect::<Result<_, _>>()
            .map_err(|error| query_error(&error))
    }

    async fn run(&mut self, files: &[SqlFile]) -> Result<(), DatabaseError> {
        let limits = RunLimits::default();
        script::run(&mut self.inner, files, limits, None).await
    }
}
