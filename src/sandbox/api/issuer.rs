//! Neon's issuer of logins in the browser (`oauth2.neon.tech`): OAuth 2 with PKCE, for the one public client that programs on a
//! developer's machine are. The page asks nobody: whoever may open it has agreed.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::sandbox::{
    api::request::{self, PlaneState, Query},
    control_plane::ControlPlane,
    faults::WebLoginFault,
    web_logins::{CodeGrant, IssuedTokens},
};

pub(super) const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";
pub(super) const AUTHORIZATION_PATH: &str = "/oauth2/auth";
/// Where a form is taken instead of JSON, as OAuth wants it.
pub(super) const TOKEN_PATH: &str = "/oauth2/token";
pub(super) const REVOCATION_PATH: &str = "/oauth2/revoke";

/// The only client.
const CLIENT: &str = "neonctl";
/// How long an access token is good for, unless a fault says otherwise.
const LIFETIME: Duration = Duration::from_hours(1);
/// The shortest state that the issuer takes.
const SHORTEST_STATE: usize = 8;

/// What the issuer publishes about itself.
pub(super) async fn discovery(headers: HeaderMap) -> Json<Value> {
    let origin = request::origin(&headers);
    Json(json!({
        "issuer": origin,
        "authorization_endpoint": format!("{origin}{AUTHORIZATION_PATH}"),
        "token_endpoint": format!("{origin}{TOKEN_PATH}"),
        "revocation_endpoint": format!("{origin}{REVOCATION_PATH}"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "offline", "offline_access"],
    }))
}

/// The page that a person agrees on. It agrees at once, unless it is told not to.
pub(super) async fn authorize(State(plane): PlaneState, query: Query) -> Response {
    let get = |name| query.get(name).unwrap_or_default();
    let redirect = get("redirect_uri");
    let Some(mut back) = callback(redirect).filter(|_| get("client_id") == CLIENT) else {
        let page =
            "<!DOCTYPE html><title>Login</title><p>The client or its callback is unknown.</p>";
        return (StatusCode::BAD_REQUEST, Html(page)).into_response();
    };
    let state = get("state");
    let fault = plane.faults().login;
    let answer = if get("response_type") != "code" {
        Err("unsupported_response_type")
    } else if state.len() < SHORTEST_STATE
        || get("code_challenge_method") != "S256"
        || get("code_challenge").len() != 43
    {
        Err("invalid_request")
    } else if fault == WebLoginFault::Denied {
        Err("access_denied")
    } else {
        let mut scopes = get("scope").split(' ');
        let grant = CodeGrant {
            redirect: redirect.to_owned(),
            challenge: get("code_challenge").to_owned(),
            offline: scopes.any(|scope| scope.starts_with("offline")),
        };
        Ok(plane.web_logins().grant(grant))
    };
    if fault == WebLoginFault::Slow {
        plane
            .until_faults(|faults| faults.login != WebLoginFault::Slow)
            .await;
    }
    let state = if fault == WebLoginFault::WrongState {
        "another-state-than-was-sent"
    } else {
        state
    };
    let (name, value) = match &answer {
        Ok(code) => ("code", code.as_str()),
        Err(error) => ("error", *error),
    };
    back.query_pairs_mut()
        .append_pair(name, value)
        .append_pair("scope", get("scope"))
        .append_pair("state", state);
    (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, String::from(back))],
    )
        .into_response()
}

/// The callback of a program on this machine: plain HTTP on a loopback address, on any port (RFC 8252, section 7.3).
fn callback(redirect: &str) -> Option<Url> {
    let url = Url::parse(redirect).ok()?;
    let here = matches!(url.host(), Some(url::Host::Ipv4(address)) if address.is_loopback());
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let fits = url.scheme() == "http" && here && plain && url.path() == "/callback";
    fits.then_some(url)
}

/// A refusal (RFC 6749, section 5.2).
fn refused(error: &str, description: &str) -> Response {
    let body = json!({"error": error, "error_description": description});
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

/// The fields of a form; the first of a name counts.
struct Form(Vec<(String, String)>);

impl Form {
    fn of(bytes: &Bytes) -> Self {
        Self(url::form_urlencoded::parse(bytes).into_owned().collect())
    }

    fn get(&self, wanted: &str) -> &str {
        let found = self.0.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

/// Exchanges a code, or a refresh token.
pub(super) async fn token(State(plane): PlaneState, bytes: Bytes) -> Response {
    let form = Form::of(&bytes);
    if form.get("client_id") != CLIENT {
        return refused("invalid_client", "the client is unknown");
    }
    let faults = plane.faults();
    let lifetime = match faults.login_seconds {
        0 => LIFETIME,
        seconds => Duration::from_secs(seconds),
    };
    let tokens = match form.get("grant_type") {
        "authorization_code" => of_code(&plane, &form, faults.login, lifetime),
        "refresh_token" => plane
            .web_logins()
            .renew(form.get("refresh_token"), lifetime),
        _ => return refused("unsupported_grant_type", "the grant type is unknown"),
    };
    let Some(tokens) = tokens else {
        return refused(
            "invalid_grant",
            "the code or token is invalid, expired, revoked or was used before",
        );
    };
    let mut body = json!({
        "access_token": tokens.access,
        "expires_in": lifetime.as_secs(),
        "scope": "openid offline offline_access",
        "token_type": "bearer",
    });
    if let (Some(refresh), Some(fields)) = (tokens.refresh, body.as_object_mut()) {
        fields.insert("refresh_token".to_owned(), refresh.into());
    }
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// The tokens for a code, if the verifier is the one of its challenge.
fn of_code(
    plane: &Arc<ControlPlane>,
    form: &Form,
    fault: WebLoginFault,
    lifetime: Duration,
) -> Option<IssuedTokens> {
    let mut logins = plane.web_logins();
    let grant = logins.take_code(form.get("code"))?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form.get("code_verifier")));
    let fits = grant.challenge == challenge && grant.redirect == form.get("redirect_uri");
    let offline = grant.offline && fault != WebLoginFault::NoRefreshToken;
    (fits && fault != WebLoginFault::CodeRefused).then(|| logins.begin(lifetime, offline))
}

/// Ends the login of a token. That a token is unknown is no failure (RFC 7009, section 2.2).
pub(super) async fn revoke(State(plane): PlaneState, bytes: Bytes) -> Response {
    let form = Form::of(&bytes);
    if form.get("client_id") != CLIENT {
        return refused("invalid_client", "the client is unknown");
    }
    plane.web_logins().revoke(form.get("token"));
    StatusCode::OK.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_callbacks_of_this_machine_get_a_code() {
        for address in [
            "http://127.0.0.1:4321/callback",
            "http://127.0.0.2:1/callback",
        ] {
            assert!(callback(address).is_some(), "{address}");
        }
        for address in [
            "",
            "https://127.0.0.1:4321/callback",
            "http://localhost.evil.test/callback",
            "http://evil.test/callback",
            "http://127.0.0.1:4321/other",
            "http://127.0.0.1:4321/callback?to=evil",
            "http://a@127.0.0.1:4321/callback",
        ] {
            assert!(callback(address).is_none(), "{address}");
        }
    }
}
