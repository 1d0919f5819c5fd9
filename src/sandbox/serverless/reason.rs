//! Why a request over HTTP has no result, in the form of Neon's proxy: all fields of Postgres' error, and a status.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

use crate::sandbox::startup::StartupRefusal;

/// The fields of a Postgres error: their letter in the protocol, and their name in the answer.
///
/// <https://www.postgresql.org/docs/17/protocol-error-fields.html>
const FIELDS: [(u8, &str); 17] = [
    (b'M', "message"),
    (b'C', "code"),
    (b'D', "detail"),
    (b'H', "hint"),
    (b'P', "position"),
    (b'p', "internalPosition"),
    (b'q', "internalQuery"),
    (b'S', "severity"),
    (b'W', "where"),
    (b't', "table"),
    (b'c', "column"),
    (b's', "schema"),
    (b'd', "dataType"),
    (b'n', "constraint"),
    (b'F', "file"),
    (b'L', "line"),
    (b'R', "routine"),
];

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reason {
    status: StatusCode,
    fields: Map<String, Value>,
}

impl Reason {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let mut fields: Map<_, _> = FIELDS
            .iter()
            .map(|(_, name)| ((*name).to_owned(), Value::Null))
            .collect();
        fields.insert("message".to_owned(), Value::String(message.into()));
        // the proxy's own errors have these two, and nothing in them
        for name in ["code", "severity"] {
            fields.insert(name.to_owned(), Value::String(String::new()));
        }
        Self { status, fields }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// A refusal before there is a session.
    pub(super) fn refused(refusal: &StartupRefusal) -> Self {
        // the class of failed connections: the compute's fault, and not the client's
        let status = if refusal.sqlstate.starts_with("08") && refusal.sqlstate != "08P01" {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::BAD_REQUEST
        };
        Self::new(status, refusal.text.clone())
    }

    /// The error of a server: the body of an `ErrorResponse`.
    pub(super) fn of_server(body: &[u8]) -> Self {
        let mut reason = Self::bad_request("");
        for field in body.split(|byte| *byte == 0) {
            let Some((letter, text)) = field.split_first() else {
                continue;
            };
            if let Some((_, name)) = FIELDS.iter().find(|(known, _)| known == letter) {
                let text = String::from_utf8_lossy(text).into_owned();
                reason
                    .fields
                    .insert((*name).to_owned(), Value::String(text));
            }
        }
        reason
    }

    /// Sets Postgres' code.
    pub(super) fn coded(mut self, sqlstate: &str) -> Self {
        let code = Value::String(sqlstate.to_owned());
        self.fields.insert("code".to_owned(), code);
        self
    }
}

impl IntoResponse for Reason {
    fn into_response(self) -> Response {
        (self.status, Json(Value::Object(self.fields))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_server_error_have_neons_names() {
        let body = b"SERROR\0VERROR\0C23505\0Mduplicate key\0DKey (id)=(1)\0nt_pkey\0tt\0\0";
        let reason = Reason::of_server(body);
        assert_eq!(reason.status, StatusCode::BAD_REQUEST);
        for (name, text) in [
            ("severity", "ERROR"),
            ("code", "23505"),
            ("message", "duplicate key"),
            ("detail", "Key (id)=(1)"),
            ("constraint", "t_pkey"),
            ("table", "t"),
        ] {
            assert_eq!(reason.fields[name], text, "{name}");
        }
        assert_eq!(reason.fields["hint"], Value::Null);
        assert_eq!(reason.fields.len(), FIELDS.len());
    }
}
