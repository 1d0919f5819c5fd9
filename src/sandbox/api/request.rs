//! What handlers read from a request: the query, the body, the token.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::Bytes,
    extract::{FromRequestParts, OriginalUri, Request, State},
    http::{HeaderMap, header, request::Parts},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::sandbox::{api::reply::ApiError, control_plane::ControlPlane};

/// The state that all handlers get.
pub(super) type PlaneState = State<Arc<ControlPlane>>;

/// The request's path and query, with the base path that routing has removed.
pub(super) fn original_path(request: &Request) -> String {
    let original = request.extensions().get::<OriginalUri>();
    let uri = original.map_or_else(|| request.uri(), |OriginalUri(uri)| uri);
    uri.path_and_query()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// Whether a request goes below this path.
pub(super) fn is_below(parts: &Parts, base: &str) -> bool {
    let original = parts.extensions.get::<OriginalUri>();
    let uri = original.map_or(&parts.uri, |OriginalUri(uri)| uri);
    let rest = uri.path().strip_prefix(base);
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// Reads a JSON body; the error is Neon's.
pub(super) fn body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| {
        ApiError::bad_request(format!("invalid request: decode application/json: {error}"))
    })
}

/// Reads a JSON body that may be left out.
pub(super) fn optional_body<T: DeserializeOwned + Default>(bytes: &Bytes) -> Result<T, ApiError> {
    if bytes.is_empty() {
        Ok(T::default())
    } else {
        body(bytes)
    }
}

/// Reads the object below a key of the body; the error is Neon's.
pub(super) fn field<T: DeserializeOwned>(bytes: &Bytes, name: &str) -> Result<T, ApiError> {
    let mut body: Value = body(bytes)?;
    let value = body.get_mut(name).map(Value::take).ok_or_else(|| {
        let text =
            format!("invalid request: decode application/json: invalid: {name} (field required)");
        ApiError::bad_request(text)
    })?;
    serde_json::from_value(value).map_err(|error| {
        ApiError::bad_request(format!(
            "invalid request: decode application/json: {name}: {error}"
        ))
    })
}

/// The token of the `Authorization` header.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(str::trim)
}

/// The address at which the client reaches us.
pub(super) fn origin(headers: &HeaderMap) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or_default())
}

/// Query parameters, by name.
#[derive(Debug, Default)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| {
            ApiError::bad_request(format!(
                "invalid request: query: \"{name}\": field is not set"
            ))
        })
    }

    /// `limit`, within its bounds.
    pub(super) fn limit(&self, default: usize, most: usize) -> Result<usize, ApiError> {
        let Some(text) = self.get("limit") else {
            return Ok(default);
        };
        text.parse()
            .ok()
            .filter(|limit| (1..=most).contains(limit))
            .ok_or_else(|| {
                let text =
                    format!("invalid request: query: \"limit\": must be between 1 and {most}");
                ApiError::bad_request(text)
            })
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|query| Self(query.0))
            .map_err(|error| ApiError::bad_request(format!("invalid request: query: {error}")))
    }
}
