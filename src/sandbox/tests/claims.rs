//! Temporary databases: real ones, nobody's, kept over a restart, gone in their time, and an account's after the claim.

use crate::sandbox::{Sandbox, SandboxOptions};
use crate::testing::folders::temp_dir;
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Api, ApiAnswer, ask, connect, run, start_with};

fn claimable() -> SandboxOptions {
    SandboxOptions {
        claimable: true,
        ..SandboxOptions::default()
    }
}

/// The service's API of a sandbox; it asks for no key.
fn service(sandbox: &Sandbox) -> Api {
    Api::new(&sandbox.claim_host(), "")
}

async fn create(service: &Api) -> ApiAnswer {
    let body = json!({"ref": "test", "enable_logical_replication": false});
    service.post("/api/v1/database", body).await.expect(200)
}

async fn look(service: &Api, id: &str) -> ApiAnswer {
    service.get(&format!("/api/v1/database/{id}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn claim_service_refuses_with_its_own_messages() {
    let sandbox = start_with(claimable()).await;
    let service = service(&sandbox);
    let path = "/api/v1/database";
    let missing = service.post(path, json!({})).await.expect(400);
    assert_eq!(missing.text("/message"), "Missing referrer");
    let empty = service.post(path, json!({"ref": ""})).await.expect(400);
    assert_eq!(empty.text("/message"), "Missing referrer");
    let broken = service.request(Method::POST, path).body("{");
    let broken = broken.header("content-type", "application/json");
    let broken = service.send(broken).await.expect(500);
    assert_eq!(broken.text("/message"), "Failed to create the database.");
    let unknown = look(&service, "0b0c").await.expect(400);
    assert_eq!(unknown.text("/message"), "Database not found");
    // it misbehaves like the rest
    let api = Api::of(&sandbox);
    let faults = json!({"errors": [{"status": 500, "count": 1, "path": "/database"}]});
    api.post("/sandbox/faults", faults).await.expect(200);
    service.post(path, json!({"ref": "test"})).await.expect(500);
    let log = api.get("/sandbox/requests").await.expect(200);
    assert!(
        log.body.to_string().contains("\"/api/v1/database\""),
        "{log:?}"
    );
    sandbox.shutdown().await;
}

/// What `neon-new` 0.14 sends: an id of its own, the referrer in the query.
#[tokio::test(flavor = "multi_thread")]
async fn client_may_choose_the_id() {
    let sandbox = start_with(claimable()).await;
    let service = service(&sandbox);
    let id = "0b0c0000-1111-4222-8333-444455556666";
    let path = format!("/api/v1/database/{id}");
    let create = async |path: &str| {
        let body = json!({"enable_logical_replication": false});
        service.post(path, body).await
    };
    let missing = create(&path).await.expect(400);
    assert_eq!(missing.text("/message"), "Missing referrer");
    let misshapen = create("/api/v1/database/0b0c?referrer=x").await;
    misshapen.expect(400);
    let referred = format!("{path}?referrer=npm%3Aneon-new%7Cnpm%3Aneon-new%2Fcli");
    let made = create(&referred).await.expect(200);
    assert_eq!(made.text("/id"), id);
    // nobody reads a database by asking for its id once more
    let again = create(&referred).await.expect(500);
    assert_eq!(again.text("/message"), "Failed to create the database.");
    let found = service.get(&path).await.expect(200);
    assert_eq!(found.text("/status"), "UNCLAIMED");
    // the client removes `-pooler` for the address of the compute
    let pooled = found.text("/connection_string");
    let direct = pooled.replacen("-pooler", "", 1);
    assert!(pooled.contains("-pooler") && !direct.contains("pooler"));
    for uri in [pooled, direct] {
        let mut database = connect(&uri, sandbox.ca_file()).await.unwrap();
        assert_eq!(
            ask(&mut database, "SELECT current_user").await,
            "neondb_owner"
        );
    }
    // its claim link
    let page = service.get(&format!("/database/{id}")).await.expect(200);
    assert!(page.body.to_string().contains("Nobody owns"), "{page:?}");
    service
        .post(&format!("/database/{id}"), json!({}))
        .await
        .expect(200);
    let claimed = service.get(&path).await.expect(200);
    assert_eq!(claimed.text("/status"), "CLAIMED");
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn temporary_database_works_and_stays_hidden_until_claimed() {
    let dir = temp_dir();
    let options = || SandboxOptions {
        dir: Some(dir.path().to_owned()),
        ..claimable()
    };
    let sandbox = start_with(options()).await;
    let made = create(&service(&sandbox)).await;
    assert_eq!(made.text("/status"), "UNCLAIMED");
    let (id, uri) = (made.text("/id"), made.text("/connection_string"));
    let project = format!("/projects/{}", made.text("/neon_project_id"));
    let mut database = connect(&uri, sandbox.ca_file()).await.unwrap();
    run(
        &mut database,
        "CREATE TABLE note AS SELECT 'still here' AS text",
    )
    .await;
    drop(database);
    let api = Api::of(&sandbox);
    api.get(&project).await.expect(404);
    let list = api.get("/projects").await.expect(200);
    assert_eq!(list.body["projects"], json!([]));
    sandbox.shutdown().await;

    let sandbox = start_with(options()).await;
    let (service, api) = (service(&sandbox), Api::of(&sandbox));
    assert_eq!(
        look(&service, &id)
            .await
            .expect(200)
            .text("/connection_string"),
        uri
    );
    let page = service.get(&format!("/claim/{id}")).await.expect(200);
    assert!(page.body.to_string().contains("Nobody owns"), "{page:?}");
    api.get(&project).await.expect(404);
    service
        .post(&format!("/claim/{id}"), json!({}))
        .await
        .expect(200);
    let claimed = look(&service, &id).await.expect(200);
    assert_eq!(claimed.text("/status"), "CLAIMED");
    assert_eq!(claimed.body["connection_string"], Value::Null);
    // the account has it, with its data and a new password
    let owned = api.get(&project).await.expect(200);
    assert!(
        owned.text("/project/org_id").starts_with("org-"),
        "{owned:?}"
    );
    assert!(
        connect(&uri, sandbox.ca_file()).await.is_err(),
        "the old password is dead"
    );
    let query = "connection_uri?database_name=neondb&role_name=neondb_owner";
    let now = api.get(&format!("{project}/{query}")).await.expect(200);
    let mut database = connect(&now.text("/uri"), sandbox.ca_file()).await.unwrap();
    assert_eq!(
        ask(&mut database, "SELECT text FROM note").await,
        "still here"
    );
    // a second claim changes nothing
    service
        .post(&format!("/claim/{id}"), json!({}))
        .await
        .expect(200);
    let again = api.get(&format!("{project}/{query}")).await.expect(200);
    assert_eq!(again.text("/uri"), now.text("/uri"));
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_temporary_database_is_removed_without_a_request() {
    let sandbox = start_with(claimable()).await;
    let (service, api) = (service(&sandbox), Api::of(&sandbox));
    let made = create(&service).await;
    let id = made.text("/id");
    let path = format!("/sandbox/databases/{id}");
    let change = |change: Value| api.post(&path, change);
    change(json!({"status": "CLAIMING"})).await.expect(200);
    let claiming = look(&service, &id).await.expect(200);
    assert_eq!(claiming.text("/status"), "CLAIMING");
    assert_eq!(claiming.body["connection_string"], Value::Null);
    change(json!({"unknown": 1})).await.expect(400);
    change(json!({"status": "UNCLAIMED", "expires_in": -1}))
        .await
        .expect(200);
    look(&service, &id).await.expect(400);
    service.get(&format!("/claim/{id}")).await.expect(404);
    assert!(
        connect(&made.text("/connection_string"), sandbox.ca_file())
            .await
            .is_err()
    );
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anonymous_identity_reaches_only_its_own_project() {
    let sandbox = start_with(claimable()).await;
    let service = service(&sandbox);
    let anonymous =
        json!({"type": "anonymous", "capabilities": ["postgres", "auth"], "source": "test"});
    let identity = "/v1/agent/identity";
    let refused = service
        .post(identity, json!({"type": "human"}))
        .await
        .expect(400);
    assert_eq!(refused.text("/error/code"), "invalid_request");
    let made = service.post(identity, anonymous.clone()).await.expect(200);
    assert_eq!(made.body["capabilities"][0]["granted"], true);
    assert_eq!(made.body["capabilities"][1]["granted"], false);
    let other = service
        .post(identity, anonymous)
        .await
        .expect(200)
        .text("/project/id");
    let exchange = |grant: &str, assertion: &str| {
        let form = format!("grant_type={grant}&assertion={assertion}");
        service.request(Method::POST, "/v1/oauth2/token").body(form)
    };
    let jwt = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    for (grant, assertion, code) in [
        ("password", "x", "unsupported_grant_type"),
        (jwt, "x", "invalid_grant"),
    ] {
        let refused = service.send(exchange(grant, assertion)).await.expect(400);
        assert_eq!(refused.text("/error/code"), code);
    }
    let assertion = made.text("/identity_assertion");
    let token = service.send(exchange(jwt, &assertion)).await.expect(200);
    let holder = service.with_key(&token.text("/access_token"));
    let project = made.text("/project/id");
    let own = format!("/v1/projects/{project}");
    let credentials = holder.get(&format!("{own}/credentials")).await.expect(200);
    connect(&credentials.text("/database_url"), sandbox.ca_file())
        .await
        .unwrap();
    holder.get(&own).await.expect(200);
    holder.get(&format!("{own}/branches")).await.expect(200);
    // not another project, not the account's API, no password, no branch
    holder
        .get(&format!("/v1/projects/{other}"))
        .await
        .expect(404);
    holder
        .get(&format!("/v1/projects/{other}/credentials"))
        .await
        .expect(404);
    service.get(&format!("{own}/credentials")).await.expect(401);
    holder
        .get(&format!("/api/v2/projects/{project}"))
        .await
        .expect(401);
    holder
        .post(&format!("{own}/branches"), json!({}))
        .await
        .expect(405);
    let branch = made.text("/project/branch_id");
    let reset = format!("{own}/branches/{branch}/roles/neondb_owner/reset_password");
    holder.post(&reset, json!({})).await.expect(404);
    holder.delete(&own).await.expect(200);
    holder.get(&format!("{own}/credentials")).await.expect(401);
    sandbox.shutdown().await;
}
