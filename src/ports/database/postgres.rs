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
    postgres::{PgConnectOptions, PgDatabaseError, PgErrorPosition, PgRow, PgSslMode},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::{
    domain::{sql, url::Connection},
    ports::database::{
        ColumnFacts, Database, DatabaseError, Session, SqlFile, StatementError, TableFacts,
        TlsFacts,
    },
};

/// The code of an `SSLRequest`; PostgreSQL protocol 3, section "Message Formats".
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
/// How long a sleeping compute may take to wake up.
const WAKE: Duration = Duration::from_secs(30);
/// The schema in which the expected tables are made and rolled back.
const SCRATCH: &str = "neonup_expected";

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
}

impl PgSession {
    /// Runs a query under the limit: the server's own `statement_timeout` cannot be relied on.
    async fn all(&mut self, sql: &str) -> Result<Vec<PgRow>, DatabaseError> {
        timeout(
            self.limit,
            sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut self.inner),
        )
        .await
        .map_err(|_elapsed| DatabaseError::QueryTimedOut)?
        .map_err(|error| DatabaseError::QueryFailed {
            reason: error.to_string(),
        })
    }

    async fn facts(&mut self, schema: &str) -> Result<Vec<TableFacts>, DatabaseError> {
        let mut tables: Vec<TableFacts> = Vec::new();
        let columns = format!(
            "select c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), not a.attnotnull \
             from pg_class c join pg_namespace n on n.oid = c.relnamespace \
             left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped \
             where n.nspname = '{schema}' and c.relkind in ('r', 'p') order by c.relname, a.attnum"
        );
        for row in self.all(&columns).await? {
            let name: String = row.get(0);
            if tables.last().is_none_or(|table| table.name != name) {
                tables.push(TableFacts {
                    name,
                    columns: Vec::new(),
                    constraints: Vec::new(),
                    indexes: Vec::new(),
                });
            }
            if let (Some(table), Some(column)) =
                (tables.last_mut(), row.get::<Option<String>, _>(1))
            {
                table.columns.push(ColumnFacts {
                    name: column,
                    kind: row.get::<Option<String>, _>(2).unwrap_or_default(),
                    nullable: row.get::<Option<bool>, _>(3).unwrap_or(true),
                });
            }
        }
        let qualified = format!("{schema}.");
        let others = format!(
            "select c.relname::text, 'constraint', pg_get_constraintdef(k.oid) \
             from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace \
             where n.nspname = '{schema}' and k.contype in ('p', 'u', 'f', 'c') \
             union all \
             select c.relname::text, 'index', pg_get_indexdef(i.indexrelid) \
             from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace \
             where n.nspname = '{schema}' and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u')) \
             order by 1, 2, 3"
        );
        for row in self.all(&others).await? {
            let name: String = row.get(0);
            let definition = row.get::<String, _>(2).replace(&qualified, "");
            if let Some(table) = tables.iter_mut().find(|table| table.name == name) {
                if row.get::<String, _>(1) == "constraint" {
                    table.constraints.push(definition);
                } else {
                    table.indexes.push(definition);
                }
            }
        }
        Ok(tables)
    }

    async fn statements(&mut self, files: &[SqlFile]) -> Result<(), DatabaseError> {
        for file in files {
            // no limit: a migration may take its time, and the user can cancel
            sqlx::raw_sql(AssertSqlSafe(file.text.as_str()))
                .execute(&mut self.inner)
                .await
                .map_err(|error| statement_error(&error, file))?;
        }
        Ok(())
    }
}

#[async_trait]
impl Session for PgSession {
    async fn ping(&mut self) -> Result<Duration, DatabaseError> {
        let started = Instant::now();
        self.all("select 1").await?;
        Ok(started.elapsed())
    }

    async fn tables(&mut self) -> Result<Vec<TableFacts>, DatabaseError> {
        self.facts("public").await
    }

    async fn rows(&mut self, table: &str) -> Result<u64, DatabaseError> {
        let name = table.replace('"', "\"\"");
        let rows = self
            .all(&format!(
                "select count(*) from (select from public.\"{name}\" limit 1000) counted"
            ))
            .await?;
        Ok(rows
            .first()
            .and_then(|row| u64::try_from(row.get::<i64, _>(0)).ok())
            .unwrap_or_default())
    }

    async fn run(&mut self, files: &[SqlFile]) -> Result<(), DatabaseError> {
        self.all("begin").await?;
        for file in files {
            if let Some(word) = sql::ends_transaction(&file.text) {
                self.all("rollback").await.ok();
                return Err(DatabaseError::EndsTransaction {
                    file: file.name.clone(),
                    word,
                });
            }
        }
        match self.statements(files).await {
            Ok(()) => self.all("commit").await.map(drop),
            Err(error) => {
                // the first error is the one to report; a connection that cannot roll back ends the transaction by ending
                self.all("rollback").await.ok();
                Err(error)
            }
        }
    }

    async fn expected(&mut self, files: &[SqlFile]) -> Result<Vec<TableFacts>, DatabaseError> {
        let limit = self.limit;
        let work = async {
            self.all("begin").await?;
            self.all(&format!(
                "create schema {SCRATCH}; set local search_path to {SCRATCH}"
            ))
            .await?;
            self.statements(files).await?;
            self.facts(SCRATCH).await
        };
        let facts = timeout(limit, work)
            .await
            .map_err(|_elapsed| DatabaseError::QueryTimedOut)?;
        // where even that does not come back, the connection is dropped, which rolls back too
        self.all("rollback").await?;
        facts
    }
}

/// The error of a statement, with line and column where Postgres says which character it is about.
fn statement_error(error: &sqlx::Error, file: &SqlFile) -> DatabaseError {
    let sqlx::Error::Database(database) = error else {
        return DatabaseError::FileNotRun {
            file: file.name.clone(),
            reason: error.to_string(),
        };
    };
    let postgres: &PgDatabaseError = database.downcast_ref();
    let position = match postgres.position() {
        Some(PgErrorPosition::Original(position)) => Some(sql::locate(&file.text, position)),
        Some(PgErrorPosition::Internal { .. }) | None => None,
    };
    DatabaseError::Statement(Box::new(StatementError {
        file: file.name.clone(),
        position,
        sqlstate: postgres.code().to_owned(),
        message: postgres.message().to_owned(),
        detail: postgres.detail().map(str::to_owned),
        hint: postgres.hint().map(str::to_owned),
    }))
}
