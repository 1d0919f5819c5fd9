//! Neon's service of temporary databases, which asks for no account. Source of all facts: Neon's published description of
//! `https://neon.new`.

pub(crate) mod http;
#[cfg(test)]
mod tests;

use async_trait::async_trait;

use reqwest::StatusCode;

use crate::{
    core::secret::Secret,
    ports::http::{HttpError, RetryAfter, UnreadableAnswer},
};

/// Why the service did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClaimableError {
    /// Nothing was sent.
    #[error(transparent)]
    Unreachable(HttpError),
    /// Sent, and no answer came.
    #[error(transparent)]
    AnswerLost(HttpError),
    #[error("{} answered with {} its JSON", .0.host, .0.what())]
    UnreadableAnswer(UnreadableAnswer),
    #[error("{host} asks to slow down")]
    RateLimited {
        host: String,
        message: String,
        /// When the service asks to be asked again.
        retry_after: Option<RetryAfter>,
    },
    #[error("{host} couldn't do it ({status})")]
    ServerError {
        host: String,
        status: StatusCode,
        message: String,
    },
    #[error("{host} refused the request ({status})")]
    Refused {
        host: String,
        status: StatusCode,
        message: String,
    },
}

impl ClaimableError {
    /// Whether the service may have carried out the request.
    pub(crate) const fn outcome_unknown(&self) -> bool {
        matches!(self, Self::AnswerLost(_) | Self::UnreadableAnswer(_))
    }

    /// Whether another attempt may be answered, where the request changes nothing.
    pub(crate) const fn may_be_answered_again(&self) -> bool {
        match self {
            Self::AnswerLost(error) => !error.problem.is_answer(),
            Self::UnreadableAnswer(_) | Self::ServerError { .. } => true,
            Self::Unreachable(_) | Self::RateLimited { .. } | Self::Refused { .. } => false,
        }
    }
}

impl From<HttpError> for ClaimableError {
    fn from(error: HttpError) -> Self {
        if error.problem.may_have_arrived() {
            Self::AnswerLost(error)
        } else {
            Self::Unreachable(error)
        }
    }
}

/// Whose a temporary database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ownership {
    /// Nobody's: it goes when its time is up.
    Unclaimed,
    /// An account is taking it over.
    Claiming,
    /// An account's: the service does not show its connection any more.
    Claimed,
}

/// A temporary database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemporaryDatabase {
    /// The id. Whoever has it reads the connection string and owns the database once they claim it: as secret as a key.
    pub id: Secret,
    pub ownership: Ownership,
    /// The id of its Neon project, which opens nothing; empty where the service does not say.
    pub project: String,
    /// The connection string through the pooler; `None` once it is claimed.
    pub connection_string: Option<Secret>,
    /// The page that claims it.
    pub claim_url: Secret,
    /// When it was made, RFC 3339; empty where the service does not say.
    pub created_at: String,
    /// When it goes, RFC 3339.
    pub expires_at: String,
}

/// The service.
#[async_trait]
pub(crate) trait Claimable: Send + Sync {
    /// Makes a temporary database. Sent once: when the [outcome is unknown](ClaimableError::outcome_unknown), the service has no
    /// list to find out.
    async fn create(&self) -> Result<TemporaryDatabase, ClaimableError>;

    /// Reads the database of this id; `None` when there is none, or none any more.
    async fn get(&self, id: &Secret) -> Result<Option<TemporaryDatabase>, ClaimableError>;
}
