//! The callback's listener over real sockets, and the issuer's client against answers of all kinds.

use std::time::Duration;

use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{
    CallbackListener as _, CallbackPage, IssuerError,
    http::HttpIssuer,
    listener::{
        CONNECTIONS_LIMIT, CallbackRequest, HEAD_LIMIT, LoopbackListener, TOTAL_LIMIT, asked,
    },
};
use crate::{
    core::secret::Secret,
    domain::web_login::{EndpointFault, IssuerEndpoints},
    testing::http_server::{Behavior, HttpServer},
};

async fn send(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.ok();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok();
    answer
}

fn get(port: u16, target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n\r\n")
}

#[test]
fn only_the_callback_of_this_listener_is_one() {
    let asked = |head: &str| asked(head.as_bytes(), 4321);
    let with = |line: &str, host: &str| format!("{line}\r\nhost:  {host}\r\n\r\n");
    let own = "127.0.0.1:4321";
    let callback = |query: &str| CallbackRequest::Callback(Secret::new(query));
    assert_eq!(
        asked(&with("GET /callback?code=a&state=b HTTP/1.1", own)),
        callback("code=a&state=b")
    );
    assert_eq!(
        asked(&with("GET /callback HTTP/1.0", "LOCALHOST:4321")),
        callback("")
    );
    assert_eq!(
        asked(&with("OPTIONS /callback HTTP/1.1", own)),
        CallbackRequest::Preflight
    );
    for (head, status) in [
        (with("GET / HTTP/1.1", own), 404),
        (with("GET /callback/ HTTP/1.1", own), 404),
        (with("GET /callbacks?code=a HTTP/1.1", own), 404),
        (with("GET //callback?code=a HTTP/1.1", own), 404),
        (with("GET /favicon.ico HTTP/1.1", own), 404),
        (with("POST /callback?code=a HTTP/1.1", own), 405),
        (with("GET /callback?code=a HTTP/2", own), 505),
        (with("GET /callback?code=a b HTTP/1.1", own), 400),
        (with("GET /callback HTTP/1.1", "evil.test:4321"), 421),
        (with("GET /callback HTTP/1.1", "127.0.0.1"), 421),
        ("GET /callback HTTP/1.1\r\n\r\n".to_owned(), 400),
        (String::new(), 400),
    ] {
        assert_eq!(asked(&head), CallbackRequest::Other(status), "{head:?}");
    }
}

proptest! {
    #[test]
    fn whatever_comes_is_answered(head in proptest::collection::vec(any::<u8>(), 0..300)) {
        asked(&head, 4321);
    }
}

#[tokio::test]
async fn the_browser_gets_its_page_and_others_get_nothing() {
    let mut listener = LoopbackListener::bind("https://oauth2.neon.tech")
        .await
        .unwrap();
    let port = listener.port();
    let browser = tokio::spawn(async move {
        // a connection that a browser opens and doesn't use is in nobody's way
        let idle = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let icon = send(port, &get(port, "/favicon.ico")).await;
        let long = format!("/callback?code={}", "x".repeat(HEAD_LIMIT));
        let long = send(port, &get(port, &long)).await;
        let before = get(port, "/callback").replace("GET", "OPTIONS");
        let before = send(port, &before).await;
        let page = send(port, &get(port, "/callback?code=canary&state=s")).await;
        drop(idle);
        (icon, long, before, page)
    });
    let judge = |query: &str| {
        assert_eq!(query, "code=canary&state=s");
        CallbackPage::Received
    };
    let query = listener.query(&judge).await.unwrap();
    assert_eq!(query, Secret::new("code=canary&state=s"));
    drop(listener);
    let (icon, long, before, page) = browser.await.unwrap();
    assert!(icon.starts_with("HTTP/1.1 404"), "{icon}");
    assert!(
        long.starts_with("HTTP/1.1 431") || long.is_empty(),
        "{long}"
    );
    assert!(
        before.contains("Access-Control-Allow-Origin: https://oauth2.neon.tech\r\n"),
        "{before}"
    );
    assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
    assert!(page.contains("You can close this page"), "{page}");
    assert!(page.contains("Cache-Control: no-store"), "{page}");
    assert!(!page.contains("canary"), "{page}");
    assert!(
        TcpStream::connect(("127.0.0.1", port)).await.is_err(),
        "it still listens"
    );
}

#[tokio::test]
async fn an_answer_that_is_no_login_gets_another_page() {
    let mut listener = LoopbackListener::bind("https://oauth2.neon.tech")
        .await
        .unwrap();
    let port = listener.port();
    let browser =
        tokio::spawn(async move { send(port, &get(port, "/callback?error=access_denied")).await });
    listener.query(&|_| CallbackPage::Failed).await.unwrap();
    let page = browser.await.unwrap();
    assert!(page.contains("didn't work"), "{page}");
}

#[tokio::test]
async fn many_idle_connections_stop_nobody_for_long_and_too_many_end_it() {
    let mut listener = LoopbackListener::bind("https://oauth2.neon.tech")
        .await
        .unwrap();
    let port = listener.port();
    let crowd = tokio::spawn(async move {
        for _ in 0..TOTAL_LIMIT + CONNECTIONS_LIMIT {
            let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await else {
                break;
            };
            drop(stream);
        }
    });
    let ended = tokio::time::timeout(
        Duration::from_secs(20),
        listener.query(&|_| CallbackPage::Failed),
    );
    let error = ended.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("connections"), "{error}");
    crowd.abort();
}

fn issuer(server: &HttpServer) -> (HttpIssuer, String) {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let base = server.base.trim_end_matches("/api/v2").to_owned();
    (
        HttpIssuer::new(&base, None, Duration::from_millis(500)),
        base,
    )
}

fn endpoints(base: &str) -> IssuerEndpoints {
    IssuerEndpoints {
        issuer: base.to_owned(),
        authorization: format!("{base}/auth"),
        token: format!("{base}/token"),
        revocation: Some(format!("{base}/revoke")),
    }
}

#[tokio::test]
async fn what_an_issuer_answers_in_its_place_is_told() {
    let unusable =
        r#"{"issuer":"https://evil.test","authorization_endpoint":"a","token_endpoint":"b"}"#;
    for (behavior, check) in [
        (
            Behavior::Silence,
            (|error| matches!(error, IssuerError::Unanswered(_))) as fn(&IssuerError) -> bool,
        ),
        (Behavior::Reset, |error| {
            matches!(error, IssuerError::Unanswered(_))
        }),
        (
            Behavior::Body("<html>"),
            |error| matches!(error, IssuerError::Unreadable(answer) if answer.is_page),
        ),
        (Behavior::Body(unusable), |error| {
            matches!(
                error,
                IssuerError::Unusable {
                    fault: EndpointFault::OtherIssuer(_),
                    ..
                }
            )
        }),
        (Behavior::Status(503, ""), |error| {
            matches!(error, IssuerError::Busy { status: 503, .. })
        }),
        (Behavior::Status(404, "{}"), |error| {
            matches!(error, IssuerError::Refused { status: 404, .. })
        }),
    ] {
        let server = HttpServer::start(behavior);
        let (issuer, _) = issuer(&server);
        let error = issuer.discover().await.unwrap_err();
        assert!(check(&error), "{behavior:?}: {error:?}");
    }
}

#[tokio::test]
async fn tokens_are_read_and_no_refusal_repeats_what_was_sent() {
    let refresh = Secret::new("ory_rt_canary");
    let server = HttpServer::start(Behavior::Body(
        r#"{"access_token":"ory_at_canary","expires_in":60,"token_type":"bearer"}"#,
    ));
    let (client, base) = issuer(&server);
    let tokens = client.renew(&endpoints(&base), &refresh).await.unwrap();
    assert_eq!(tokens.access, Secret::new("ory_at_canary"));
    assert_eq!(tokens.refresh, Some(refresh.clone()), "it stays as it is");
    assert_eq!(tokens.issuer, base);
    assert!(tokens.expires_at.is_some());
    for (behavior, what) in [
        (
            Behavior::Body(r#"{"access_token":"ory_at_canary","expires_in":0}"#),
            "already expired",
        ),
        (
            Behavior::Status(
                400,
                r#"{"error":"invalid_grant","error_description":"ory_rt_canary"}"#,
            ),
            "invalid_grant (400)",
        ),
        (Behavior::Body(r#"{"token":"ory_at_canary"}"#), "JSON"),
    ] {
        let server = HttpServer::start(behavior);
        let (client, base) = issuer(&server);
        let error = client.renew(&endpoints(&base), &refresh).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(what), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
        assert_eq!(error.is_final(), what.contains("invalid_grant"));
    }
}
