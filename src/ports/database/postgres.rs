//! The real adapter: a TLS handshake and a login of our own, and sqlx for queries, through a relay that has bounds.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use rustls::RootCertStore;
use sqlx::{AssertSqlSafe, PgConnection, Row as _, postgres::PgRow};
use tokio::time::timeout;

use crate::{
    core::event::ActivityKind,
    domain::{sql, url::Connection},
    ports::database::{
        Database, DatabaseError, SchemaShape, Session, SqlFile, TlsFacts, catalog,
        locks::LockWatch,
        script::{self, RunLimits},
        tls::{ServerRoute, dial},
        way::{GRACE, RelayedConnection, Way, leaf, query_error},
    },
    ports::progress,
};

/// How long a sleeping compute may take to wake up.
const WAKE: Duration = Duration::from_secs(30);

/// Postgres over TCP and TLS.
pub(crate) struct Postgres {
    limit: Duration,
    /// The limits of files that are run.
    run_limits: RunLimits,
    system_roots: OnceLock<Arc<RootCertStore>>,
}

impl Postgres {
    /// An adapter in which no single step takes longer than `limit` (logging in may take 30 s, for a compute that sleeps).
    pub(crate) const fn new(limit: Duration) -> Self {
        Self::with_run_limits(limit, RunLimits::USUAL)
    }

    /// The same, with other limits of files that are run.
    pub(crate) const fn with_run_limits(limit: Duration, run_limits: RunLimits) -> Self {
        Self {
            limit,
            run_limits,
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
    ) -> Result<ServerRoute, DatabaseError> {
        let host = connection.host.as_str();
        let addresses = self.resolve(host, connection.effective_port()).await?;
        ServerRoute::new(host, addresses, self.roots(authority)?, self.limit)
    }
}

#[async_trait]
impl Database for Postgres {
    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, DatabaseError> {
        let failed = |reason: String| DatabaseError::NotResolved {
            host: host.to_owned(),
            reason,
        };
        let addresses: Vec<_> =
            match timeout(self.limit, tokio::net::lookup_host((host, port))).await {
                Ok(Ok(found)) => found.collect(),
                // without `/etc/hosts`, as in some containers, nobody knows it
                Ok(Err(_)) | Err(_) if host == "localhost" => vec![
                    (Ipv4Addr::LOCALHOST, port).into(),
                    (Ipv6Addr::LOCALHOST, port).into(),
                ],
                Ok(Err(error)) => return Err(failed(error.to_string())),
                Err(_elapsed) => return Err(failed("no answer in time".to_owned())),
            };
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
        let entering = async {
            let way = Way {
                route: self.route(connection, authority).await?,
                connection: connection.clone(),
            };
            let client = way.enter().await?;
            Ok((way, client))
        };
        let (way, client) =
            timeout(limit, entering)
                .await
                .map_err(|_elapsed| DatabaseError::LoginTimedOut {
                    host: connection.host.clone(),
                    limit,
                })??;
        Ok(Box::new(PgSession {
            client: Some(client),
            way: Some(way),
            limit: self.limit,
            run_limits: self.run_limits,
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

struct PgSession {
    /// `None` once a query has taken too long: its answer may still come, and nobody waits for it.
    client: Option<RelayedConnection>,
    /// How to log in a second time.
    way: Option<Way>,
    limit: Duration,
    run_limits: RunLimits,
}

impl PgSession {
    /// Runs a query under the limit: the server's own `statement_timeout` cannot be relied on. What takes longer is canceled there.
    async fn all(&mut self, query: &str) -> Result<Vec<PgRow>, DatabaseError> {
        let client = self.client.as_mut().ok_or(DatabaseError::QueryTimedOut)?;
        progress::activity(ActivityKind::Sql, || sql::summary(query));
        let rows = sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(&mut client.sqlx);
        if let Ok(answered) = timeout(self.limit + GRACE, rows).await {
            return answered.map_err(|error| query_error(&error));
        }
        self.end().await;
        Err(DatabaseError::QueryTimedOut)
    }

    /// Ends the connection, and what it does.
    async fn end(&mut self) {
        if let Some(client) = self.client.take() {
            client.end().await;
        }
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

/// Reads what a database holds, without the rows.
pub(crate) async fn read_shape(
    connection: PgConnection,
    limit: Duration,
) -> Result<SchemaShape, DatabaseError> {
    let mut session = PgSession {
        client: Some(RelayedConnection::bare(connection)),
        way: None,
        limit,
        run_limits: RunLimits::USUAL,
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
        let client = self.client.as_ref().ok_or(DatabaseError::QueryTimedOut)?;
        let major = client.sqlx.server_version_num().unwrap_or(0) / 10_000;
        catalog::shape(major, &rows).map_err(|error| query_error(&error))
    }

    async fn rows(&mut self, table: &str) -> Result<u64, DatabaseError> {
        let name = table.replace('"', "\"\"");
        let rows = self
            .look(&format!(
                "select count(*) from (select from public.\"{name}\" limit 1000) counted"
            ))
            .await?;
        let row = rows.first().ok_or_else(|| DatabaseError::QueryFailed {
            reason: "the answer has no row".to_owned(),
        })?;
        let count: i64 = row.try_get(0).map_err(|error| query_error(&error))?;
        Ok(u64::try_from(count).unwrap_or_default())
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
        let client = self.client.as_mut().ok_or(DatabaseError::QueryTimedOut)?;
        let watch = match &self.way {
            Some(way) => Some(LockWatch::over(client, way).await?),
            None => None,
        };
        let outcome = script::run(
            &mut client.sqlx,
            files,
            self.run_limits,
            None,
            watch.as_ref(),
        )
        .await;
        if outcome.as_ref().is_err_and(DatabaseError::is_unanswered) {
            self.end().await;
        }
        outcome
    }
}
