//! Answers: errors in Neon's form, request ids.

use std::time::Duration;

use axum::{
    Json,
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::sandbox::{faults::ErrorBurst, ids, records::ProjectRecord};

pub(super) type Reply = Result<Json<Value>, ApiError>;
/// The answer of a handler that creates something.
pub(super) type CreatedReply = Result<(StatusCode, Json<Value>), ApiError>;

/// What the web framework's own errors are.
const PLAIN_TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(super) const PAGE: HeaderValue = HeaderValue::from_static("text/html");
/// What a network shows to who has not logged in to it.
pub(super) const NETWORK_PAGE: &str =
    "<!DOCTYPE html><html><head><title>Sign in to the network</title></head><body>…</body></html>";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Where Neon puts the request's id on a success.
const ANSWER_ID: HeaderName = HeaderName::from_static("x-neon-ret-request-id");

/// An error as Neon reports it: a status, a code that is mostly empty, and a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    status: StatusCode,
    code: String,
    message: String,
    retry_after: Option<String>,
    location: Option<String>,
    /// Whether it is told as a web page.
    page: bool,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            code: String::new(),
            message: message.into(),
            retry_after: None,
            location: None,
            page: false,
        }
    }

    fn coded(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            ..Self::new(status, message)
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            default_message(StatusCode::UNAUTHORIZED),
        )
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("{what} not found"))
    }

    pub(super) fn refused(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(super) fn unprocessable(code: &str, message: impl Into<String>) -> Self {
        Self::coded(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    /// The error for what the sandbox has not. Not 404, which `neon diff` takes for an empty schema.
    pub(super) fn not_available(what: &str) -> Self {
        Self::unprocessable("", format!("{what} not available in the sandbox"))
    }

    /// The same where a look has to answer that there is none.
    pub(super) fn none_of(what: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            ..Self::not_available(what)
        }
    }

    pub(super) fn conflict(code: &str, message: impl Into<String>) -> Self {
        Self::coded(StatusCode::CONFLICT, code, message)
    }

    pub(super) fn precondition(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, message)
    }

    pub(super) fn locked() -> Self {
        Self::new(StatusCode::LOCKED, default_message(StatusCode::LOCKED))
    }

    pub(super) fn too_many_requests(after: Duration) -> Self {
        let status = StatusCode::TOO_MANY_REQUESTS;
        Self {
            retry_after: Some(after.as_secs().to_string()),
            ..Self::new(status, default_message(status))
        }
    }

    /// The error for one more of what there may only be so many.
    pub(super) fn limit(code: &str, what: &str, limit: usize) -> Self {
        Self::unprocessable(
            code,
            format!("{what} limit of {limit} exceeded, got {limit}"),
        )
    }

    pub(super) const fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// The error that a fault asks for.
    pub(super) fn of_burst(burst: ErrorBurst) -> Self {
        let status =
            StatusCode::from_u16(burst.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let message = if burst.message.is_empty() {
            default_message(status).to_owned()
        } else {
            burst.message
        };
        Self {
            status,
            code: burst.code,
            message,
            retry_after: burst.retry_after,
            location: burst.location,
            page: burst.page,
        }
    }
}

/// Neon's message for a status where it is known, else the standard one.
fn default_message(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "supplied credentials do not pass authentication",
        StatusCode::LOCKED => {
            "project already has running conflicting operations, scheduling of new ones is prohibited"
        }
        StatusCode::TOO_MANY_REQUESTS => "you have exceeded the rate limit, please try again later",
        other => other.canonical_reason().unwrap_or("error"),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        for (name, text) in [
            (header::RETRY_AFTER, &self.retry_after),
            (header::LOCATION, &self.location),
        ] {
            let value = text
                .as_ref()
                .and_then(|text| HeaderValue::from_str(text).ok());
            if let Some(value) = value {
                response.headers_mut().insert(name, value);
            }
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The id of a request: the client's own, or a new one.
#[derive(Debug, Clone)]
pub(super) struct RequestId(String);

impl RequestId {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        Self(
            given
                .filter(|id| !id.is_empty())
                .map_or_else(ids::uuid, str::to_owned),
        )
    }
}

/// Puts the request's id where Neon puts it: into the body of an error, into a header of a success.
pub(super) fn sign(mut response: Response, id: &RequestId) -> Response {
    if response.status().is_client_error()
        && response.headers().get(header::CONTENT_TYPE) == Some(&PLAIN_TEXT)
    {
        // a path that cannot be decoded, say: the web framework's own answer is not of Neon's form
        let status = response.status();
        let text = status.canonical_reason().unwrap_or("malformed");
        response = ApiError::new(status, format!("invalid request: {text}")).into_response();
    }
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        let (kind, body) = if error.page {
            (PAGE, NETWORK_PAGE.to_owned())
        } else {
            let body = json!({"request_id": id.0, "code": error.code, "message": error.message});
            (JSON, body.to_string())
        };
        let (mut parts, _) = response.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.insert(header::CONTENT_TYPE, kind);
        return Response::from_parts(parts, Body::from(body));
    }
    if let Ok(id) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(ANSWER_ID, id);
    }
    response
}

/// The answer 201.
pub(super) fn created(value: Value) -> (StatusCode, Json<Value>) {
    (StatusCode::CREATED, Json(value))
}

pub(super) async fn no_route() -> ApiError {
    ApiError::not_found("route")
}

pub(super) async fn no_method() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
}

/// Answers where no middleware signs the errors.
pub(super) fn answer(outcome: Result<Value, ApiError>) -> Response {
    match outcome {
        Ok(value) => Json(value).into_response(),
        Err(error) => sign(error.into_response(), &RequestId::of(&HeaderMap::new())),
    }
}

/// Refuses to show a password of a project that does not store them.
pub(super) fn require_stored_passwords(project: &ProjectRecord) -> Result<(), ApiError> {
    if project.store_passwords {
        return Ok(());
    }
    Err(ApiError::precondition(
        "password storage is disabled for the project",
    ))
}

/// Turns what was not found into Neon's error.
pub(super) trait OrNotFound<T> {
    fn or_not_found(self, what: &str) -> Result<T, ApiError>;
}

impl<T> OrNotFound<T> for Option<T> {
    fn or_not_found(self, what: &str) -> Result<T, ApiError> {
        self.ok_or_else(|| ApiError::not_found(what))
    }
}
