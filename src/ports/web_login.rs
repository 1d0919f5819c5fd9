//! The login in the browser: the issuer, the callback on this machine, and the browser.

pub(crate) mod browser;
pub(crate) mod http;
pub(crate) mod listener;
#[cfg(test)]
mod tests;

use std::{io, time::SystemTime};

use async_trait::async_trait;

use crate::{
    core::secret::Secret,
    domain::web_login::{EndpointFault, IssuerEndpoints, LoginRequest, tokens::WebTokens},
    ports::http::{HttpError, RetryAfter, UnreadableAnswer},
};

/// Why the issuer has not done what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IssuerError {
    /// No answer: nothing listens there, the name doesn't resolve, the certificate is not trusted.
    #[error(transparent)]
    Unanswered(HttpError),
    #[error("{} answered with {} the JSON of a login", .0.host, .0.what())]
    Unreadable(UnreadableAnswer),
    /// What it publishes about itself is not used.
    #[error("{issuer} can't be used for a login: {fault}")]
    Unusable {
        issuer: String,
        fault: EndpointFault,
    },
    /// It refused the code or the refresh token.
    #[error("{issuer} refused the request: {error} ({status})")]
    Refused {
        issuer: String,
        /// Its own word for it, such as `invalid_grant`.
        error: String,
        status: u16,
    },
    #[error("{issuer} can't answer right now ({status})")]
    Busy {
        issuer: String,
        status: u16,
        /// When it asks to be asked again.
        retry_after: Option<RetryAfter>,
    },
    /// By this machine's clock, a new token has ended already.
    #[error("the token that {issuer} has just issued has already expired")]
    ExpiredAtOnce { issuer: String },
}

impl IssuerError {
    /// Whether what was sent is worth nothing any more: asking again would bring the same.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Refused { error, .. }
            if ["invalid_grant", "token_inactive", "invalid_token"].contains(&error.as_str()))
    }
}

/// The page that the browser gets for a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallbackPage {
    /// The answer is one that leads to a login.
    Received,
    /// It is not; the terminal says why.
    Failed,
}

/// Judges the query of a callback.
pub(crate) type Judge<'a> = &'a (dyn for<'query> Fn(&'query str) -> CallbackPage + Sync);

/// The callback, which ends with this.
#[async_trait]
pub(crate) trait CallbackListener: Send {
    /// Where the browser comes to.
    fn port(&self) -> u16;

    /// Waits for the browser. `page` judges the query of a callback, so that the browser gets the right page; the query comes back
    /// once the browser has it.
    async fn query(&mut self, page: Judge<'_>) -> io::Result<Secret>;
}

/// The login in the browser. Nothing is asked of the issuer before the first call, and nothing is repeated: a code and a refresh
/// token work once.
#[async_trait]
pub(crate) trait WebLogin: Send + Sync {
    /// Asks the issuer where to go.
    async fn discover(&self, issuer: &str) -> Result<IssuerEndpoints, IssuerError>;

    /// Listens for the callback, on this machine alone. `page`: the origin of the page that may ask beforehand whether it may come here.
    async fn listen(&self, page: &str) -> io::Result<Box<dyn CallbackListener>>;

    /// Opens an address in the browser of this desktop; `false` where there is none.
    fn open(&self, address: &str) -> bool;

    /// Exchanges a code for tokens.
    async fn exchange(
        &self,
        endpoints: &IssuerEndpoints,
        request: &LoginRequest,
        code: &Secret,
    ) -> Result<WebTokens, IssuerError>;

    /// Exchanges a refresh token, which is spent by that, for new tokens.
    async fn renew(
        &self,
        endpoints: &IssuerEndpoints,
        refresh: &Secret,
    ) -> Result<WebTokens, IssuerError>;

    /// Revokes a refresh token and what came of it; `false` where the issuer has no way to.
    async fn revoke(
        &self,
        endpoints: &IssuerEndpoints,
        token: &Secret,
    ) -> Result<bool, IssuerError>;

    /// What this machine's clock shows.
    fn now(&self) -> SystemTime;
}
