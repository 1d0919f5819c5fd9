//! Each way to misbehave really does.

use std::time::{Duration, Instant};

use crate::sandbox::faults::{
    BodyDamage, BodyFault, ComputeCertificate, DatabaseFault, ErrorBurst, Faults,
};
use reqwest::{Method, header, redirect::Policy};
use serde_json::json;

use super::support::{Api, connect, start, until};

#[tokio::test(flavor = "multi_thread")]
async fn error_and_latency_faults_apply_to_requests() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let switches = json!({
        "latency_ms": 80,
        "errors": [{"status": 429, "count": 2, "retry_after": "1", "path": "/projects", "method": "GET"}],
    });
    api.post("/sandbox/faults", switches).await.expect(200);
    let begun = Instant::now();
    api.get("/auth").await.expect(200);
    assert!(begun.elapsed() >= Duration::from_millis(80));
    for _ in 0..2 {
        let limited = api.get("/projects").await.expect(429);
        assert_eq!(limited.headers["retry-after"], "1");
        assert!(!limited.text("/request_id").is_empty());
    }
    api.get("/projects").await.expect(200);
    api.post("/sandbox/faults", json!({"latency": 1}))
        .await
        .expect(400);
    sandbox.set_faults(Faults {
        errors: vec![ErrorBurst {
            status: 423,
            ..ErrorBurst::default()
        }],
        ..Faults::default()
    });
    let locked = api.get("/auth").await.expect(423);
    assert!(
        locked
            .text("/message")
            .contains("running conflicting operations")
    );
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_create_still_makes_the_project() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    sandbox.set_faults(Faults {
        lost_creates: 1,
        ..Faults::default()
    });
    let create = api
        .request(Method::POST, "/projects")
        .json(&json!({"project": {"name": "lost"}}));
    let error = create
        .send()
        .await
        .expect_err("the connection is cut before the answer");
    assert!(!error.is_timeout(), "{error}");
    let found = api.get("/projects").await.expect(200);
    assert_eq!(found.body["projects"].as_array().unwrap().len(), 1);
    assert_eq!(found.text("/projects/0/name"), "lost");
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn body_faults_damage_successful_answers() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    for kind in [
        BodyDamage::Truncated,
        BodyDamage::Html,
        BodyDamage::Cut,
        BodyDamage::Lost,
    ] {
        sandbox.set_faults(Faults {
            bodies: vec![BodyFault {
                kind,
                count: 1,
                path: None,
                method: None,
            }],
            ..Faults::default()
        });
        let sent = api.request(Method::GET, "/auth").send().await;
        match kind {
            BodyDamage::Lost => drop(sent.expect_err("cut")),
            BodyDamage::Cut => drop(sent.unwrap().text().await.expect_err("cut in the middle")),
            BodyDamage::Html => assert!(
                sent.unwrap()
                    .text()
                    .await
                    .unwrap()
                    .starts_with("<!DOCTYPE html>")
            ),
            BodyDamage::Stall | BodyDamage::Huge | BodyDamage::EndlessCursor => unreachable!(),
            BodyDamage::Truncated => {
                let text = sent.unwrap().text().await.unwrap();
                serde_json::from_str::<serde_json::Value>(&text).expect_err("half of it");
            }
        }
        api.get("/auth").await.expect(200);
    }
    sandbox.shutdown().await;
}

/// One damage to all answers.
fn damaging(kind: BodyDamage) -> Faults {
    Faults {
        bodies: vec![BodyFault {
            kind,
            count: 0,
            path: None,
            method: None,
        }],
        ..Faults::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_stall_or_do_not_end() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    api.project("one").await;
    sandbox.set_faults(damaging(BodyDamage::Stall));
    let mut stalled = api.request(Method::GET, "/auth").send().await.unwrap();
    assert_eq!(stalled.status(), 200);
    assert!(stalled.chunk().await.unwrap().is_some(), "half of it came");
    let more = tokio::time::timeout(Duration::from_millis(300), stalled.chunk()).await;
    assert!(more.is_err(), "{more:?}");

    sandbox.set_faults(damaging(BodyDamage::Huge));
    let mut huge = api.request(Method::GET, "/auth").send().await.unwrap();
    let mut size = 0;
    while let Some(part) = huge.chunk().await.unwrap() {
        size += part.len();
    }
    assert!(size > 256 << 20, "{size}");

    sandbox.set_faults(damaging(BodyDamage::EndlessCursor));
    let mut cursor = String::new();
    for _ in 0..3 {
        let path = format!("/projects?limit=7&cursor={cursor}");
        let page = api.get(&path).await.expect(200);
        assert_eq!(page.body["projects"].as_array().unwrap().len(), 7);
        let next = page.text("/pagination/cursor");
        assert_ne!(next, cursor);
        cursor = next;
    }
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_redirected_or_answered_with_a_page() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let faults = json!({"errors": [
        {"status": 307, "count": 1, "location": "http://127.0.0.1:9/login"},
        {"status": 403, "count": 1, "page": true},
        {"status": 200, "count": 1, "page": true},
    ]});
    api.post("/sandbox/faults", faults).await.expect(200);
    let client = reqwest::Client::builder().redirect(Policy::none()).build();
    let client = client.unwrap();
    for (status, place, text) in [
        (307, "http://127.0.0.1:9/login", "request_id"),
        (403, "", "<!DOCTYPE html>"),
        (200, "", "<!DOCTYPE html>"),
    ] {
        let answer = client.post(format!("{}/projects", sandbox.api_host()));
        let answer = answer.json(&json!({"project": {}})).send().await.unwrap();
        assert_eq!(answer.status(), status);
        let location = answer.headers().get(header::LOCATION);
        assert_eq!(location.map_or("", |value| value.to_str().unwrap()), place);
        assert!(answer.text().await.unwrap().contains(text));
    }
    let none = api.get("/projects").await.expect(200);
    assert_eq!(none.body["projects"], json!([]), "nothing was carried out");
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn computes_present_bad_certificates() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api.project("certified").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    connect(&uri, sandbox.ca_file()).await.unwrap();
    for (certificate, what) in [
        (ComputeCertificate::Expired, "expired"),
        (ComputeCertificate::NotYetValid, "not valid yet"),
        (ComputeCertificate::WrongName, "another-host.invalid"),
        (ComputeCertificate::Untrusted, "BadSignature"),
    ] {
        sandbox.set_faults(Faults {
            certificate,
            ..Faults::default()
        });
        let refused = connect(&uri, sandbox.ca_file()).await.unwrap_err();
        assert!(refused.to_string().contains(what), "{refused}");
        // who does not verify is let in, channel binding and all
        let unverified: sqlx::postgres::PgConnectOptions = uri.parse().unwrap();
        sqlx::ConnectOptions::connect(&unverified).await.unwrap();
    }
    sandbox.set_faults(Faults::default());
    connect(&uri, sandbox.ca_file()).await.unwrap();
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn database_connections_are_refused_stalled_or_cut() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api.project("faulty").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    let switch = |database| {
        sandbox.set_faults(Faults {
            database,
            ..Faults::default()
        });
    };
    switch(DatabaseFault::Refuse);
    until(async || {
        let error = connect(&uri, sandbox.ca_file()).await.err()?;
        matches!(&error, sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused)
            .then_some(())
    })
    .await;
    switch(DatabaseFault::Stall);
    let port = url::Url::parse(&uri).unwrap().port().unwrap();
    until(async || {
        tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .ok()
    })
    .await;
    let stalled =
        tokio::time::timeout(Duration::from_millis(300), connect(&uri, sandbox.ca_file())).await;
    assert!(stalled.is_err(), "it answered");
    switch(DatabaseFault::Cut);
    // A driver asks something as part of connecting, or just after: either may fail, but not the login.
    let outcome = match connect(&uri, sandbox.ca_file()).await {
        Ok(mut open) => sqlx::query("SELECT 1").execute(&mut open).await.map(drop),
        Err(error) => Err(error),
    };
    assert!(!matches!(
        outcome.expect_err("cut"),
        sqlx::Error::Database(_)
    ));
    switch(DatabaseFault::Normal);
    until(async || connect(&uri, sandbox.ca_file()).await.ok()).await;
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_fail_and_computes_never_wake() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    sandbox.set_faults(Faults {
        failed_operations: 1,
        ..Faults::default()
    });
    let created = api
        .post("/projects", json!({"project": {"name": "failed"}}))
        .await
        .expect(201);
    let project = created.text("/project/id");
    let operation = |at: usize| {
        let id = created.text(&format!("/operations/{at}/id"));
        format!("/projects/{project}/operations/{id}")
    };
    let failed = api.operation(&operation(0)).await;
    assert_eq!(failed.text("/operation/status"), "failed");
    assert!(!failed.text("/operation/error").is_empty());
    assert_eq!(
        api.operation(&operation(1)).await.text("/operation/status"),
        "cancelled"
    );

    sandbox.set_faults(Faults {
        never_wakes: true,
        ..Faults::default()
    });
    let created = api
        .post("/projects", json!({"project": {"name": "asleep"}}))
        .await
        .expect(201);
    let path = format!(
        "/projects/{}/operations/{}",
        created.text("/project/id"),
        created.text("/operations/1/id")
    );
    until(async || {
        let operation = api.get(&path).await.expect(200);
        (operation.text("/operation/status") == "running").then_some(())
    })
    .await;
    sandbox.set_faults(Faults::default());
    assert_eq!(
        api.operation(&path).await.text("/operation/status"),
        "finished"
    );
    sandbox.shutdown().await;
}
