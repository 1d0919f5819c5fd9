//! The issuer over HTTP. No token and no code is in an address, a log or an error.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reqwest::{StatusCode, header};
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;

use crate::{
    core::{event::ActivityKind, secret::Secret},
    domain::web_login::{
        CLIENT_ID, IssuerEndpoints, LoginRequest,
        callback::word,
        tokens::{WebTokens, conceal, conceal_some},
    },
    ports::{
        http::{self, ClientFactory, RetryAfter},
        progress,
        web_login::IssuerError,
    },
};

/// Where an issuer publishes what it is (`OpenID` Connect Discovery, section 4).
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// What an issuer has answered.
struct IssuerAnswer {
    status: StatusCode,
    bytes: Zeroizing<Vec<u8>>,
    /// When it asks to be asked again.
    retry_after: Option<RetryAfter>,
}

/// One issuer.
pub(super) struct HttpIssuer {
    clients: ClientFactory,
}

#[derive(Deserialize)]
struct DiscoveryBody {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    #[serde(default)]
    revocation_endpoint: Option<String>,
    #[serde(default)]
    code_challenge_methods_supported: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct TokenBody {
    #[serde(deserialize_with = "conceal")]
    access_token: Secret,
    #[serde(default, deserialize_with = "conceal_some")]
    refresh_token: Option<Secret>,
    /// Seconds.
    #[serde(default)]
    expires_in: Option<i64>,
}

#[derive(Deserialize)]
struct OAuthErrorBody {
    error: String,
}

impl HttpIssuer {
    /// The issuer of this address. Nothing is opened or read before the first call.
    pub(super) fn new(issuer: &str, ca_file: Option<PathBuf>, timeout: Duration) -> Self {
        let base = issuer.trim_end_matches('/').to_owned();
        Self {
            clients: ClientFactory::new(base, ca_file, timeout),
        }
    }

    pub(super) async fn discover(&self) -> Result<IssuerEndpoints, IssuerError> {
        let client = self.clients.client().map_err(IssuerError::Unanswered)?;
        let address = format!("{}{DISCOVERY}", self.clients.base);
        let request = client
            .get(address)
            .header(header::ACCEPT, "application/json");
        let answer = self.send("GET", DISCOVERY, request).await?;
        if !answer.status.is_success() {
            return Err(self.refusal(answer));
        }
        let body: DiscoveryBody = self.read(&format!("GET {DISCOVERY}"), &answer.bytes)?;
        let endpoints = IssuerEndpoints {
            issuer: body.issuer,
            authorization: body.authorization_endpoint,
            token: body.token_endpoint,
            revocation: body.revocation_endpoint,
        };
        let methods = body.code_challenge_methods_supported;
        endpoints
            .checked(&self.clients.base, methods.as_deref())
            .map_err(|fault| IssuerError::Unusable {
                issuer: self.clients.base.clone(),
                fault,
            })
    }

    pub(super) async fn exchange(
        &self,
        endpoints: &IssuerEndpoints,
        request: &LoginRequest,
        code: &Secret,
    ) -> Result<WebTokens, IssuerError> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", &request.redirect),
            ("code_verifier", request.verifier.expose()),
        ];
        self.tokens(endpoints, &fields, None).await
    }

    pub(super) async fn renew(
        &self,
        endpoints: &IssuerEndpoints,
        refresh: &Secret,
    ) -> Result<WebTokens, IssuerError> {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.expose()),
        ];
        self.tokens(endpoints, &fields, Some(refresh)).await
    }

    pub(super) async fn revoke(
        &self,
        endpoints: &IssuerEndpoints,
        token: &Secret,
    ) -> Result<bool, IssuerError> {
        let Some(address) = &endpoints.revocation else {
            return Ok(false);
        };
        let fields = [("token", token.expose())];
        let answer = self.post(address, &fields).await?;
        if answer.status.is_success() {
            Ok(true)
        } else {
            Err(self.refusal(answer))
        }
    }

    /// Asks for tokens. An issuer that gives no new refresh token leaves the one that was sent as it is (RFC 6749, section 6).
    async fn tokens(
        &self,
        endpoints: &IssuerEndpoints,
        fields: &[(&str, &str)],
        refresh: Option<&Secret>,
    ) -> Result<WebTokens, IssuerError> {
        let answer = self.post(&endpoints.token, fields).await?;
        if !answer.status.is_success() {
            return Err(self.refusal(answer));
        }
        let body: TokenBody = self.read("POST the token endpoint", &answer.bytes)?;
        let expires_at = match body.expires_in {
            None => None,
            Some(seconds) => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
                let left = u64::try_from(seconds).ok().filter(|left| *left > 0);
                let at = now
                    .zip(left)
                    .map(|(now, left)| now.as_secs().saturating_add(left));
                // before 1970, or after its own end: one of the two clocks is wrong
                Some(at.ok_or_else(|| IssuerError::ExpiredAtOnce {
                    issuer: self.clients.base.clone(),
                })?)
            }
        };
        Ok(WebTokens {
            access: body.access_token,
            refresh: body.refresh_token.or_else(|| refresh.cloned()),
            expires_at,
            issuer: self.clients.base.clone(),
        })
    }

    /// Posts a form. The secrets in it are in its body alone.
    async fn post(
        &self,
        address: &str,
        fields: &[(&str, &str)],
    ) -> Result<IssuerAnswer, IssuerError> {
        let client = self.clients.client().map_err(IssuerError::Unanswered)?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", CLIENT_ID)
            .extend_pairs(fields)
            .finish();
        let request = client
            .post(address)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let path = url::Url::parse(address).map_or_else(|_| String::new(), |url| url.path().into());
        self.send("POST", &path, request).await
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        request: reqwest::RequestBuilder,
    ) -> Result<IssuerAnswer, IssuerError> {
        let response = request
            .send()
            .await
            .map_err(|error| IssuerError::Unanswered(self.clients.unanswered(&error)))?;
        let status = response.status();
        let retry_after = http::retry_after(&response);
        let bytes = self
            .clients
            .body(response)
            .await
            .map_err(IssuerError::Unanswered)?;
        tracing::debug!(%method, %path, status = status.as_u16(), "issuer");
        progress::activity(ActivityKind::Request, || {
            format!("{method} {path} {}", status.as_u16())
        });
        Ok(IssuerAnswer {
            status,
            bytes: Zeroizing::new(bytes),
            retry_after,
        })
    }

    fn read<T: for<'de> Deserialize<'de>>(
        &self,
        request: &str,
        bytes: &[u8],
    ) -> Result<T, IssuerError> {
        serde_json::from_slice(bytes).map_err(|error| {
            let request = request.to_owned();
            IssuerError::Unreadable(self.clients.unreadable(request, bytes, &error))
        })
    }

    /// A refusal, in the issuer's own word (RFC 6749, section 5.2).
    fn refusal(&self, answer: IssuerAnswer) -> IssuerError {
        let issuer = self.clients.base.clone();
        let IssuerAnswer {
            status,
            bytes,
            retry_after,
        } = answer;
        let code = status.as_u16();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return IssuerError::Busy {
                issuer,
                status: code,
                retry_after,
            };
        }
        let body = serde_json::from_slice::<OAuthErrorBody>(&bytes);
        IssuerError::Refused {
            issuer,
            error: body.map_or_else(|_| "no reason given".to_owned(), |body| word(&body.error)),
            status: code,
        }
    }
}
