//! The real adapter: the issuer over HTTPS, a listener on loopback, the browser of the desktop.

use std::{io, path::PathBuf, time::Duration, time::SystemTime};

use async_trait::async_trait;

use crate::{
    core::{environment::Environment, secret::Secret},
    domain::web_login::{IssuerEndpoints, LoginRequest, tokens::WebTokens},
    os::browser,
    ports::web_login::{
        CallbackListener, IssuerError, WebLogin, http::HttpIssuer, listener::LoopbackListener,
    },
};

/// The login in the browser of this desktop.
pub(crate) struct BrowserLogin {
    ca_file: Option<PathBuf>,
    timeout: Duration,
    /// What the browser gets, without anything of the clone; `None` where there is no desktop.
    browser: Option<Environment>,
}

impl BrowserLogin {
    pub(crate) const fn new(
        ca_file: Option<PathBuf>,
        timeout: Duration,
        browser: Option<Environment>,
    ) -> Self {
        Self {
            ca_file,
            timeout,
            browser,
        }
    }

    fn issuer(&self, issuer: &str) -> HttpIssuer {
        HttpIssuer::new(issuer, self.ca_file.clone(), self.timeout)
    }
}

#[async_trait]
impl WebLogin for BrowserLogin {
    async fn discover(&self, issuer: &str) -> Result<IssuerEndpoints, IssuerError> {
        self.issuer(issuer).discover().await
    }

    async fn listen(&self, page: &str) -> io::Result<Box<dyn CallbackListener>> {
        Ok(Box::new(LoopbackListener::bind(page).await?))
    }

    fn open(&self, address: &str) -> bool {
        if let Some(environment) = &self.browser {
            browser::open(environment, address);
        }
        self.browser.is_some()
    }

    async fn exchange(
        &self,
        endpoints: &IssuerEndpoints,
        request: &LoginRequest,
        code: &Secret,
    ) -> Result<WebTokens, IssuerError> {
        let issuer = self.issuer(&endpoints.issuer);
        issuer.exchange(endpoints, request, code).await
    }

    async fn renew(
        &self,
        endpoints: &IssuerEndpoints,
        refresh: &Secret,
    ) -> Result<WebTokens, IssuerError> {
        self.issuer(&endpoints.issuer)
            .renew(endpoints, refresh)
            .await
    }

    async fn revoke(
        &self,
        endpoints: &IssuerEndpoints,
        token: &Secret,
    ) -> Result<bool, IssuerError> {
        self.issuer(&endpoints.issuer)
            .revoke(endpoints, token)
            .await
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}
