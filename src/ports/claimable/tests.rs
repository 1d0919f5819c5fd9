//! The adapter against a service that misbehaves, and against the sandbox's.

use std::time::Duration;

use crate::{
    core::secret::Secret,
    ports::{
        claimable::{Claimable as _, ClaimableError, http::HttpClaimable},
        http::HttpProblem,
    },
    testing::http_server::{Behavior, HttpServer},
};

/// An id that no text may hold.
const ID: &str = "0b0c4d5e-canary-4000-8000-1234567890ab";

fn client(server: &HttpServer) -> HttpClaimable {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let host = server.base.trim_end_matches("/api/v2");
    HttpClaimable::new(host, None, Duration::from_millis(400))
}

#[tokio::test]
async fn each_refusal_of_the_service_has_a_variant_with_its_message() {
    for (status, body, message) in [
        (400, r#"{"message":"Missing referrer"}"#, "Missing referrer"),
        (400, r#"{"error":"no"}"#, "no"),
        (403, r#"{"message":"blocked"}"#, "blocked"),
        (429, "{}", ""),
        (
            500,
            r#"{"error":{"message":"Failed to create the database."}}"#,
            "Failed to create",
        ),
        (503, "", ""),
    ] {
        let server = HttpServer::start(Behavior::Status(status, body));
        let error = client(&server).create().await.unwrap_err();
        assert!(!error.outcome_unknown(), "{status}: {error:?}");
        let (ClaimableError::RateLimited { message: told, .. }
        | ClaimableError::ServerError { message: told, .. }
        | ClaimableError::Refused { message: told, .. }) = &error
        else {
            panic!("{status}: {error:?}");
        };
        let limited = matches!(error, ClaimableError::RateLimited { .. });
        let broken = matches!(error, ClaimableError::ServerError { .. });
        assert_eq!((limited, broken), (status == 429, status >= 500));
        assert!(told.contains(message), "{status}: {told}");
        assert_eq!(server.count("POST"), 1, "{status} was sent again");
    }
}

#[tokio::test]
async fn a_web_page_that_refuses_is_told_as_one_and_nothing_was_made() {
    let server = HttpServer::start(Behavior::Status(403, "<html>blocked</html>"));
    let error = client(&server).create().await.unwrap_err();
    assert!(!error.outcome_unknown(), "{error:?}");
    let ClaimableError::Unreachable(told) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(told.problem, HttpProblem::WebPage(403));
    assert_eq!(server.count("POST"), 1, "it was sent again");
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_sent_once_and_its_outcome_is_unknown() {
    for behavior in [
        Behavior::Reset,
        Behavior::Silence,
        Behavior::Truncated,
        Behavior::Body("<html>log in</html>"),
        Behavior::Body(r#"{"id":"0b0c","status":"UNCLAIMED"}"#),
    ] {
        let server = HttpServer::start(behavior);
        let error = client(&server).create().await.unwrap_err();
        assert!(error.outcome_unknown(), "{behavior:?}: {error:?}");
        assert_eq!(server.count("POST"), 1, "{behavior:?}");
    }
}

#[tokio::test]
async fn a_read_is_repeated_and_what_is_not_there_is_no_failure() {
    let id = Secret::new(ID);
    for (status, body) in [(400, r#"{"message":"Database not found"}"#), (404, "")] {
        let server = HttpServer::start(Behavior::Status(status, body));
        assert_eq!(client(&server).get(&id).await.unwrap(), None, "{status}");
    }
    for behavior in [
        Behavior::Reset,
        Behavior::Silence,
        Behavior::Truncated,
        Behavior::Body("<html>log in</html>"),
        Behavior::Status(502, "bad gateway"),
    ] {
        let server = HttpServer::start(behavior);
        let error = client(&server).get(&id).await.unwrap_err();
        assert_eq!(server.count("GET"), 3, "{behavior:?}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
    // a service that quotes the id does not make us do it
    let server = HttpServer::start(Behavior::Status(
        400,
        r#"{"message":"cannot read 0b0c4d5e-canary-4000-8000-1234567890ab"}"#,
    ));
    let error = client(&server).get(&id).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"));
    assert_eq!(server.count("GET"), 1, "a refusal is final");
}

#[tokio::test]
async fn nobody_listening_is_told_from_a_lost_answer() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let host = format!(
        "http://127.0.0.1:{}",
        crate::testing::requirements::free_port()
    );
    let service = HttpClaimable::new(host, None, Duration::from_secs(5));
    let error = service.create().await.unwrap_err();
    assert!(
        matches!(&error, ClaimableError::Unreachable(error) if error.problem == HttpProblem::Refused),
        "{error:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn the_sandbox_speaks_the_service() {
    use crate::{
        ports::claimable::Ownership,
        sandbox::{Sandbox, SandboxOptions},
    };

    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let options = SandboxOptions {
        claimable: true,
        ..SandboxOptions::default()
    };
    let sandbox = Sandbox::start(options).await.unwrap();
    let host = sandbox.api_host().trim_end_matches("/api/v2").to_owned();
    let service = HttpClaimable::new(&host, None, Duration::from_mins(1));
    let made = service.create().await.unwrap();
    assert_eq!(made.ownership, Ownership::Unclaimed);
    assert_eq!(
        made.claim_url.expose(),
        format!("{host}/claim/{}", made.id.expose())
    );
    assert_eq!(service.get(&made.id).await.unwrap(), Some(made.clone()));
    assert_eq!(service.get(&Secret::new(ID)).await.unwrap(), None);
    let claimed = reqwest::Client::new()
        .post(made.claim_url.expose())
        .json(&serde_json::json!({}))
        .send()
        .await
        .unwrap();
    assert!(claimed.status().is_success(), "{claimed:?}");
    let claimed = service.get(&made.id).await.unwrap().unwrap();
    assert_eq!(claimed.ownership, Ownership::Claimed);
    assert_eq!(claimed.connection_string, None);
    assert_eq!(claimed.project, made.project);
    sandbox.shutdown().await;
}
