//! A connection, and how it is written for each driver.

use std::net::Ipv6Addr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    core::secret::Secret,
    domain::url::{
        driver::{Driver, UrlShape},
        part::{DEFAULT_PORT, Part, UrlKind},
        pooler::{direct_host, is_neon, pooled_host},
        quote::{ado, keyword},
        recognize::{RecognizedUrl, recognize},
    },
};

/// What stays as it is in the user, password and database of a URL.
pub(super) const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// Everything that it takes to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connection {
    /// The host of direct connections.
    pub host: String,
    pub pooled_host: String,
    /// `None` is 5432.
    pub port: Option<u16>,
    pub database: String,
    pub role: String,
    pub password: Secret,
    /// Whether the URL demands that the login is bound to its TLS connection.
    pub channel_binding: bool,
}

impl Connection {
    /// Reads the URIs that Neon's API gives: the direct one, and the pooler's where it was asked for.
    pub(crate) fn from_uris(direct: &Secret, pooled: Option<&Secret>) -> Option<Self> {
        let mut connection = parse_neon_uri(direct)?;
        if let Some(pooled) = pooled.and_then(|uri| recognize(uri.expose())) {
            connection.pooled_host = pooled.host;
        }
        Some(connection)
    }

    /// The connection of a role whose password isn't known. `address`: the compute's host, with its port where it has one.
    pub(crate) fn without_password(address: &str, database: &str, role: &str) -> Self {
        let (host, port) = address
            .rsplit_once(':')
            .and_then(|(host, port)| Some((host, port.parse().ok()?)))
            .map_or((address, None), |(host, port)| (host, Some(port)));
        Self {
            host: host.to_owned(),
            pooled_host: pooled_host(host),
            port,
            database: database.to_owned(),
            role: role.to_owned(),
            password: Secret::new(""),
            channel_binding: true,
        }
    }

    /// Whether a login must be bound to its TLS connection: always with Neon, else where the URL says so.
    pub(crate) fn must_bind(&self) -> bool {
        self.channel_binding || is_neon(&self.host)
    }

    /// The port that is connected to.
    pub(crate) fn effective_port(&self) -> u16 {
        self.port.unwrap_or(DEFAULT_PORT)
    }

    /// The host of direct connections, with the port where the URL names one.
    pub(crate) fn address(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// One part, as a variable of its own holds it.
    pub(crate) fn part(&self, kind: UrlKind, part: Part) -> Secret {
        match part {
            Part::Host => Secret::new(match kind {
                UrlKind::Direct => self.host.as_str(),
                UrlKind::Pooled => self.pooled_host.as_str(),
            }),
            Part::Port => Secret::new(self.effective_port().to_string()),
            Part::Database => Secret::new(self.database.as_str()),
            Part::User => Secret::new(self.role.as_str()),
            Part::Password => self.password.clone(),
            Part::SslMode => Secret::new("require"),
        }
    }

    /// The connection URL, in the form that a driver reads.
    pub(crate) fn url(&self, kind: UrlKind, driver: Driver) -> Secret {
        let query: Vec<_> = driver
            .form()
            .query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.url_with(kind, driver, &query)
    }

    /// The connection URL with these parameters, whose values are written for the form already.
    pub(super) fn url_with(
        &self,
        kind: UrlKind,
        driver: Driver,
        query: &[(String, String)],
    ) -> Secret {
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
        let uri = matches!(form.shape, UrlShape::Uri | UrlShape::Jdbc);
        let query: Vec<_> = query
            .iter()
            .map(|(name, value)| {
                if uri {
                    format!("{}={value}", utf8_percent_encode(name, COMPONENT))
                } else {
                    format!("{name}={value}")
                }
            })
            .collect();
        Secret::new(match form.shape {
            UrlShape::Uri => {
                let host = authority(host);
                let mut url = format!("{scheme}://{role}:{password}@{host}{colon_port}/{database}");
                if !query.is_empty() {
                    url.push('?');
                    url.push_str(&query.join("&"));
                }
                url
            }
            UrlShape::Jdbc => format!(
                "{scheme}://{}{colon_port}/{database}?user={role}&password={password}&{}",
                authority(host),
                query.join("&")
            ),
            UrlShape::Ado => {
                let mut pairs = vec![format!("Host={}", ado(host))];
                pairs.extend(port.map(|port| format!("Port={port}")));
                pairs.push(format!("Database={}", ado(&self.database)));
                pairs.push(format!("Username={}", ado(&self.role)));
                pairs.push(format!("Password={}", ado(self.password.expose())));
                pairs.extend(query);
                pairs.join(";")
            }
            UrlShape::Keywords => {
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
    pub(crate) fn matches(&self, other: &RecognizedUrl) -> bool {
        self.differences(other).is_empty()
    }

    /// Lists the parts in which a URL differs from this connection.
    pub(crate) fn differences(&self, other: &RecognizedUrl) -> Vec<Part> {
        let same_host = |host: &str| host.eq_ignore_ascii_case(&other.host);
        let mut found = Vec::new();
        if !same_host(&self.host) && !same_host(&self.pooled_host) {
            found.push(Part::Host);
        }
        if self.effective_port() != other.port.unwrap_or(DEFAULT_PORT) {
            found.push(Part::Port);
        }
        if self.database != other.database {
            found.push(Part::Database);
        }
        if self.role != other.role {
            found.push(Part::User);
        }
        if self.password != other.password {
            found.push(Part::Password);
        }
        found
    }
}

/// A host as it stands in a URL: an IPv6 address in brackets, and nothing that would end the host or begin something else. A socket's
/// folder is such a host.
fn authority(host: &str) -> String {
    if host.parse::<Ipv6Addr>().is_ok() {
        return format!("[{host}]");
    }
    utf8_percent_encode(host, COMPONENT).to_string()
}

impl RecognizedUrl {
    /// How to connect to what the URL names.
    pub(crate) fn connection(&self) -> Connection {
        Connection {
            host: direct_host(&self.host),
            pooled_host: pooled_host(&self.host),
            port: self.port,
            database: self.database.clone(),
            role: self.role.clone(),
            password: self.password.clone(),
            channel_binding: self.channel_binding,
        }
    }
}

/// Reads the URI that Neon's API gives for a role: `postgresql://role:password@host[:port]/database?…`.
fn parse_neon_uri(uri: &Secret) -> Option<Connection> {
    let read = recognize(uri.expose())?;
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
        channel_binding: read.channel_binding,
    })
}
