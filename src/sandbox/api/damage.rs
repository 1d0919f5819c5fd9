//! Successful answers that are damaged on purpose.

use std::{io, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderValue, Uri, header},
    response::Response,
};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::sandbox::{
    api::reply::{NETWORK_PAGE, PAGE},
    faults::BodyDamage,
    ids,
};

/// How long an answer stalls, unless the client goes away.
const STALL_LIMIT: Duration = Duration::from_mins(5);
/// How much a huge answer has, in parts of [`HUGE_PART`] bytes: 256 MiB. None of it is kept.
const HUGE_PARTS: usize = 4096;
const HUGE_PART: usize = 64 << 10;
/// How many entries a page of an endless list has at most, whatever the client asks for.
const PAGE_LIMIT: usize = 1000;

/// Damages the body of an answer. `limit`: how many entries the client wants on a page.
pub(super) async fn damage(response: Response, kind: BodyDamage, limit: usize) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let half = bytes.slice(..bytes.len() / 2);
    parts.headers.remove(header::CONTENT_LENGTH);
    let announced = HeaderValue::from(bytes.len());
    let body = match kind {
        BodyDamage::Truncated => Body::from(half),
        BodyDamage::Html => {
            parts.headers.insert(header::CONTENT_TYPE, PAGE);
            Body::from(NETWORK_PAGE)
        }
        // The announced length is the whole body's; after half of it the stream fails, which closes the connection. What was
        // sent must be on its way before the error discards it.
        BodyDamage::Cut | BodyDamage::Lost => {
            parts.headers.insert(header::CONTENT_LENGTH, announced);
            failing_after(half, Duration::from_millis(20))
        }
        BodyDamage::Stall => {
            parts.headers.insert(header::CONTENT_LENGTH, announced);
            failing_after(half, STALL_LIMIT)
        }
        BodyDamage::Huge => huge(bytes),
        BodyDamage::EndlessCursor => Body::from(with_full_page(&bytes, limit)),
    };
    Response::from_parts(parts, body)
}

fn failing_after(sent: Bytes, time: Duration) -> Body {
    let end = async move {
        tokio::time::sleep(time).await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    };
    Body::from_stream(stream::once(async move { Ok(sent) }).chain(stream::once(end)))
}

/// The same JSON with blanks before it, as they come.
fn huge(bytes: Bytes) -> Body {
    let part = Bytes::from(vec![b' '; HUGE_PART]);
    let blanks = stream::iter(std::iter::repeat_n(part, HUGE_PARTS));
    let whole = blanks.chain(stream::once(async move { bytes }));
    Body::from_stream(whole.map(Ok::<_, io::Error>))
}

/// Repeats the entries of a list until its page is full, and gives it a cursor that no page had yet. What is not a list, and a
/// list without entries, stays as it is.
fn with_full_page(bytes: &Bytes, limit: usize) -> Bytes {
    let Ok(Value::Object(mut answer)) = serde_json::from_slice(bytes) else {
        return bytes.clone();
    };
    let Some(entries) = answer
        .values_mut()
        .find_map(|value| value.as_array_mut().filter(|entries| !entries.is_empty()))
    else {
        return bytes.clone();
    };
    let full = entries.iter().cycle().take(limit.min(PAGE_LIMIT));
    *entries = full.cloned().collect();
    answer.insert(
        "pagination".to_owned(),
        json!({"cursor": ids::uuid(), "next": ids::uuid()}),
    );
    Value::Object(answer).to_string().into()
}

/// The address without its cursor, so that an endless list begins anew with each page.
pub(super) fn without_cursor(uri: &Uri) -> Option<Uri> {
    let query: String = url::form_urlencoded::parse(uri.query()?.as_bytes())
        .filter(|(name, _)| name != "cursor")
        .fold(
            url::form_urlencoded::Serializer::new(String::new()),
            |mut query, (name, value)| {
                query.append_pair(&name, &value);
                query
            },
        )
        .finish();
    format!("{}?{query}", uri.path()).parse().ok()
}
