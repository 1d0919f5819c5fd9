//! Connection URLs: the forms that drivers want, and how any of them is recognised.

use std::{fmt, str::FromStr};

use crate::secret::Secret;

/// Whether a URL goes to the compute itself or through the pooler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UrlKind {
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

/// A client library, which decides the form of the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Driver {
    /// libpq and everything that reads its URIs.
    #[default]
    Libpq,
    /// SQLAlchemy with psycopg 3.
    Psycopg,
}

impl Driver {
    /// Every driver.
    pub const ALL: &'static [Self] = &[Self::Libpq, Self::Psycopg];

    /// The name in `neonup.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Libpq => "libpq",
            Self::Psycopg => "psycopg",
        }
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
pub struct Connection {
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
    /// placeholder
    pub fn from_uris(_direct: &Secret, _pooled: Option<&Secret>) -> Option<Self> {
        None
    }
}
