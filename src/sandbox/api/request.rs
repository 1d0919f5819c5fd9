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

fn undecodable(why: impl std::fmt::Display) -> ApiError {
    ApiError::bad_request(format!("invalid request: decode application/json: {why}"))
}

/// Reads a JSON body; the error is Neon's.
pub(super) fn body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(undecodable)
}

/// The fields of Neon's requests that are objects. Serde takes an array of their values, too.
const OBJECTS: [&str; 10] = [
    "allowed_ips",
    "annotation_value",
    "branch",
    "database",
    "default_endpoint_settings",
    "endpoint",
    "maintenance_window",
    "project",
    "role",
    "settings",
];
/// The fields that may be left out and must not be `null`. Serde takes that as left out; and what nobody knows is nobody's concern.
const OPTIONAL: [&str; 33] = [
    "annotation_value",
    "autoscaling_limit_max_cu",
    "autoscaling_limit_min_cu",
    "block_public_connections",
    "block_vpc_connections",
    "branch_id",
    "database_name",
    "disabled",
    "enable_logical_replication",
    "endpoints",
    "hipaa",
    "history_retention_seconds",
    "init_source",
    "name",
    "no_login",
    "org_id",
    "owner_name",
    "parent_id",
    "parent_lsn",
    "parent_timestamp",
    "pg_version",
    "preserve_under_name",
    "principal_type",
    "project_id",
    "protected",
    "protected_branches_only",
    "region_id",
    "role_name",
    "source_lsn",
    "source_timestamp",
    "store_passwords",
    "suspend_timeout_seconds",
    "type",
];

/// Reads a JSON body as strictly as Neon does: no `null` in place of a value, no array in place of an object.
pub(super) fn strict_body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, ApiError> {
    let value: Value = body(bytes)?;
    check_object("the body", &value)?;
    check_fields(&value)?;
    serde_json::from_value(value).map_err(undecodable)
}

fn check_object(name: &str, value: &Value) -> Result<(), ApiError> {
    if value.is_object() {
        return Ok(());
    }
    Err(undecodable(format!("{name}: must be an object")))
}

fn check_fields(value: &Value) -> Result<(), ApiError> {
    for (name, inner) in value.as_object().into_iter().flatten() {
        if inner.is_null() && OPTIONAL.contains(&name.as_str()) {
            return Err(undecodable(format!("{name}: must not be null")));
        }
        if OBJECTS.contains(&name.as_str()) {
            check_object(name, inner)?;
        }
        for item in inner.as_array().into_iter().flatten() {
            if name == "endpoints" {
                check_object(name, item)?;
            }
            check_fields(item)?;
        }
        check_fields(inner)?;
    }
    Ok(())
}

/// The same for a body that may be left out.
pub(super) fn strict_optional_body<T: DeserializeOwned + Default>(
    bytes: &Bytes,
) -> Result<T, ApiError> {
    if bytes.is_empty() {
        Ok(T::default())
    } else {
        strict_body(bytes)
    }
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
    let mut body: Value = strict_body(bytes)?;
    let value = body.get_mut(name).map(Value::take);
    let value = value.ok_or_else(|| undecodable(format!("invalid: {name} (field required)")))?;
    serde_json::from_value(value).map_err(|error| undecodable(format!("{name}: {error}")))
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
