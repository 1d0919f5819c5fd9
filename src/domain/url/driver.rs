//! Client libraries, and the form of the URL that each of them reads.

use std::{fmt, str::FromStr};

/// A client library, which decides the form of the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
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
    Prisma,
    /// Over node-postgres, postgres.js or Neon's serverless driver.
    Drizzle,
    /// Java.
    Jdbc,
    /// .NET: an ADO connection string instead of a URL.
    Npgsql,
    /// Go.
    Pgx,
    /// Rust.
    Sqlx,
}

/// How the parts of a connection are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UrlShape {
    /// `scheme://role:password@host:port/database?query`.
    Uri,
    /// `jdbc:postgresql://host:port/database?user=…&password=…`.
    Jdbc,
    /// `Host=…;Database=…`.
    Ado,
    /// `host=… dbname=…`.
    Keywords,
}

/// What a driver writes and reads.
pub(super) struct UrlForm {
    name: &'static str,
    pub(super) shape: UrlShape,
    /// The scheme that is written, first; then others that the driver accepts too.
    pub(super) schemes: &'static [&'static str],
    /// The parameters that are written.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// Parameters on which the driver fails.
    pub(super) refuses: &'static [&'static str],
}

const POSTGRES: &[&str] = &["postgresql", "postgres"];
const TLS: &[(&str, &str)] = &[("sslmode", "require")];
const TLS_AND_BINDING: &[(&str, &str)] = &[("sslmode", "require"), ("channel_binding", "require")];

impl Driver {
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

    pub(super) const fn form(self) -> UrlForm {
        match self {
            Self::Libpq => uri("libpq", POSTGRES, TLS_AND_BINDING, &[]),
            Self::LibpqKeywords => UrlForm {
                name: "libpq-keywords",
                shape: UrlShape::Keywords,
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
            Self::Jdbc => UrlForm {
                name: "jdbc",
                shape: UrlShape::Jdbc,
                schemes: &["jdbc:postgresql"],
                query: &[("sslmode", "require"), ("channelBinding", "require")],
                refuses: &[],
            },
            Self::Npgsql => UrlForm {
                name: "npgsql",
                shape: UrlShape::Ado,
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
            UrlShape::Uri | UrlShape::Jdbc => {
                format!("{}://", form.schemes.first().copied().unwrap_or_default())
            }
            UrlShape::Ado => "Host=".to_owned(),
            UrlShape::Keywords => "host=".to_owned(),
        }
    }
}

const fn uri(
    name: &'static str,
    schemes: &'static [&'static str],
    query: &'static [(&'static str, &'static str)],
    refuses: &'static [&'static str],
) -> UrlForm {
    UrlForm {
        name,
        shape: UrlShape::Uri,
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
