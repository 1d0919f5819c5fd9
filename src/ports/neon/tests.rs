//! The HTTP adapter against a server that misbehaves: every refusal has its own name, and a create is never sent twice.

mod hostile;

use std::{io::Read as _, net::TcpListener, sync::Arc, time::Duration};

use crate::{
    core::secret::Secret,
    ports::{
        certificate::CertificateFault,
        http::HttpProblem,
        neon::{Neon as _, NewProject, error::NeonError, http::HttpNeon},
    },
    testing::{
        http_server::{Behavior, HttpServer, answer},
        world::KEY,
    },
};

fn client(server: &HttpServer) -> HttpNeon {
    HttpNeon::new(server.base.clone(), None, Duration::from_millis(400))
}

fn new_project() -> NewProject {
    NewProject {
        name: "todo".to_owned(),
        org: None,
        region: None,
        postgres: None,
        branch: None,
        database: None,
        role: None,
    }
}

async fn errors(behavior: Behavior) -> (NeonError, NeonError, HttpServer) {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let server = HttpServer::start(behavior);
    let client = client(&server);
    let key = Secret::new(KEY);
    let read = client.auth(&key).await.unwrap_err();
    let create = client
        .create_project(&key, &new_project())
        .await
        .unwrap_err();
    (read, create, server)
}

#[tokio::test]
async fn the_message_of_a_refusal_is_cut() {
    let long = "é".repeat(5000);
    let body: &'static str = format!(r#"{{"code":"","message":"{long}"}}"#).leak();
    let (read, ..) = errors(Behavior::Status(409, body)).await;
    let NeonError::Refused(refusal) = read else {
        panic!("{read:?}");
    };
    assert_eq!(refusal.message.chars().count(), 1000);
}

#[tokio::test]
async fn each_refusal_has_a_variant_and_its_request_id() {
    type Expected = fn(&NeonError) -> bool;
    let cases: [(u16, &str, Expected); 7] = [
        (
            400,
            r#"{"code":"","message":"org_id is required, you can find it on your organization settings page"}"#,
            |error| matches!(error, NeonError::OrganizationNeeded(_)),
        ),
        (
            401,
            r#"{"request_id":"","code":"","message":"supplied credentials do not pass authentication"}"#,
            |error| matches!(error, NeonError::KeyRejected(_)),
        ),
        (
            403,
            r#"{"code":"","message":"not allowed for organization API keys"}"#,
            |error| matches!(error, NeonError::KeyKindRefused { project: None, .. }),
        ),
        (
            404,
            r#"{"code":"","message":"project not found"}"#,
            |error| matches!(error, NeonError::NotFound(_)),
        ),
        (
            409,
            r#"{"code":"BRANCH_ALREADY_EXISTS","message":"branch already exists"}"#,
            |error| matches!(error, NeonError::Refused(refusal) if refusal.code == "BRANCH_ALREADY_EXISTS"),
        ),
        (
            412,
            r#"{"code":"","message":"password storage is disabled"}"#,
            |error| matches!(error, NeonError::PasswordNotStored(refusal) if refusal.status == 412),
        ),
        (
            422,
            r#"{"code":"PROJECTS_LIMIT_EXCEEDED","message":"user projects limit of 1 exceeded, got 1"}"#,
            |error| matches!(error, NeonError::LimitReached(_)),
        ),
    ];
    for (status, body, expected) in cases {
        let (read, create, server) = errors(Behavior::Status(status, body)).await;
        assert!(expected(&read), "{status}: {read:?}");
        assert_eq!(read, create, "{status}");
        assert_eq!(read.request_id(), Some("req-42"), "{status}");
        assert!(!read.refusal().unwrap().message.is_empty(), "{read:?}");
        assert_eq!(
            (server.count("GET"), server.count("POST")),
            (1, 1),
            "{status} was retried"
        );
        assert!(!format!("{read:?}{create:?}").contains(KEY));
    }
}

#[tokio::test]
async fn what_is_safe_to_repeat_is_repeated_for_every_method() {
    for status in [423, 429, 503] {
        let (_, _, server) =
            errors(Behavior::Status(status, r#"{"code":"","message":"busy"}"#)).await;
        assert_eq!(
            (server.count("GET"), server.count("POST")),
            (3, 3),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_create_whose_outcome_is_unknown_is_sent_once() {
    for behavior in [
        Behavior::Status(500, "{}"),
        Behavior::Status(502, "<html>Bad gateway</html>"),
        Behavior::Reset,
        Behavior::Silence,
        Behavior::Truncated,
        Behavior::Body("<html>log in</html>"),
        Behavior::Body(r#"{"project":{"id":"x""#),
    ] {
        let (read, create, server) = errors(behavior).await;
        for error in [create, read] {
            assert!(error.outcome_unknown(), "{behavior:?}: {error:?}");
            let expected = match behavior {
                Behavior::Status(..) => matches!(error, NeonError::ServerError(_)),
                Behavior::Body(_) => matches!(error, NeonError::UnreadableAnswer { .. }),
                Behavior::Reset | Behavior::Silence | Behavior::Truncated => {
                    matches!(error, NeonError::AnswerLost(_))
                }
            };
            assert!(expected, "{behavior:?}: {error:?}");
        }
        assert_eq!(server.count("POST"), 1, "{behavior:?}");
        assert_eq!(
            server.count("GET"),
            3,
            "{behavior:?}: a read is safe to repeat"
        );
    }
}

/// What kept an answer from coming.
fn problem(error: NeonError) -> HttpProblem {
    let (NeonError::Unreachable(error) | NeonError::AnswerLost(error)) = error else {
        panic!("{error:?}");
    };
    error.problem
}

#[tokio::test]
async fn the_reason_why_nobody_answers_is_told_apart() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let key = Secret::new(KEY);
    let port = crate::testing::requirements::free_port();
    let refused = HttpNeon::new(
        format!("http://127.0.0.1:{port}/api/v2"),
        None,
        Duration::from_secs(5),
    );
    let error = refused.auth(&key).await.unwrap_err();
    assert!(matches!(error, NeonError::Unreachable(_)), "{error:?}");
    assert_eq!(problem(error), HttpProblem::Refused);
    let unknown = HttpNeon::new(
        "http://nowhere.invalid/api/v2",
        None,
        Duration::from_secs(5),
    );
    let error = unknown.auth(&key).await.unwrap_err();
    assert!(matches!(error, NeonError::Unreachable(_)), "{error:?}");
    assert_eq!(problem(error), HttpProblem::NotResolved);
    let server = HttpServer::start(Behavior::Reset);
    let tls = HttpNeon::new(
        server.base.replace("http://", "https://"),
        None,
        Duration::from_secs(2),
    );
    let error = tls.auth(&key).await.unwrap_err();
    assert_eq!(problem(error), HttpProblem::Lost);
    let broken = HttpNeon::new(
        "https://localhost/api/v2",
        Some("/nowhere.pem".into()),
        Duration::from_secs(2),
    );
    let error = broken.auth(&key).await.unwrap_err();
    assert_eq!(
        problem(error),
        HttpProblem::CertificateFile("/nowhere.pem".into())
    );
}

/// Serves this certificate on a port of `localhost`; whoever connects gets no answer.
async fn serve_certificate(parameters: rcgen::CertificateParams) -> (String, String) {
    let signing_key = rcgen::KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&signing_key).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind(("localhost", 0))
        .await
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // a client that does not accept the certificate goes away
            acceptor.accept(stream).await.ok();
        }
    });
    (
        format!("https://localhost:{port}/api/v2"),
        certificate.pem(),
    )
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told_apart() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let parameters = |name: &str, from: i32, until: i32| {
        let mut parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(until, 1, 1);
        parameters
    };
    for (served, words) in [
        (parameters("localhost", 2020, 2021), "expired on 2021-01-01"),
        (
            parameters("localhost", 2150, 2151),
            "isn't valid before 2150-01-01",
        ),
        (
            parameters("other.test", 2020, 2150),
            "is for a different name: other.test",
        ),
    ] {
        let (base, pem) = serve_certificate(served).await;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), pem).unwrap();
        let client = HttpNeon::new(base, Some(file.path().to_owned()), Duration::from_secs(30));
        let error = client.auth(&Secret::new(KEY)).await.unwrap_err();
        assert!(matches!(error, NeonError::Unreachable(_)), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(words), "{text}");
    }
}

/// A certificate that nobody vouches for, and the same named with `--ca-file`.
#[tokio::test]
async fn a_certificate_is_trusted_only_when_it_is_named() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind(("localhost", 0))
        .await
        .unwrap();
    let base = format!(
        "https://localhost:{}/api/v2",
        listener.local_addr().unwrap().port()
    );
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // a client that does not trust the certificate goes away
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = [0; 4096];
            // what it asks does not matter
            let _asked = stream.read(&mut request).await;
            let body = r#"{"account_id":"ada","auth_method":"api_key_user"}"#;
            let text = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(text.as_bytes()).await.ok();
            stream.shutdown().await.ok();
        }
    });
    let key = Secret::new(KEY);
    let limit = Duration::from_secs(30);
    let error = HttpNeon::new(base.clone(), None, limit)
        .auth(&key)
        .await
        .unwrap_err();
    assert_eq!(
        problem(error),
        HttpProblem::Untrusted(CertificateFault::Unknown)
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), made.cert.pem()).unwrap();
    let trusting = HttpNeon::new(base, Some(file.path().to_owned()), limit);
    assert_eq!(trusting.auth(&key).await.unwrap().account_id, "ada");
    serving.abort();
    // https:// where plain HTTP is spoken
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let speaking = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _asked = stream.read(&mut [0; 4096]);
        answer(&mut stream, 400, "plain HTTP");
    });
    let error = HttpNeon::new(format!("https://{address}/api/v2"), None, limit)
        .auth(&Secret::new(KEY))
        .await
        .unwrap_err();
    speaking.join().unwrap();
    assert_eq!(problem(error), HttpProblem::PlainHttp);
}

#[tokio::test]
async fn all_pages_are_read_and_the_cursor_of_the_last_one_is_not_followed() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    // one short page with a cursor: Neon sends one even on the last page
    let body = r#"{"projects":[{"id":"a-1","name":"a","region_id":"r","pg_version":17,"created_at":"2025-01-01T00:00:00Z"}],"pagination":{"cursor":"a-1"},"unavailable_project_ids":["b-2"]}"#;
    let server = HttpServer::start(Behavior::Body(body));
    let listing = client(&server)
        .projects(&Secret::new(KEY), None, &|_| {})
        .await
        .unwrap();
    assert_eq!(
        listing.projects.len(),
        1,
        "the shared list repeats the same project"
    );
    assert_eq!(listing.unavailable, ["b-2", "b-2"]);
    assert_eq!(server.count("GET /api/v2/projects?limit=400 "), 1);
    assert_eq!(server.count("GET /api/v2/projects/shared?limit=400 "), 1);
}
