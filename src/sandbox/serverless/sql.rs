//! `POST /sql`: one statement, or several in a transaction.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody as _},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::Value;

use crate::sandbox::{
    scram::LoginRefusal,
    serverless::{
        connection::RequestedConnection,
        json,
        memory::{Held, NoRoom, SIZE_LIMIT},
        place::ComputePort,
        reason::Reason,
        statements::{BoundStatement, Format, ServerSession, StatementFailure},
    },
    session::{Target, within, wrong_password},
    startup::StartupRefusal,
};

const CONNECTION_STRING: HeaderName = HeaderName::from_static("neon-connection-string");
const RAW_TEXT: HeaderName = HeaderName::from_static("neon-raw-text-output");
const ARRAY_MODE: HeaderName = HeaderName::from_static("neon-array-mode");
const ISOLATION: HeaderName = HeaderName::from_static("neon-batch-isolation-level");
const READ_ONLY: HeaderName = HeaderName::from_static("neon-batch-read-only");
const DEFERRABLE: HeaderName = HeaderName::from_static("neon-batch-deferrable");

/// How long a client may take to send its body.
const BODY_TIME: Duration = Duration::from_secs(30);
/// How long the statements of a request may take: as long as Node's `fetch` waits for an answer.
const STATEMENTS_TIME: Duration = Duration::from_mins(5);

/// A statement in the body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SqlQuery {
    #[serde(rename = "query")]
    text: String,
    #[serde(default)]
    params: Vec<Value>,
    array_mode: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Payload {
    Single(SqlQuery),
    Batch { queries: Vec<SqlQuery> },
}

impl From<SqlQuery> for BoundStatement {
    fn from(query: SqlQuery) -> Self {
        Self {
            parameters: query.params.iter().map(json::to_text).collect(),
            text: query.text,
            array_mode: query.array_mode,
        }
    }
}

/// What the headers say of a transaction.
#[derive(Debug, Default, PartialEq, Eq)]
struct Transaction {
    /// The header's value, and what SQL calls it.
    isolation: Option<(&'static str, &'static str)>,
    read_only: bool,
    deferrable: bool,
}

const LEVELS: [(&str, &str); 4] = [
    ("ReadUncommitted", "READ UNCOMMITTED"),
    ("ReadCommitted", "READ COMMITTED"),
    ("RepeatableRead", "REPEATABLE READ"),
    ("Serializable", "SERIALIZABLE"),
];

fn is_true(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get(name).is_some_and(|value| value == "true")
}

impl Transaction {
    fn of(headers: &HeaderMap) -> Result<Self, Reason> {
        let isolation = headers.get(&ISOLATION).map(|wanted| {
            let level = LEVELS.into_iter().find(|(name, _)| wanted == name);
            level.ok_or_else(|| Reason::bad_request("invalid isolation level"))
        });
        Ok(Self {
            isolation: isolation.transpose()?,
            read_only: is_true(headers, &READ_ONLY),
            deferrable: is_true(headers, &DEFERRABLE),
        })
    }

    fn begin(&self) -> String {
        let mut sql = "START TRANSACTION".to_owned();
        let mut modes = Vec::new();
        modes.extend(
            self.isolation
                .map(|(_, level)| format!("ISOLATION LEVEL {level}")),
        );
        modes.extend(self.read_only.then(|| "READ ONLY".to_owned()));
        modes.extend(self.deferrable.then(|| "DEFERRABLE".to_owned()));
        if !modes.is_empty() {
            sql.push(' ');
            sql.push_str(&modes.join(", "));
        }
        sql
    }

    /// The headers that answer it.
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.read_only {
            headers.insert(READ_ONLY, HeaderValue::from_static("true"));
        }
        if self.deferrable {
            headers.insert(DEFERRABLE, HeaderValue::from_static("true"));
        }
        if let Some((name, _)) = self.isolation {
            headers.insert(ISOLATION, HeaderValue::from_static(name));
        }
        headers
    }
}

impl StatementFailure {
    fn reason(self) -> Reason {
        match self {
            Self::Refused(reason) => reason,
            Self::NoRoom(NoRoom::TooLarge) => Reason::new(
                StatusCode::INSUFFICIENT_STORAGE,
                format!("response is too large (max is {SIZE_LIMIT} bytes)"),
            ),
            Self::NoRoom(NoRoom::Full) => busy(),
            Self::Broken(error) => Reason::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("Couldn't connect to compute node: {error}"),
            ),
        }
    }
}

fn busy() -> Reason {
    Reason::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "too many large requests at a time",
    )
}

/// Answers a request.
pub(super) async fn answer(State(here): State<Arc<ComputePort>>, request: Request) -> Response {
    match Box::pin(results(&here, request)).await {
        Ok(response) => response,
        Err(reason) => reason.into_response(),
    }
}

async fn results(here: &ComputePort, request: Request) -> Result<Response, Reason> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let connection = connection_of(headers).map_err(|refusal| Reason::refused(&refusal))?;
    let target = connection
        .target(here)
        .map_err(|refusal| Reason::refused(&refusal))?;
    let format = Format {
        raw: is_true(headers, &RAW_TEXT),
        arrays: is_true(headers, &ARRAY_MODE),
    };
    let transaction = Transaction::of(headers)?;
    let payload = payload(here, body).await?;
    let session = log_in(&target, connection).await?;
    let held = Held::new(Arc::clone(&here.plane.http_memory));
    let work = async {
        match payload {
            Payload::Single(query) => {
                let json = single(session, &query.into(), format, held).await;
                json.map(|json| (HeaderMap::new(), json))
            }
            Payload::Batch { queries } => {
                let json = batch(session, queries, format, &transaction, held).await;
                json.map(|json| (transaction.headers(), json))
            }
        }
    };
    // whatever still runs when the time is up is cancelled
    let (headers, json) = tokio::time::timeout(STATEMENTS_TIME, work)
        .await
        .map_err(|_elapsed| {
            Reason::bad_request("Query cancelled, connection was terminated").coded("08P01")
        })?
        .map_err(StatementFailure::reason)?;
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((headers, kind, json).into_response())
}

fn connection_of(headers: &HeaderMap) -> Result<RequestedConnection, StartupRefusal> {
    if headers.contains_key(header::AUTHORIZATION) {
        // a token of somebody's own service, which Neon has to be told of first
        let text = "missing authentication credentials: required password";
        return Err(StartupRefusal::new("28000", text));
    }
    let text = headers.get(&CONNECTION_STRING);
    let text = text.and_then(|text| text.to_str().ok()).ok_or_else(|| {
        StartupRefusal::new("08P01", format!("invalid header: {CONNECTION_STRING}"))
    })?;
    RequestedConnection::parse(text)
}

/// Reads the body within its bounds.
async fn payload(here: &ComputePort, body: Body) -> Result<Payload, Reason> {
    let too_large = || {
        Reason::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("request is too large (max is {SIZE_LIMIT} bytes)"),
        )
    };
    if body.size_hint().lower() > SIZE_LIMIT as u64 {
        return Err(too_large());
    }
    let mut held = Held::new(Arc::clone(&here.plane.http_memory));
    let read = async {
        let mut bytes = Vec::new();
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| {
                Reason::bad_request(format!("could not read the HTTP request body: {error}"))
            })?;
            held.grow(bytes.len() + chunk.len())
                .map_err(|why| match why {
                    NoRoom::TooLarge => too_large(),
                    NoRoom::Full => busy(),
                })?;
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    let bytes = tokio::time::timeout(BODY_TIME, read)
        .await
        .map_err(|_elapsed| {
            let text = format!("the body did not come within {BODY_TIME:?}");
            Reason::new(StatusCode::REQUEST_TIMEOUT, text)
        })??;
    serde_json::from_slice(&bytes).map_err(|error| {
        Reason::bad_request(format!("could not parse the HTTP request body: {error}"))
    })
}

/// Logs in at the compute, which wakes for it.
async fn log_in(
    target: &Target,
    mut connection: RequestedConnection,
) -> Result<ServerSession, Reason> {
    let plane = &target.plane;
    let full = || StartupRefusal::new("53300", "sorry, too many clients already");
    let _login = plane
        .logins
        .try_acquire()
        .map_err(|_full| Reason::refused(&full()).coded("53300"))?;
    let admission = target
        .admit(&mut connection.startup)
        .await
        .map_err(|refusal| Reason::refused(&refusal))?;
    let proof = admission.check(connection.password).await;
    let proof = proof.ok_or_else(|| Reason::refused(&wrong_password(&connection.startup.user)))?;
    let begun = async {
        let server = admission.log_in(&connection.startup, &proof).await;
        let server = server.map_err(|error| match error {
            // without the head of its message
            LoginRefusal::Refused(message) => {
                let body = message.get(5..).unwrap_or_default();
                StatementFailure::Refused(Reason::of_server(body))
            }
            LoginRefusal::Io(error) => StatementFailure::Broken(error),
        })?;
        ServerSession::begin(server, target.clone(), admission).await
    };
    within(begun).await.map_err(StatementFailure::reason)
}

async fn single(
    mut session: ServerSession,
    statement: &BoundStatement,
    format: Format,
    mut held: Held,
) -> Result<Vec<u8>, StatementFailure> {
    let mut json = Vec::new();
    session.run(statement, format, &mut json, &mut held).await?;
    Ok(json)
}

async fn batch(
    mut session: ServerSession,
    queries: Vec<SqlQuery>,
    format: Format,
    transaction: &Transaction,
    mut held: Held,
) -> Result<Vec<u8>, StatementFailure> {
    session.execute(&transaction.begin()).await?;
    let mut json = b"{\"results\":[".to_vec();
    for (number, query) in queries.into_iter().enumerate() {
        if number > 0 {
            json.push(b',');
        }
        session
            .run(&query.into(), format, &mut json, &mut held)
            .await?;
    }
    session.execute("COMMIT").await?;
    json.extend(b"]}");
    Ok(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).clone(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn transaction_is_begun_as_its_headers_say() {
        let begun = |pairs: &[(&HeaderName, &str)]| {
            Transaction::of(&headers(pairs)).map(|transaction| transaction.begin())
        };
        assert_eq!(begun(&[]).unwrap(), "START TRANSACTION");
        let all = [
            (&ISOLATION, "Serializable"),
            (&READ_ONLY, "true"),
            (&DEFERRABLE, "true"),
        ];
        assert_eq!(
            begun(&all).unwrap(),
            "START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE"
        );
        let answered = Transaction::of(&headers(&all)).unwrap().headers();
        assert_eq!(answered, headers(&all));
        let none = [(&READ_ONLY, "false"), (&DEFERRABLE, "1")];
        assert_eq!(begun(&none).unwrap(), "START TRANSACTION");
        begun(&[(&ISOLATION, "serializable; drop table x")]).unwrap_err();
    }

    #[test]
    fn token_of_another_service_is_refused() {
        let with_token = headers(&[
            (&CONNECTION_STRING, "postgres://me:pw@localhost/x"),
            (&header::AUTHORIZATION, "Bearer x"),
        ]);
        let refused = connection_of(&with_token).map(|_| ()).unwrap_err();
        assert!(refused.text.contains("required password"));
        assert!(connection_of(&HeaderMap::new()).is_err());
    }
}
