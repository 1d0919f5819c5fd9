//! What a connection consists of.

use std::str::FromStr;

/// The port of Postgres where a URL names none.
pub(super) const DEFAULT_PORT: u16 = 5432;

/// Whether a URL goes to the compute itself or through the pooler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum UrlKind {
    #[default]
    Direct,
    Pooled,
}

impl FromStr for UrlKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "direct" => Ok(Self::Direct),
            "pooled" => Ok(Self::Pooled),
            _ => Err(format!(
                "`{text}` isn't a kind of URL: use \"direct\" or \"pooled\""
            )),
        }
    }
}

/// One part of a connection, for applications that read the parts: libpq's `PGHOST` and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Host,
    Port,
    Database,
    User,
    Password,
    SslMode,
}

impl Part {
    pub(crate) const ALL: [Self; 6] = [
        Self::Host,
        Self::Port,
        Self::Database,
        Self::User,
        Self::Password,
        Self::SslMode,
    ];

    /// How it is named in a sentence.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Host => "the host",
            Self::Port => "the port",
            Self::Database => "the database",
            Self::User => "the role",
            Self::Password => "the password",
            Self::SslMode => "the TLS mode",
        }
    }

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

    /// libpq's environment variable for it.
    pub(crate) const fn variable(self) -> &'static str {
        match self {
            Self::Host => "PGHOST",
            Self::Port => "PGPORT",
            Self::Database => "PGDATABASE",
            Self::User => "PGUSER",
            Self::Password => "PGPASSWORD",
            Self::SslMode => "PGSSLMODE",
        }
    }

    /// Its name in libpq's keyword form.
    pub(super) const fn keyword(self) -> &'static str {
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
            .ok_or_else(|| {
                format!(
                    "`{text}` isn't a part of a connection: {}",
                    names.join(", ")
                )
            })
    }
}
