//! An issuer and a browser, in memory.

use std::{
    io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;

use crate::{
    core::secret::Secret,
    domain::web_login::{IssuerEndpoints, LoginRequest, challenge, tokens::WebTokens},
    ports::web_login::{CallbackListener, CallbackPage, IssuerError, Judge, WebLogin},
    testing::world::World,
};

/// What the person at the browser does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum AtTheBrowser {
    #[default]
    Agrees,
    Denies,
    /// An answer with another state comes first.
    AnswersAnother,
    NeverComes,
}

/// The issuer and the browser.
#[derive(Debug, Default)]
pub(crate) struct FakeIssuer {
    pub person: AtTheBrowser,
    /// Whether this desktop has no browser.
    pub no_browser: bool,
    pub gives_no_refresh: bool,
    /// What the next request gets in place of tokens.
    pub fails: Option<IssuerError>,
    /// How long an access token is good for, in seconds.
    pub lifetime: u64,
    /// The clock, in seconds since 1970.
    pub now: u64,
    /// The addresses that were opened, or would have been.
    pub opened: Vec<String>,
    /// The only refresh token that works.
    pub refresh: Option<String>,
    pub issued: usize,
    pub revoked: Vec<String>,
    /// How many listeners there are.
    pub listeners: usize,
}

impl FakeIssuer {
    /// The challenge of the last address that was opened, or would have been.
    pub(crate) fn challenge_of_last(&self) -> String {
        let url = self
            .opened
            .last()
            .and_then(|address| url::Url::parse(address).ok());
        let url = url.unwrap();
        let pair = url.query_pairs().find(|(name, _)| name == "code_challenge");
        pair.unwrap().1.into_owned()
    }
}

struct FakeListener(World);

impl Drop for FakeListener {
    fn drop(&mut self) {
        self.0.with(|state| state.issuer.listeners -= 1);
    }
}

impl World {
    fn issue(&self) -> WebTokens {
        self.with(|state| {
            let issuer = &mut state.issuer;
            issuer.issued += 1;
            let (number, life) = (issuer.issued, issuer.lifetime.max(1));
            let access = format!("ory_at_canary{number}_0123456789");
            let refresh = format!("ory_rt_canary{number}_0123456789");
            issuer.refresh = (!issuer.gives_no_refresh).then_some(refresh);
            let tokens = WebTokens {
                access: Secret::new(access.clone()),
                refresh: issuer.refresh.clone().map(Secret::new),
                expires_at: Some(issuer.now + life),
                issuer: "https://oauth2.neon.tech".to_owned(),
            };
            // Neon takes the newest alone
            state.keys = vec![(100, "login".to_owned(), access)];
            tokens
        })
    }

    fn refused(&self, right: bool) -> Result<(), IssuerError> {
        if let Some(error) = self.with(|state| state.issuer.fails.take()) {
            return Err(error);
        }
        let refused = || IssuerError::Refused {
            issuer: "https://oauth2.neon.tech".to_owned(),
            error: "invalid_grant".to_owned(),
            status: 400,
        };
        right.then_some(()).ok_or_else(refused)
    }
}

#[async_trait]
impl CallbackListener for FakeListener {
    fn port(&self) -> u16 {
        4321
    }

    async fn query(&mut self, page: Judge<'_>) -> io::Result<Secret> {
        let state = self.0.with(|state| {
            let address = state.issuer.opened.last()?;
            let url = url::Url::parse(address).ok()?;
            let pair = url.query_pairs().find(|(name, _)| name == "state")?;
            Some(pair.1.into_owned())
        });
        let person = self.0.with(|state| {
            let alone = state.issuer.no_browser;
            if alone {
                AtTheBrowser::NeverComes
            } else {
                state.issuer.person
            }
        });
        let state = state.unwrap();
        let (query, expected) = match person {
            AtTheBrowser::Agrees => (
                format!("code=ory_ac_canary&state={state}"),
                CallbackPage::Received,
            ),
            AtTheBrowser::Denies => (
                format!("error=access_denied&state={state}"),
                CallbackPage::Failed,
            ),
            AtTheBrowser::AnswersAnother => ("code=x&state=other".to_owned(), CallbackPage::Failed),
            AtTheBrowser::NeverComes => std::future::pending().await,
        };
        assert_eq!(page(&query), expected);
        Ok(Secret::new(query))
    }
}

#[async_trait]
impl WebLogin for World {
    async fn discover(&self, issuer: &str) -> Result<IssuerEndpoints, IssuerError> {
        self.record("discover");
        Ok(IssuerEndpoints {
            issuer: issuer.to_owned(),
            authorization: format!("{issuer}/oauth2/auth"),
            token: format!("{issuer}/oauth2/token"),
            revocation: Some(format!("{issuer}/oauth2/revoke")),
        })
    }

    async fn listen(&self, _page: &str) -> io::Result<Box<dyn CallbackListener>> {
        self.with(|state| state.issuer.listeners += 1);
        Ok(Box::new(FakeListener(self.clone())))
    }

    fn open(&self, address: &str) -> bool {
        self.with(|state| {
            state.issuer.opened.push(address.to_owned());
            !state.issuer.no_browser
        })
    }

    async fn exchange(
        &self,
        _endpoints: &IssuerEndpoints,
        request: &LoginRequest,
        code: &Secret,
    ) -> Result<WebTokens, IssuerError> {
        self.record("exchange");
        let verified =
            self.with(|state| state.issuer.challenge_of_last() == challenge(&request.verifier));
        self.refused(verified && code.expose() == "ory_ac_canary")?;
        Ok(self.issue())
    }

    async fn renew(
        &self,
        _endpoints: &IssuerEndpoints,
        refresh: &Secret,
    ) -> Result<WebTokens, IssuerError> {
        self.record("renew");
        let right = self.with(|state| state.issuer.refresh.as_deref() == Some(refresh.expose()));
        self.refused(right)?;
        Ok(self.issue())
    }

    async fn revoke(
        &self,
        _endpoints: &IssuerEndpoints,
        token: &Secret,
    ) -> Result<bool, IssuerError> {
        self.with(|state| state.issuer.revoked.push(token.expose().to_owned()));
        Ok(true)
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.with(|state| state.issuer.now))
    }
}
