//! Connection URLs: the forms that drivers want, and how any of them is recognised.
//!
//! # What is written
//!
//! Every form asks for TLS. `channel_binding=require` is kept beside it for the drivers that act on it, because
//! `sslmode=require` alone encrypts without checking whom it talks to: channel binding is then what makes an impostor fail. It
//! costs an `&` in the value, which a shell reads as "in the background", so such a value stands in single quotes in the file
//! (21 of 22 measured readers; `docker run --env-file` keeps the quotes). Drivers that ignore the parameter, or fail on it
//! (asyncpg and pgx send unknown parameters to the server), get `sslmode=require` alone, which all 22 readers take bare.
//!
//! User, password and database are percent-encoded down to letters, digits, `-`, `.` and `_`: then no connection URL ever
//! holds a character that needs a warning. (`~` would be allowed by RFC 3986, but a shell expands it after a colon.)

use std::{fmt, str::FromStr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::core::secret::Secret;

/// What stays as it is in the user, password and database of a URL.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// The port of Postgres where a URL names none.
pub(crate) const DEFAULT_PORT: u16 = 5432;

/// Whether a URL goes to the compute itself or through the pooler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum UrlKind {
    /// To the compute.
    #[default]
    Direct,
    /// Through Neon's pooler.
    Pooled,
}

impl FromStr for UrlKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "direct" => Ok(Self::Direct),
            "pooled" => Ok(Self::Pooled),
            _ => Err(format!(
                "`{text}` is no kind of URL: \"direct\" or \"pooled\""
            )),
        }
    }
}

/// One part of a connection, for applications that take it apart: libpq's `PGHOST` and its kin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The host's name.
    Host,
    /// The port.
    Port,
    /// The database.
    Database,
    /// The role.
    User,
    /// Its password.
    Password,
    /// How TLS is asked for, in libpq's words.
    SslMode,
}

impl Part {
    /// Every part.
    pub(crate) const ALL: [Self; 6] = [
        Self::Host,
        Self::Port,
        Self::Database,
        Self::User,
        Self::Password,
        Self::SslMode,
    ];

    /// Its name in `neonup.toml`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Port => "port",
            Self::Database => "database",
            Self::User => "user",
            Self::Password => "password",
            Self::SslMode => "sslmode",
        }
    }

    /// The part that libpq's environment variable of this name holds.
    pub(crate) fn of_variable(name: &str) -> Option<Self> {
        match name {
            "PGHOST" => Some(Self::Host),
            "PGPORT" => Some(Self::Port),
            "PGDATABASE" => Some(Self::Database),
            "PGUSER" => Some(Self::User),
            "PGPASSWORD" => Some(Self::Password),
            "PGSSLMODE" => Some(Self::SslMode),
            _ => None,
        }
    }

    /// The name of the part in libpq's keyword form.
    const fn keyword(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Port => "port",
            Self::Database => "dbname",
            Self::User => "user",
            Self::Password => "password",
            Self::SslMode => "sslmode",
        }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = Self::ALL.map(Self::name);
        Self::ALL
            .into_iter()
            .find(|part| part.name() == text)
            .ok_or_else(|| format!("`{text}` is no part of a connection: {}", names.join(", ")))
    }
}

/// Recognises a connection that was taken apart, from the parts that are there.
pub(crate) fn recognise_parts(part: impl Fn(Part) -> Option<String>) -> Option<Recognised> {
    let pairs: Vec<_> = Part::ALL
        .into_iter()
        .filter_map(|name| Some(format!("{}={}", name.keyword(), keyword(&part(name)?))))
        .collect();
    from_keywords(&pairs.join(" "))
}

/// A client library, which decides the form of the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Driver {
    /// libpq and everything that reads its URIs.
    #[default]
    Libpq,
    /// libpq's `host=… dbname=…` form.
    LibpqKeywords,
    /// SQLAlchemy with psycopg 3.
    Psycopg,
    /// SQLAlchemy with psycopg 2.
    Psycopg2,
    /// SQLAlchemy with asyncpg, which spells TLS `ssl=require` and refuses `sslmode`.
    Asyncpg,
    /// asyncpg without SQLAlchemy.
    AsyncpgPlain,
    /// SQLAlchemy with pg8000, which takes TLS only in code.
    Pg8000,
    /// Django through dj-database-url or django-environ.
    Django,
    /// node-postgres (`pg`).
    NodePostgres,
    /// Prisma.
    Prisma,
    /// Drizzle, over node-postgres, postgres.js or Neon's serverless driver.
    Drizzle,
    /// Java.
    Jdbc,
    /// .NET: an ADO connection string, no URL.
    Npgsql,
    /// Go.
    Pgx,
    /// Rust.
    Sqlx,
}

/// How the parts of a connection are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `scheme://role:password@host:port/database?query`.
    Uri,
    /// `jdbc:postgresql://host:port/database?user=…&password=…`.
    Jdbc,
    /// `Host=…;Database=…`.
    Ado,
    /// `host=… dbname=…`.
    Keywords,
}

/// A row of the table of drivers.
struct Form {
    name: &'static str,
    shape: Shape,
    /// The scheme that is written, first; then others that the driver accepts too.
    schemes: &'static [&'static str],
    /// The parameters that are written.
    query: &'static [(&'static str, &'static str)],
    /// Parameters on which the driver fails.
    refuses: &'static [&'static str],
}

const POSTGRES: &[&str] = &["postgresql", "postgres"];
const TLS: &[(&str, &str)] = &[("sslmode", "require")];
const TLS_AND_BINDING: &[(&str, &str)] = &[("sslmode", "require"), ("channel_binding", "require")];

impl Driver {
    /// Every driver.
    pub(crate) const ALL: &'static [Self] = &[
        Self::Libpq,
        Self::LibpqKeywords,
        Self::Psycopg,
        Self::Psycopg2,
        Self::Asyncpg,
        Self::AsyncpgPlain,
        Self::Pg8000,
        Self::Django,
        Self::NodePostgres,
        Self::Prisma,
        Self::Drizzle,
        Self::Jdbc,
        Self::Npgsql,
        Self::Pgx,
        Self::Sqlx,
    ];

    const fn form(self) -> Form {
        match self {
            Self::Libpq => uri("libpq", POSTGRES, TLS_AND_BINDING, &[]),
            Self::LibpqKeywords => Form {
                name: "libpq-keywords",
                shape: Shape::Keywords,
                schemes: &[],
                query: TLS_AND_BINDING,
                refuses: &[],
            },
            Self::Psycopg => uri("psycopg", &["postgresql+psycopg"], TLS_AND_BINDING, &[]),
            // a bare `postgresql://` means psycopg2 to SQLAlchemy; `postgres://` it refuses since 1.4
            Self::Psycopg2 => uri(
                "psycopg2",
                &["postgresql+psycopg2", "postgresql"],
                TLS_AND_BINDING,
                &[],
            ),
            Self::Asyncpg => uri(
                "asyncpg",
                &["postgresql+asyncpg"],
                &[("ssl", "require")],
                &["sslmode", "channel_binding", "options"],
            ),
            Self::AsyncpgPlain => uri("asyncpg-plain", POSTGRES, TLS, &["channel_binding"]),
            Self::Pg8000 => uri(
                "pg8000",
                &["postgresql+pg8000"],
                &[],
                &["sslmode", "channel_binding", "ssl"],
            ),
            Self::Django => uri(
                "django",
                &["postgresql", "postgres", "psql", "pgsql"],
                TLS_AND_BINDING,
                &[],
            ),
            Self::NodePostgres => uri("node-postgres", POSTGRES, TLS, &[]),
            Self::Prisma => uri("prisma", POSTGRES, TLS_AND_BINDING, &[]),
            Self::Drizzle => uri("drizzle", POSTGRES, TLS, &["channel_binding"]),
            Self::Jdbc => Form {
                name: "jdbc",
                shape: Shape::Jdbc,
                schemes: &["jdbc:postgresql"],
                query: &[("sslmode", "require"), ("channelBinding", "require")],
                refuses: &[],
            },
            Self::Npgsql => Form {
                name: "npgsql",
                shape: Shape::Ado,
                schemes: &[],
                query: &[("SSL Mode", "Require"), ("Channel Binding", "Require")],
                refuses: &[],
            },
            Self::Pgx => uri("pgx", POSTGRES, TLS, &["channel_binding"]),
            Self::Sqlx => uri("sqlx", POSTGRES, TLS, &[]),
        }
    }

    /// The name in `neonup.toml`.
    pub(crate) const fn name(self) -> &'static str {
        self.form().name
    }

    /// Whether the URL itself asks for TLS. It cannot for pg8000, where the application's code must.
    pub(crate) const fn tls_in_url(self) -> bool {
        !self.form().query.is_empty()
    }

    /// What a URL of this driver begins with, for a person.
    pub(crate) fn prefix(self) -> String {
        let form = self.form();
        match form.shape {
            Shape::Uri | Shape::Jdbc => {
                format!("{}://", form.schemes.first().copied().unwrap_or_default())
            }
            Shape::Ado => "Host=".to_owned(),
            Shape::Keywords => "host=".to_owned(),
        }
    }
}

const fn uri(
    name: &'static str,
    schemes: &'static [&'static str],
    query: &'static [(&'static str, &'static str)],
    refuses: &'static [&'static str],
) -> Form {
    Form {
        name,
        shape: Shape::Uri,
        schemes,
        query,
        refuses,
    }
}

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Driver {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|driver| driver.name() == text)
            .ok_or_else(|| {
                let names: Vec<_> = Self::ALL.iter().map(|driver| driver.name()).collect();
                format!("no driver `{text}`: the drivers are {}", names.join(", "))
            })
    }
}

/// Everything that is needed to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connection {
    /// The host of direct connections.
    pub host: String,
    /// The host of the pooler.
    pub pooled_host: String,
    /// The port; `None` is 5432.
    pub port: Option<u16>,
    /// The database.
    pub database: String,
    /// The role.
    pub role: String,
    /// Its password.
    pub password: Secret,
}

impl Connection {
    /// From the URIs that Neon's API gives: the direct one, and the pooler's where it was asked for.
    pub(crate) fn from_uris(direct: &Secret, pooled: Option<&Secret>) -> Option<Self> {
        let mut connection = parse_neon_uri(direct)?;
        if let Some(pooled) = pooled.and_then(recognise_secret) {
            connection.pooled_host = pooled.host;
        }
        Some(connection)
    }

    /// One part, as a variable of its own holds it.
    pub(crate) fn part(&self, kind: UrlKind, part: Part) -> Secret {
        match part {
            Part::Host => Secret::new(match kind {
                UrlKind::Direct => self.host.as_str(),
                UrlKind::Pooled => self.pooled_host.as_str(),
            }),
            Part::Port => Secret::new(self.port.unwrap_or(DEFAULT_PORT).to_string()),
            Part::Database => Secret::new(self.database.as_str()),
            Part::User => Secret::new(self.role.as_str()),
            Part::Password => self.password.clone(),
            Part::SslMode => Secret::new("require"),
        }
    }

    /// The connection URL, in the form that a driver reads.
    pub(crate) fn url(&self, kind: UrlKind, driver: Driver) -> Secret {
        let form = driver.form();
        let host = match kind {
            UrlKind::Direct => &self.host,
            UrlKind::Pooled => &self.pooled_host,
        };
        let scheme = form.schemes.first().copied().unwrap_or_default();
        let role = utf8_percent_encode(&self.role, COMPONENT);
        let password = utf8_percent_encode(self.password.expose(), COMPONENT);
        let database = utf8_percent_encode(&self.database, COMPONENT);
        let port = self.port.filter(|port| *port != DEFAULT_PORT);
        let colon_port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let query: Vec<_> = form
            .query
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Secret::new(match form.shape {
            Shape::Uri => {
                let mut url = format!("{scheme}://{role}:{password}@{host}{colon_port}/{database}");
                if !query.is_empty() {
                    url.push('?');
                    url.push_str(&query.join("&"));
                }
                url
            }
            Shape::Jdbc => format!(
                "{scheme}://{host}{colon_port}/{database}?user={role}&password={password}&{}",
                query.join("&")
            ),
            Shape::Ado => {
                let mut pairs = vec![format!("Host={}", ado(host))];
                pairs.extend(port.map(|port| format!("Port={port}")));
                pairs.push(format!("Database={}", ado(&self.database)));
                pairs.push(format!("Username={}", ado(&self.role)));
                pairs.push(format!("Password={}", ado(self.password.expose())));
                pairs.extend(query);
                pairs.join(";")
            }
            Shape::Keywords => {
                let mut pairs = vec![format!("host={}", keyword(host))];
                pairs.extend(port.map(|port| format!("port={port}")));
                pairs.push(format!("dbname={}", keyword(&self.database)));
                pairs.push(format!("user={}", keyword(&self.role)));
                pairs.push(format!("password={}", keyword(self.password.expose())));
                pairs.extend(query);
                pairs.join(" ")
            }
        })
    }

    /// Whether a URL leads to this compute (or its pooler), database and role, with this password.
    pub(crate) fn matches(&self, other: &Recognised) -> bool {
        self.differences(other).is_empty()
    }

    /// In what a URL differs from this connection, in words; empty when it does not.
    pub(crate) fn differences(&self, other: &Recognised) -> Vec<&'static str> {
        let same_host = |host: &str| host.eq_ignore_ascii_case(&other.host);
        let mut found = Vec::new();
        if !same_host(&self.host) && !same_host(&self.pooled_host) {
            found.push("the host");
        }
        if self.port.unwrap_or(DEFAULT_PORT) != other.port.unwrap_or(DEFAULT_PORT) {
            found.push("the port");
        }
        if self.database != other.database {
            found.push("the database");
        }
        if self.role != other.role {
            found.push("the role");
        }
        if self.password != other.password {
            found.push("the password");
        }
        found
    }
}

/// Writes a value of an ADO connection string; quoted where it holds what would end it.
fn ado(value: &str) -> String {
    let plain = !value.is_empty()
        && value
            .chars()
            .all(|c| !matches!(c, ';' | '=' | '"' | '\'') && !c.is_whitespace());
    if plain {
        value.to_owned()
    } else {
        format!("\"{}\"", value.replace('"', "\"\""))
    }
}

/// Writes a value of libpq's keyword form; quoted where it holds what would end it.
fn keyword(value: &str) -> String {
    let plain = !value.is_empty()
        && value
            .chars()
            .all(|c| !matches!(c, '\'' | '\\') && !c.is_whitespace());
    if plain {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

/// Reads the URI that Neon's API gives for a role: `postgresql://role:password@host[:port]/database?…`.
pub(crate) fn parse_neon_uri(uri: &Secret) -> Option<Connection> {
    let read = recognise_secret(uri)?;
    if read.host.is_empty() || read.role.is_empty() || read.database.is_empty() {
        return None;
    }
    Some(Connection {
        host: direct_host(&read.host),
        pooled_host: pooled_host(&read.host),
        port: read.port,
        database: read.database,
        role: read.role,
        password: read.password,
    })
}

/// The compute's own host for a pooler's.
fn direct_host(host: &str) -> String {
    match host.split_once('.') {
        Some((first, rest)) => {
            let first = first.strip_suffix(POOLER).unwrap_or(first);
            format!("{first}.{rest}")
        }
        None => host.to_owned(),
    }
}

/// The pooler's host for a compute's; the host itself where it has not Neon's form.
fn pooled_host(host: &str) -> String {
    match host.split_once('.') {
        Some((first, rest)) if first.starts_with("ep-") && !first.ends_with(POOLER) => {
            format!("{first}{POOLER}.{rest}")
        }
        _ => host.to_owned(),
    }
}

/// The end of the first label of a pooler's host.
const POOLER: &str = "-pooler";

/// How strongly a URL asks for TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tls {
    /// It says nothing.
    Silent,
    /// It allows plain text: `disable`, `allow`, `prefer`.
    Optional,
    /// It insists on TLS, but not on whom it talks to.
    Required,
    /// It insists on a certificate that is trusted.
    Verified,
}

/// What a connection URL of any form says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recognised {
    /// The scheme, such as `postgresql+psycopg`; `Host=` and `host=` stand for the forms that are no URLs.
    pub scheme: String,
    /// The host, in lower case; empty where there is none.
    pub host: String,
    /// The port, where it is named.
    pub port: Option<u16>,
    /// The database.
    pub database: String,
    /// The role.
    pub role: String,
    /// The password; empty where there is none.
    pub password: Secret,
    /// Whether it asks for TLS.
    pub tls: Tls,
    /// Whether the host is a pooler's.
    pub pooled: bool,
    shape: Shape,
    /// The names of the parameters, in lower case.
    parameters: Vec<String>,
}

impl Recognised {
    /// Whether plain text is ruled out.
    pub(crate) fn asks_for_tls(&self) -> bool {
        self.tls >= Tls::Required
    }

    /// The kind of URL it is.
    pub(crate) const fn kind(&self) -> UrlKind {
        if self.pooled {
            UrlKind::Pooled
        } else {
            UrlKind::Direct
        }
    }

    /// How to connect with it.
    pub(crate) fn connection(&self) -> Connection {
        Connection {
            host: direct_host(&self.host),
            pooled_host: pooled_host(&self.host),
            port: self.port,
            database: self.database.clone(),
            role: self.role.clone(),
            password: self.password.clone(),
        }
    }

    /// Whether a driver accepts this form; if not, why, in words without a secret.
    pub(crate) fn accepted_by(&self, driver: Driver) -> Result<(), String> {
        let form = driver.form();
        if form.shape != self.shape {
            return Err(format!("{driver} wants the form `{}…`", driver.prefix()));
        }
        if !form.schemes.is_empty() && !form.schemes.contains(&self.scheme.as_str()) {
            return Err(format!(
                "it begins with `{}://`, {driver} wants `{}`",
                self.scheme,
                driver.prefix()
            ));
        }
        self.parameters
            .iter()
            .find(|name| form.refuses.contains(&name.as_str()))
            .map_or(Ok(()), |name| {
                Err(format!("{driver} fails on the parameter `{name}`"))
            })
    }
}

/// Recognises a connection URL of any form; `None` where it is something else.
pub(crate) fn recognise(value: &str) -> Option<Recognised> {
    let value = value.trim();
    // a password among keywords may hold `://` too: what stands before it must be a scheme (RFC 3986, section 3.1)
    let uri = value.split_once("://").filter(|(scheme, _)| {
        scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | ':' | '_'))
    });
    if let Some((scheme, rest)) = uri {
        let scheme = scheme.to_ascii_lowercase();
        let family = scheme.strip_prefix("jdbc:").unwrap_or(&scheme);
        let family = family.split('+').next().unwrap_or(family);
        if !matches!(
            family,
            "postgresql" | "postgres" | "psql" | "pgsql" | "postgis"
        ) {
            return None;
        }
        return Some(from_uri(&scheme, rest));
    }
    let lower = value.to_ascii_lowercase();
    if !lower.contains("host=") && !lower.contains("server=") && !lower.contains("host =") {
        return None;
    }
    // the two are told apart by what ends the first value
    let first = value.split_once('=')?.1.trim_start();
    if first.chars().find(|c| matches!(c, ';' | ' ')) == Some(';') {
        return from_ado(value);
    }
    from_keywords(value)
}

/// Recognises a secret.
fn recognise_secret(value: &Secret) -> Option<Recognised> {
    recognise(value.expose())
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// What parameters add to the parts of a URL.
struct Parts {
    read: Recognised,
}

impl Parts {
    fn new(scheme: &str, shape: Shape) -> Self {
        Self {
            read: Recognised {
                scheme: scheme.to_owned(),
                host: String::new(),
                port: None,
                database: String::new(),
                role: String::new(),
                password: Secret::new(""),
                tls: Tls::Silent,
                pooled: false,
                shape,
                parameters: Vec::new(),
            },
        }
    }

    /// Takes a named part in. Names are compared without case, spaces, `_` and `-`, as .NET does.
    fn set(&mut self, name: &str, value: &str) {
        let key: String = name
            .chars()
            .filter(|c| !matches!(c, ' ' | '_' | '-'))
            .collect::<String>()
            .to_ascii_lowercase();
        let read = &mut self.read;
        match key.as_str() {
            "host" | "hostaddr" | "server" => value.clone_into(&mut read.host),
            "port" => read.port = value.parse().ok().or(read.port),
            "dbname" | "database" | "db" => value.clone_into(&mut read.database),
            "user" | "username" | "userid" | "uid" => value.clone_into(&mut read.role),
            "password" | "pwd" => read.password = Secret::new(value),
            _ => {
                match (key.as_str(), value.to_ascii_lowercase().as_str()) {
                    (
                        "sslmode" | "ssl",
                        "verify-ca" | "verify-full" | "verifyca" | "verifyfull",
                    )
                    | ("sslaccept", "strict") => read.tls = Tls::Verified,
                    // node-postgres' `no-verify` is TLS with any certificate
                    ("sslmode", "require" | "no-verify")
                    | ("ssl", "require" | "true" | "1" | "no-verify")
                    | ("sslnegotiation", "direct") => read.tls = read.tls.max(Tls::Required),
                    ("sslmode" | "ssl", _) => read.tls = read.tls.max(Tls::Optional),
                    _ => {}
                }
                read.parameters.push(name.to_ascii_lowercase());
            }
        }
    }

    fn finish(self) -> Recognised {
        let mut read = self.read;
        read.host = read.host.trim_end_matches('.').to_ascii_lowercase();
        read.pooled = read
            .host
            .split('.')
            .next()
            .is_some_and(|first| first.ends_with(POOLER));
        read
    }
}

fn from_uri(scheme: &str, rest: &str) -> Recognised {
    let shape = if scheme.starts_with("jdbc:") {
        Shape::Jdbc
    } else {
        Shape::Uri
    };
    let mut parts = Parts::new(scheme, shape);
    let rest = rest.split('#').next().unwrap_or(rest);
    let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, _) = rest.split_at_checked(authority_end).unwrap_or((rest, ""));
    // a password that was not encoded may hold `/` or `?`: then the last `@` of all counts
    let at = authority.rfind('@').or_else(|| rest.rfind('@'));
    let (credentials, rest) = match at.and_then(|at| rest.split_at_checked(at)) {
        Some((credentials, rest)) => (Some(credentials), rest.strip_prefix('@').unwrap_or(rest)),
        None => (None, rest),
    };
    if let Some(credentials) = credentials {
        let (role, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        parts.read.role = decode(role);
        parts.read.password = Secret::new(decode(password));
    }
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = address.split_once('/').unwrap_or((address, ""));
    parts.read.database = decode(database);
    let (host, port) = match authority.rsplit_once(':') {
        // the colons of an IPv6 address stand inside brackets
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
        _ => (authority, None),
    };
    parts.read.host = decode(host.trim_matches(['[', ']']));
    parts.read.port = port;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parts.set(&decode(name), &decode(value));
    }
    parts.finish()
}

/// `Host=…;Database=…`, with values in single or double quotes where they need it.
fn from_ado(value: &str) -> Option<Recognised> {
    let mut parts = Parts::new("Host=", Shape::Ado);
    let mut rest = value;
    while !rest.trim().is_empty() {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (text, next) = if let Some(quote) = quote {
            quoted(after, quote, Escape::Doubled)?
        } else {
            let (text, next) = after.split_once(';').unwrap_or((after, ""));
            (text.trim_end().to_owned(), next)
        };
        parts.set(name.trim(), &text);
        rest = next.trim_start().trim_start_matches(';');
    }
    Some(parts.finish())
}

/// `host=… dbname=…`, with values in single quotes where they need it.
fn from_keywords(value: &str) -> Option<Recognised> {
    let mut parts = Parts::new("host=", Shape::Keywords);
    let mut rest = value.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return None;
        }
        let after = after.trim_start();
        let (text, next) = if after.starts_with('\'') {
            quoted(after, '\'', Escape::Backslash)?
        } else {
            let (text, next) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
            (text.to_owned(), next)
        };
        parts.set(name, &text);
        rest = next.trim_start();
    }
    (!parts.read.host.is_empty()).then(|| parts.finish())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    Doubled,
    Backslash,
}

/// The text of a quoted value and what follows it.
fn quoted(text: &str, quote: char, escape: Escape) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.chars();
    chars.next()?;
    loop {
        match chars.next()? {
            '\\' if escape == Escape::Backslash => value.push(chars.next()?),
            c if c == quote => {
                let after = chars.as_str();
                if escape == Escape::Doubled && after.starts_with(quote) {
                    chars.next();
                    value.push(quote);
                } else {
                    return Some((value, after));
                }
            }
            c => value.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Connection {
        Connection {
            host: "ep-cool-name-12345678.us-east-2.aws.neon.tech".into(),
            pooled_host: "ep-cool-name-12345678-pooler.us-east-2.aws.neon.tech".into(),
            port: None,
            database: "neondb".into(),
            role: "neondb_owner".into(),
            password: Secret::new("npg_p@s$w'r&d"),
        }
    }

    #[test]
    fn every_driver_has_its_form() {
        let direct = "ep-cool-name-12345678.us-east-2.aws.neon.tech";
        let login = "neondb_owner:npg_p%40s%24w%27r%26d";
        let both = "sslmode=require&channel_binding=require";
        let expected = [
            (
                "libpq",
                format!("postgresql://{login}@{direct}/neondb?{both}"),
            ),
            (
                "libpq-keywords",
                format!(
                    r"host={direct} dbname=neondb user=neondb_owner password='npg_p@s$w\'r&d' sslmode=require channel_binding=require"
                ),
            ),
            (
                "psycopg",
                format!("postgresql+psycopg://{login}@{direct}/neondb?{both}"),
            ),
            (
                "psycopg2",
                format!("postgresql+psycopg2://{login}@{direct}/neondb?{both}"),
            ),
            (
                "asyncpg",
                format!("postgresql+asyncpg://{login}@{direct}/neondb?ssl=require"),
            ),
            (
                "asyncpg-plain",
                format!("postgresql://{login}@{direct}/neondb?sslmode=require"),
            ),
            (
                "pg8000",
                format!("postgresql+pg8000://{login}@{direct}/neondb"),
            ),
            (
                "django",
                format!("postgresql://{login}@{direct}/neondb?{both}"),
            ),
            (
                "node-postgres",
                format!("postgresql://{login}@{direct}/neondb?sslmode=require"),
            ),
            (
                "prisma",
                format!("postgresql://{login}@{direct}/neondb?{both}"),
            ),
            (
                "drizzle",
                format!("postgresql://{login}@{direct}/neondb?sslmode=require"),
            ),
            (
                "jdbc",
                format!(
                    "jdbc:postgresql://{direct}/neondb?user=neondb_owner&password=npg_p%40s%24w%27r%26d&sslmode=require&channelBinding=require"
                ),
            ),
            (
                "npgsql",
                format!(
                    "Host={direct};Database=neondb;Username=neondb_owner;Password=\"npg_p@s$w'r&d\";SSL Mode=Require;Channel Binding=Require"
                ),
            ),
            (
                "pgx",
                format!("postgresql://{login}@{direct}/neondb?sslmode=require"),
            ),
            (
                "sqlx",
                format!("postgresql://{login}@{direct}/neondb?sslmode=require"),
            ),
        ];
        assert_eq!(expected.len(), Driver::ALL.len());
        for (name, url) in expected {
            let driver: Driver = name.parse().unwrap();
            assert_eq!(
                sample().url(UrlKind::Direct, driver).expose(),
                url,
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_written_is_recognised_as_this_connection_and_accepted_by_its_driver() {
        for port in [None, Some(6543)] {
            let connection = Connection { port, ..sample() };
            for kind in [UrlKind::Direct, UrlKind::Pooled] {
                for driver in Driver::ALL {
                    let url = connection.url(kind, *driver);
                    let read = recognise(url.expose()).unwrap();
                    assert_eq!(connection.differences(&read), [""; 0], "{driver}");
                    assert_eq!(read.accepted_by(*driver), Ok(()), "{driver}");
                    assert_eq!(read.kind(), kind, "{driver}");
                    assert_eq!(read.asks_for_tls(), driver.tls_in_url(), "{driver}");
                    assert_eq!(read.connection(), connection, "{driver}");
                }
            }
        }
    }

    #[test]
    fn a_wrong_form_is_named() {
        let url = |driver| {
            let url = sample().url(UrlKind::Direct, driver);
            recognise(url.expose()).unwrap()
        };
        assert_eq!(
            url(Driver::Libpq).accepted_by(Driver::Psycopg).unwrap_err(),
            "it begins with `postgresql://`, psycopg wants `postgresql+psycopg://`"
        );
        let mixed = recognise("postgresql+asyncpg://u:p@h/d?sslmode=require").unwrap();
        assert_eq!(
            mixed.accepted_by(Driver::Asyncpg).unwrap_err(),
            "asyncpg fails on the parameter `sslmode`"
        );
        assert_eq!(
            url(Driver::Npgsql).accepted_by(Driver::Libpq).unwrap_err(),
            "libpq wants the form `postgresql://…`"
        );
    }

    #[test]
    fn tls_is_judged_by_every_spelling() {
        for (url, tls) in [
            ("postgresql://u:p@h/d", Tls::Silent),
            ("postgresql://u:p@h/d?sslmode=prefer", Tls::Optional),
            ("postgresql://u:p@h/d?sslmode=disable", Tls::Optional),
            ("postgresql://u:p@h/d?sslmode=require", Tls::Required),
            ("postgresql://u:p@h/d?sslmode=verify-full", Tls::Verified),
            ("postgresql+asyncpg://u:p@h/d?ssl=require", Tls::Required),
            ("postgres://u:p@h/d?ssl=true", Tls::Required),
            ("Host=h;SSL Mode=VerifyFull;Username=u", Tls::Verified),
            ("Server=h;SslMode=Require;User Id=u", Tls::Required),
            ("host=h sslmode=allow", Tls::Optional),
        ] {
            assert_eq!(recognise(url).unwrap().tls, tls, "{url}");
        }
    }

    #[test]
    fn odd_urls_are_read() {
        let read = recognise("postgres://u:a/b?c@[::1]:5433/d").unwrap();
        assert_eq!((read.host.as_str(), read.port), ("::1", Some(5433)));
        assert_eq!(read.password, Secret::new("a/b?c"));
        let read = recognise("postgresql:///d?host=H.example&user=u&password=p").unwrap();
        assert_eq!(read.host, "h.example");
        assert_eq!(read.role, "u");
        for other in [
            "",
            "https://example.com",
            "mysql://u:p@h/d",
            "localhost",
            "8000",
            "host=",
        ] {
            assert!(recognise(other).is_none(), "{other}");
        }
    }

    #[test]
    fn neons_own_uris_become_a_connection() {
        let direct = sample().url(UrlKind::Direct, Driver::Libpq);
        let pooled = sample().url(UrlKind::Pooled, Driver::Libpq);
        assert_eq!(Connection::from_uris(&direct, None), Some(sample()));
        assert_eq!(
            Connection::from_uris(&direct, Some(&pooled)),
            Some(sample())
        );
        // a pooled one given as the direct one is put right
        assert_eq!(Connection::from_uris(&pooled, None), Some(sample()));
        let local = Secret::new("postgresql://r:p@localhost:5433/d");
        let local = Connection::from_uris(&local, None).unwrap();
        assert_eq!(local.pooled_host, "localhost");
        assert_eq!(local.port, Some(5433));
        assert!(Connection::from_uris(&Secret::new("nonsense"), None).is_none());
    }

    #[test]
    fn nothing_prints_a_password() {
        let url = sample().url(UrlKind::Direct, Driver::Npgsql);
        let read = recognise(url.expose()).unwrap();
        let text = format!("{url:?} {read:?} {:?}", sample());
        assert!(!text.contains("npg_"), "{text}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_credentials_survive(role in "\\PC{1,12}", password in "\\PC{0,24}", database in "\\PC{1,12}") {
            let connection = Connection { role, database, password: Secret::new(password), ..sample() };
            for driver in Driver::ALL {
                let url = connection.url(UrlKind::Direct, *driver);
                let read = recognise(url.expose());
                prop_assert!(read.is_some(), "{}", driver);
                prop_assert!(connection.matches(&read.unwrap()), "{}", driver);
            }
        }

        #[test]
        fn a_scheme_is_not_looked_for_inside_a_value(before in "\\PC{0,3}", after in "\\PC{0,3}") {
            let role = format!("{before}://{after}");
            let connection = Connection { role, ..sample() };
            for driver in Driver::ALL {
                let read = recognise(connection.url(UrlKind::Direct, *driver).expose());
                prop_assert!(read.is_some_and(|read| connection.matches(&read)), "{}", driver);
            }
        }

        #[test]
        fn recognising_never_panics(text in "\\PC{0,80}") {
            recognise(&text);
            recognise(&format!("postgresql://{text}"));
            recognise(&format!("host={text}"));
            recognise(&format!("Host={text};x"));
        }
    }
}
