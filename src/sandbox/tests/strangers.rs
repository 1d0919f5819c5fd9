//! Who the API answers: not a page in a browser, not another user without a key, and nobody without bounds.

use std::{process::Command, time::Duration};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::sandbox::{
    Sandbox, SandboxOptions, ids,
    records::{BranchRecord, BranchRef, DatabaseRecord, RoleRecord},
    wire,
};
use crate::testing::requirements::PATIENCE;

use super::{
    raw,
    support::{Api, start, start_with},
};

fn root(sandbox: &Sandbox) -> Api {
    Api::new(&sandbox.claim_host(), sandbox.api_key().expose())
}

/// A route of each kind, with a body that would change something.
fn routes() -> Vec<(Method, &'static str, Value)> {
    let project = json!({"project": {"name": "theirs"}});
    vec![
        (Method::GET, "/sandbox", Value::Null),
        (Method::GET, "/sandbox/requests", Value::Null),
        (Method::POST, "/sandbox/faults", json!({"latency_ms": 700})),
        (
            Method::POST,
            "/sandbox/projects",
            json!({"name": "theirs", "count": 3}),
        ),
        (Method::GET, "/api/v2/projects", Value::Null),
        (Method::POST, "/api/v2/projects", project.clone()),
        (Method::OPTIONS, "/api/v2/projects", Value::Null),
        (Method::DELETE, "/api/v2/projects/x", Value::Null),
        (Method::POST, "/api/v1/database", json!({"ref": "x"})),
        (
            Method::POST,
            "/v1/agent/identity",
            json!({"type": "anonymous"}),
        ),
        (Method::POST, "/v1/oauth2/token", project),
        (Method::GET, "/claim/x", Value::Null),
        (Method::POST, "/claim/x", Value::Null),
        (Method::GET, "/nowhere", Value::Null),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_and_rebound_names_get_no_answer() {
    let sandbox = start().await;
    let api = root(&sandbox);
    let port = url::Url::parse(&sandbox.api_host())
        .unwrap()
        .port()
        .unwrap();
    let foreign = [
        ("origin", "https://page.example".to_owned()),
        ("origin", "null".to_owned()),
        ("origin", format!("http://localhost.page.example:{port}")),
        ("origin", format!("https://localhost:{port}")),
        ("origin", "http://localhost:1".to_owned()),
        ("origin", String::new()),
        ("sec-fetch-site", "cross-site".to_owned()),
        ("sec-fetch-site", "same-site".to_owned()),
        ("host", format!("page.example:{port}")),
        ("host", format!("localhost.page.example:{port}")),
        ("host", "localhost".to_owned()),
        ("host", "127.0.0.1:1".to_owned()),
    ];
    for (method, path, body) in routes() {
        for (name, value) in &foreign {
            let request = api.request(method.clone(), path).json(&body);
            let answer = api.send(request.header(*name, value)).await;
            let what = format!("{method} {path} with {name}: {value}");
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}");
            let shared = answer
                .headers
                .keys()
                .any(|name| name.as_str().starts_with("access-control"));
            assert!(!shared, "{what}: {:?}", answer.headers);
        }
    }
    let faults = api.get("/sandbox/faults").await.expect(200);
    assert_eq!(faults.body["latency_ms"], 0);
    let projects = api.get("/api/v2/projects").await.expect(200);
    assert_eq!(projects.body["projects"], json!([]));
    // the claim page's own form, and a person who follows its link
    let own = format!("http://127.0.0.1:{port}");
    for (name, value) in [
        ("origin", own.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "none"),
    ] {
        let request = api.request(Method::GET, "/sandbox").header(name, value);
        let answer = api.send(request).await.expect(200);
        assert_eq!(answer.headers["x-frame-options"], "DENY");
    }
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn body_of_another_type_or_beyond_the_bounds_is_refused() {
    let sandbox = start().await;
    let api = root(&sandbox);
    let text = json!({"latency_ms": 700}).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "",
    ] {
        let request = api
            .request(Method::POST, "/sandbox/faults")
            .body(text.clone());
        let request = if kind.is_empty() {
            request
        } else {
            request.header("content-type", kind)
        };
        let refused = api.send(request).await.expect(415);
        assert!(
            refused.text("/message").contains("application/json"),
            "{kind}"
        );
    }
    let long = api.request(Method::POST, "/api/v2/projects");
    let long = long
        .header("content-type", "application/json")
        .body("x".repeat((1 << 20) + 1));
    let refused = api.send(long).await.expect(413);
    assert!(refused.text("/message").contains("1048576"), "{refused:?}");
    let many = api
        .request(Method::GET, "/sandbox")
        .header("x-long", "x".repeat(33 << 10));
    let refused = api.send(many).await.expect(431);
    assert!(refused.text("/message").contains("32768"), "{refused:?}");
    let utf8 = api.request(Method::POST, "/sandbox/faults");
    let utf8 = utf8
        .header("content-type", "Application/JSON; charset=utf-8")
        .body("{}");
    api.send(utf8).await.expect(200);
    let crowd = json!({"name": "crowd", "count": 20_001});
    let refused = api.post("/sandbox/projects", crowd).await.expect(422);
    assert_eq!(refused.text("/code"), "PROJECTS_LIMIT_EXCEEDED");
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_without_a_key_are_made_at_a_limited_rate() {
    let sandbox = start().await;
    let api = Api::new(&sandbox.claim_host(), "");
    // each fails at once, and counts
    let fail = json!({"failed_operations": 100});
    api.post("/sandbox/faults", fail).await.expect(200);
    for _ in 0..10 {
        api.post("/api/v1/database", json!({"ref": "x"}))
            .await
            .expect(500);
    }
    let refused = api
        .post("/api/v1/database", json!({"ref": "x"}))
        .await
        .expect(429);
    assert!(
        refused.text("/message").contains("rate limit"),
        "{refused:?}"
    );
    assert_eq!(refused.headers["retry-after"], "60");
    let identity = json!({"type": "anonymous", "capabilities": []});
    let refused = api.post("/v1/agent/identity", identity).await.expect(429);
    assert_eq!(refused.text("/error/code"), "rate_limited");
    sandbox.shutdown().await;
}

/// The status of a request by another user of this machine; `None` where we cannot be one.
async fn status_for_another_user(sandbox: &Sandbox, path: &str, key: &str) -> Option<u16> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can be another user");
        return None;
    }
    let port = url::Url::parse(&sandbox.api_host())
        .unwrap()
        .port()
        .unwrap();
    let request = format!(
        "POST {path} HTTP/1.0\\r\\nHost: 127.0.0.1:{port}\\r\\nAuthorization: Bearer {key}\\r\\n\
         Content-Type: application/json\\r\\nContent-Length: 11\\r\\n\\r\\n{{\"ref\":\"x\"}}"
    );
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; printf '{request}' >&3; head -1 <&3");
    let mut bash = Command::new("bash");
    std::os::unix::process::CommandExt::uid(&mut bash, 65534);
    bash.args(["-c", &script]);
    let output = tokio::task::spawn_blocking(move || bash.output())
        .await
        .unwrap();
    let Ok(output) = output else {
        eprintln!("skipped: bash is not on the PATH");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let status = said
        .split_whitespace()
        .nth(1)
        .and_then(|status| status.parse().ok());
    Some(status.unwrap_or_else(|| panic!("{said} {output:?}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_gets_nothing_without_a_key_unless_it_is_asked_for() {
    let sandbox = start().await;
    let paths = [
        "/api/v1/database",
        "/v1/agent/identity",
        "/claim/x",
        "/sandbox/faults",
    ];
    for path in paths {
        let Some(status) = status_for_another_user(&sandbox, path, "").await else {
            return;
        };
        assert_eq!(status, 403, "{path}");
    }
    let key = sandbox.api_key().expose().to_owned();
    let with_key = status_for_another_user(&sandbox, "/api/v1/database", &key).await;
    assert_eq!(with_key, Some(200));
    sandbox.shutdown().await;
    let sandbox = start_with(SandboxOptions {
        claimable: true,
        ..SandboxOptions::default()
    })
    .await;
    let open = status_for_another_user(&sandbox, "/api/v1/database", "").await;
    assert_eq!(open, Some(200));
    let switch = status_for_another_user(&sandbox, "/sandbox/faults", "").await;
    assert_eq!(switch, Some(403));
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_at_once_is_bounded() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api.project("only").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    // computes: no place is left
    sandbox.plane.running.forget_permits(1000);
    let second = json!({"project": {"name": "second"}});
    let second = api.post("/projects", second).await.expect(201);
    let path = format!(
        "/projects/{}/operations/{}",
        second.text("/project/id"),
        second.text("/operations/1/id")
    );
    let failed = api.operation(&path).await;
    assert_eq!(failed.text("/operation/status"), "failed");
    let said = failed.body.to_string();
    assert!(
        said.contains("active endpoints limit of 200 exceeded"),
        "{said}"
    );
    // logins: the next is told what Postgres would say
    let mut waiting = Vec::new();
    for _ in 0..150 {
        let mut client = raw::plain(&uri).await;
        let request = wire::untyped(&wire::SSL_REQUEST.to_be_bytes());
        client.write_all(&request).await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), b'S');
        waiting.push(client);
    }
    let told = raw::rest(raw::plain(&uri).await).await;
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(
        told.contains("53300") && told.contains("too many clients"),
        "{told}"
    );
    drop(waiting);
    // connections to the API
    let at = sandbox
        .claim_host()
        .trim_start_matches("http://")
        .to_owned();
    let mut open = Vec::new();
    let told = loop {
        assert!(open.len() < 300, "no end to connections");
        let mut client = TcpStream::connect(&at).await.unwrap();
        let mut told = String::new();
        let read = client.read_to_string(&mut told);
        match tokio::time::timeout(Duration::from_millis(20), read).await {
            Ok(Ok(_)) => break told,
            Ok(Err(error)) => panic!("{error}"),
            Err(_waits_for_us) => open.push(client),
        }
    };
    assert!(told.starts_with("HTTP/1.1 503"), "{told}");
    drop(open);
    let again = tokio::time::timeout(PATIENCE, async {
        while api.request(Method::GET, "/sandbox").send().await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    again.await.unwrap();
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_made_is_bounded() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api.project("full").await;
    let project = created.text("/project/id");
    let branch = BranchRef::new(&project, &created.text("/branch/id"));
    let base = format!("/projects/{project}");
    let on_branch = format!("{base}/branches/{}", branch.branch);
    let store = &sandbox.plane.store;
    store.edit_branch(&branch, |branch| {
        for number in 0..500 {
            branch
                .roles
                .push(RoleRecord::new(format!("role{number}"), false));
            let name = format!("database{number}");
            branch.databases.push(DatabaseRecord::new(
                number + 2,
                name,
                "neondb_owner".to_owned(),
            ));
        }
    });
    store.edit(&project, |project| {
        for number in 0..100 {
            project
                .branches
                .push(BranchRecord::new(format!("branch{number}")));
        }
    });
    for _ in 0..500 {
        let waits = sandbox.plane.spawn(std::future::pending());
        sandbox.plane.add_front(&ids::uuid(), waits);
    }
    let email = json!({"email": "colleague@example.org"});
    for number in 0..500 {
        if number > 0 {
            let key = json!({"key_name": format!("key{number}")});
            api.post("/api_keys", key).await.expect(200);
        }
        api.post(&format!("{base}/permissions"), email.clone())
            .await
            .expect(200);
    }
    let endpoint = json!({"endpoint": {"branch_id": branch.branch, "type": "read_only"}});
    let named = json!({"name": "more", "owner_name": "neondb_owner"});
    for (path, body, code, words) in [
        (
            "/api_keys".to_owned(),
            json!({"key_name": "more"}),
            "",
            "API keys limit of 500",
        ),
        (
            format!("{base}/permissions"),
            email,
            "",
            "permissions limit of 500",
        ),
        (
            format!("{base}/branches"),
            json!({}),
            "BRANCHES_LIMIT_EXCEEDED",
            "branches limit of 100",
        ),
        (
            format!("{base}/endpoints"),
            endpoint,
            "ENDPOINTS_LIMIT_EXCEEDED",
            "endpoints limit of 500",
        ),
        (
            format!("{on_branch}/roles"),
            json!({"role": named}),
            "ROLES_LIMIT_EXCEEDED",
            "roles limit of 500",
        ),
        (
            format!("{on_branch}/databases"),
            json!({"database": named}),
            "DATABASES_LIMIT_EXCEEDED",
            "databases limit of 500",
        ),
    ] {
        let refused = api.post(&path, body).await.expect(422);
        assert_eq!(refused.text("/code"), code, "{path}");
        assert!(refused.text("/message").contains(words), "{refused:?}");
    }
    sandbox.shutdown().await;
}
