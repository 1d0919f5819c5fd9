//! The real adapter: sqlx for queries, and a TLS handshake of our own for what sqlx does not tell.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgRow, PgSslMode},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::{
    domain::url::Connection,
    ports::database::{
        Database, DatabaseError, SchemaShape, Session, SqlFile, TlsFacts, catalog,
        script::{self, GRACE, RunLimits},
    },
};

/// The code of an `SSLRequest`; PostgreSQL protocol 3, section "Message Formats".
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
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

    /// Connects to the first address that answers.
    async fn open(&self, addresses: &[SocketAddr]) -> Result<TcpStream, DatabaseError> {
        let mut last: Option<(SocketAddr, io::Error)> = None;
        for address in addresses {
            match timeout(self.limit, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = Some((*address, error)),
                Err(_elapsed) => last = Some((*address, io::ErrorKind::TimedOut.into())),
            }
        }
        let (address, source) = last.map_or_else(
            || ("no address".to_owned(), io::ErrorKind::NotFound.into()),
            |(address, error)| (address.to_string(), error),
        );
        Err(DatabaseError::NotConnected { address, source })
    }
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
        let stream = self.open(addresses).await?;
        stream.peer_addr().map_err(DatabaseError::CutAtOnce)
    }

    async fn handshake(
        &self,
        connection: &Connection,
        authority: Option<&str>,
    ) -> Result<TlsFacts, DatabaseError> {
        let host = connection.host.as_str();
        let port = connection.effective_port();
        let addresses = self.resolve(host, port).await?;
        let mut stream = self.open(&addresses).await?;
        let failed = |reason: String| DatabaseError::NoTls {
            host: host.to_owned(),
            reason,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(error.to_string()))?
            .with_root_certificates(self.roots(authority)?)
            .with_no_client_auth();
        let name =
            ServerName::try_from(host.to_owned()).map_err(|error| failed(error.to_string()))?;
        let work = async {
            stream.write_all(&SSL_REQUEST).await?;
            if stream.read_u8().await? != b'S' {
                return Err(io::Error::other("the server does not speak TLS"));
            }
            TlsConnector::from(Arc::new(config))
                .connect(name, stream)
                .await
        };
        let stream = timeout(self.limit, work)
            .await
            .map_err(|_elapsed| failed("no answer in time".to_owned()))?
            .map_err(|error| failed(error.to_string()))?;
        let (_, session) = stream.get_ref();
        let version = match session.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS",
        };
        let leaf = session
            .peer_certificates()
            .and_then(|certificates| certificates.first());
        let (issuer, days_left) = leaf.map_or_else(Default::default, |der| read_certificate(der));
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
        // The options start from the environment. A PGSSLROOTCERT there (`system`, as Neon's guides have it for
        // libpq) would be opened as a file; even an empty list takes its place, beside the system's own roots.
        let extra_roots = authority.unwrap_or_default().as_bytes().to_vec();
        let options = PgConnectOptions::new_without_pgpass()
            .host(&connection.host)
            .port(connection.effective_port())
            .database(&connection.database)
            .username(&connection.role)
            .password(connection.password.expose())
            .application_name("neonup")
            .statement_cache_capacity(0)
            .ssl_mode(PgSslMode::VerifyFull)
            .ssl_root_cert_from_pem(extra_roots);
        let limit = self.limit.max(WAKE);
        let inner = timeout(limit, PgConnection::connect_with(&options))
            .await
            .map_err(|_elapsed| DatabaseError::LoginTimedOut {
                host: connection.host.clone(),
                limit,
            })?
            .map_err(|error| login_error(error, connection))?;
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

/// Why a login failed, by SQLSTATE where there is one.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "sqlx's other errors are of pools, rows and types: none of them belongs to a login"
)]
fn login_error(error: sqlx::Error, connection: &Connection) -> DatabaseError {
    let host = connection.host.clone();
    match error {
        sqlx::Error::Database(database) => {
            let message = database.message().to_owned();
            match database.code().as_deref() {
                Some("28P01" | "28000") => DatabaseError::WrongPassword {
                    host,
                    role: connection.role.clone(),
                    message,
                },
                Some("3D000") => DatabaseError::NoSuchDatabase {
                    host,
                    database: connection.database.clone(),
                    message,
                },
                Some("53300") => DatabaseError::NoConnectionLeft { host, message },
                _ => DatabaseError::LoginRefused { host, message },
            }
        }
        // rustls reports a certificate that it does not trust like this
        sqlx::Error::Io(source) if source.kind() == io::ErrorKind::InvalidData => {
            DatabaseError::NoTls {
                host,
                reason: source.to_string(),
            }
        }
        sqlx::Error::Io(source) => DatabaseError::Cut { host, source },
        sqlx::Error::Tls(error) => DatabaseError::NoTls {
            host,
            reason: error.to_string(),
        },
        other => DatabaseError::LoginFailed {
            host,
            reason: other.to_string(),
        },
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

    async fn run(&mut self, files: &[SqlFile]) -> Result<(), DatabaseError> {
        let limits = RunLimits::default();
        script::run(&mut self.inner, files, limits, None).await
    }
}
