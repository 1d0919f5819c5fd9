//! Neon's service of temporary databases, which asks for no account. Source of all facts: Neon's published description of
//! `https://neon.new`.

pub(crate) mod http;
#[cfg(test)]
mod tests;

use async_trait::async_trait;

pub(crate) use http::HttpClaimable;

use crate::core::{failure::Result, secret::Secret};

/// Whose a temporary database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ownership {
    /// Nobody's: it goes when its time is up.
    Unclaimed,
    /// An account is taking it over.
    Claiming,
    /// An account's: the service does not tell its connection any more.
    Claimed,
}

/// A temporary database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemporaryDatabase {
    /// The id. Whoever has it reads the connection string and owns the database once they claim it: as secret as a key.
    pub id: Secret,
    /// Whose it is.
    pub ownership: Ownership,
    /// The id of its Neon project, which opens nothing; empty where the service does not tell it.
    pub project: String,
    /// The connection string through the pooler; `None` once it is claimed.
    pub connection_string: Option<Secret>,
    /// The page that claims it.
    pub claim_url: Secret,
    /// When it was made, RFC 3339; empty where the service does not tell it.
    pub created_at: String,
    /// When it goes, RFC 3339.
    pub expires_at: String,
}

/// The service.
#[async_trait]
pub(crate) trait Claimable: Send + Sync {
    /// Makes a temporary database. Sent once: after a failure of code `project.not-ready` nobody knows whether one was made,
    /// and the service has no list to find out.
    async fn create(&self) -> Result<TemporaryDatabase>;

    /// The database of this id; `None` when there is none, or none any more.
    async fn get(&self, id: &Secret) -> Result<Option<TemporaryDatabase>>;
}
