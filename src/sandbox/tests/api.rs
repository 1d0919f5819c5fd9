//! The API's contract: paging, errors, keys, ids.

use crate::sandbox::Faults;
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Api, start, until};

fn ids(list: &Value) -> Vec<String> {
    let all = list.as_array().unwrap();
    all.iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_new_projects_and_branches_have_neons_length() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let long = "n".repeat(257);
    for project in [
        json!({"name": ""}),
        json!({"name": long}),
        json!({"branch": {"name": ""}}),
        json!({"branch": {"name": long}}),
    ] {
        let refused = api.post("/projects", json!({"project": project})).await;
        let message = refused.expect(400).text("/message");
        assert!(message.contains("must be 1 to 256"), "{message}");
    }
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn create_returns_everything_before_the_database_is_ready() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api
        .post(
            "/projects",
            json!({"project": {"name": "all", "branch": {}}}),
        )
        .await
        .expect(201);
    for (pointer, wanted) in [
        ("/project/name", "all"),
        ("/project/region_id", "aws-us-east-2"),
        ("/branch/name", "main"),
        ("/branch/current_state", "init"),
        ("/branch/pending_state", "ready"),
        ("/endpoints/0/current_state", "init"),
        ("/endpoints/0/pending_state", "active"),
        ("/endpoints/0/type", "read_write"),
        ("/roles/0/name", "neondb_owner"),
        ("/databases/0/name", "neondb"),
        ("/operations/0/action", "create_timeline"),
        ("/operations/0/status", "running"),
        ("/operations/1/action", "start_compute"),
        ("/operations/1/status", "scheduling"),
    ] {
        assert_eq!(created.text(pointer), wanted, "{pointer}");
    }
    assert!(created.headers.contains_key("x-neon-ret-request-id"));
    let project = created.text("/project/id");
    let busy = api
        .post(
            &format!("/projects/{project}/branches"),
            json!({"branch": {"name": "too soon"}}),
        )
        .await;
    // Unless the machine was quicker than we are.
    if busy.status != 201 {
        let busy = busy.expect(423);
        assert!(
            busy.text("/message")
                .contains("already has running conflicting operations")
        );
    }
    api.finish(&project, &created.body).await;
    let branch = api
        .get(&format!(
            "/projects/{project}/branches/{}",
            created.text("/branch/id")
        ))
        .await
        .expect(200);
    assert_eq!(branch.text("/branch/current_state"), "ready");
    let operations = api
        .get(&format!("/projects/{project}/operations"))
        .await
        .expect(200);
    assert!(operations.body["operations"].as_array().unwrap().len() >= 2);
    api.delete(&format!("/projects/{project}"))
        .await
        .expect(200);
    api.get(&format!("/projects/{project}")).await.expect(404);
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_page_with_neons_quirks() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let none = api.get("/projects").await.expect(200);
    assert!(
        none.body.get("pagination").is_none(),
        "an empty list has none: {:#}",
        none.body
    );
    let mut made = Vec::new();
    for name in ["one", "two", "three"] {
        made.push(api.project(name).await.text("/project/id"));
    }
    made.sort();
    let first = api.get("/projects?limit=2").await.expect(200);
    let cursor = first.text("/pagination/cursor");
    let last = api
        .get(&format!("/projects?limit=2&cursor={cursor}"))
        .await
        .expect(200);
    let mut seen = ids(&first.body["projects"]);
    seen.extend(ids(&last.body["projects"]));
    assert_eq!(seen, made);
    // A cursor even on the last page; after it nothing.
    let end = format!(
        "/projects?limit=2&cursor={}",
        last.text("/pagination/cursor")
    );
    let end = api.get(&end).await.expect(200);
    assert_eq!(ids(&end.body["projects"]).len(), 0);
    assert!(end.body.get("pagination").is_none());
    let found = api.get("/projects?search=thre").await.expect(200);
    assert_eq!(found.text("/projects/0/name"), "three");
    api.get("/projects?limit=401").await.expect(400);

    let branches = format!("/projects/{}/branches", made[0]);
    let first = api.get(&branches).await.expect(200);
    assert_eq!(ids(&first.body["branches"]).len(), 1);
    let next = first.text("/pagination/next");
    let end = api
        .send(
            api.request(Method::GET, &branches)
                .query(&[("cursor", next)]),
        )
        .await
        .expect(200);
    assert_eq!(ids(&end.body["branches"]).len(), 0);
    assert!(end.body["pagination"].get("next").is_none());

    let operations = format!("/projects/{}/operations", made[0]);
    let first = api.get(&format!("{operations}?limit=1")).await.expect(200);
    let cursor = first.text("/pagination/cursor");
    let second = api
        .get(&format!("{operations}?limit=1&cursor={cursor}"))
        .await
        .expect(200);
    assert_ne!(
        ids(&first.body["operations"]),
        ids(&second.body["operations"])
    );

    sandbox.set_faults(Faults {
        unavailable_projects: vec![made[1].clone()],
        ..Faults::default()
    });
    let partial = api.get("/projects").await.expect(200);
    assert_eq!(partial.body["unavailable_project_ids"], json!([made[1]]));
    assert_eq!(ids(&partial.body["projects"]).len(), 2);
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_neons_status_code_message_and_request_id() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api.project("errors").await;
    let project = created.text("/project/id");

    let request = api
        .request(Method::GET, "/projects/no-such-1")
        .header("X-Request-ID", "mine-1");
    let missing = api.send(request).await.expect(404);
    assert_eq!(missing.text("/request_id"), "mine-1");
    assert_eq!(missing.text("/code"), "");
    let rejected = api.with_key("napi_wrong").get("/auth").await.expect(401);
    assert_eq!(
        rejected.text("/message"),
        "supplied credentials do not pass authentication"
    );

    let path = format!("/projects/{project}/branches");
    let taken = api
        .post(&path, json!({"branch": {"name": "main"}}))
        .await
        .expect(409);
    assert_eq!(taken.text("/code"), "BRANCH_ALREADY_EXISTS");
    assert_eq!(
        taken.text("/message"),
        "branch already exists; branch_name:\"main\""
    );
    let malformed = api
        .post("/projects", json!({"name": "x"}))
        .await
        .expect(400);
    assert_eq!(
        malformed.text("/message"),
        "invalid request: decode application/json: invalid: project (field required)"
    );
    let uri = format!("/projects/{project}/connection_uri?role_name=neondb_owner");
    api.get(&uri).await.expect(400);
    api.get("/nowhere").await.expect(404);
    api.send(api.request(Method::PUT, "/projects"))
        .await
        .expect(405);

    sandbox.set_faults(Faults {
        projects_limit: Some(1),
        ..Faults::default()
    });
    let full = api
        .post("/projects", json!({"project": {}}))
        .await
        .expect(422);
    assert_eq!(full.text("/code"), "PROJECTS_LIMIT_EXCEEDED");
    assert_eq!(
        full.text("/message"),
        "user projects limit of 1 exceeded, got 1"
    );
    sandbox.set_faults(Faults {
        organization_required: true,
        ..Faults::default()
    });
    let unnamed = api
        .post("/projects", json!({"project": {}}))
        .await
        .expect(400);
    assert!(unnamed.text("/message").starts_with("org_id is required"));
    let organizations = api.get("/users/me/organizations").await.expect(200);
    let org = organizations.text("/organizations/0/id");
    api.get(&format!("/projects?org_id={org}"))
        .await
        .expect(200);
    api.get("/projects").await.expect(400);

    // No compute: nothing to connect to, and nothing for `connection_uri`.
    sandbox.set_faults(Faults::default());
    let bare = api
        .post(&path, json!({"branch": {"name": "bare"}}))
        .await
        .expect(201);
    assert!(bare.body.get("connection_uris").is_none());
    api.finish(&project, &bare.body).await;
    let uri = format!(
        "/projects/{project}/connection_uri?role_name=neondb_owner&database_name=neondb&branch_id={}",
        bare.text("/branch/id")
    );
    api.get(&uri).await.expect(404);
    let main = format!("{path}/{}", created.text("/branch/id"));
    api.delete(&main).await.expect(422);
    let gone = api
        .delete(&format!("{path}/{}", bare.text("/branch/id")))
        .await
        .expect(200);
    api.finish(&project, &gone.body).await;
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_that_are_not_stored_are_not_revealed() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api
        .post("/projects", json!({"project": {"store_passwords": false}}))
        .await
        .expect(201);
    let project = created.text("/project/id");
    api.finish(&project, &created.body).await;
    let role = format!(
        "/projects/{project}/branches/{}/roles/neondb_owner",
        created.text("/branch/id")
    );
    api.get(&format!("{role}/reveal_password"))
        .await
        .expect(412);
    api.get(&format!("{role}x/reveal_password"))
        .await
        .expect(404);
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_key_is_allowed_what_neon_allows_it() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let auth = api.get("/auth").await.expect(200);
    assert_eq!(auth.text("/auth_method"), "api_key_user");
    api.get("/users/me").await.expect(200);
    let organizations = api.get("/users/me/organizations").await.expect(200);
    let org = organizations.text("/organizations/0/id");
    let mine = api.project("mine").await.text("/project/id");
    let other = api.project("other").await.text("/project/id");

    let keys = format!("/organizations/{org}/api_keys");
    let key = api
        .post(&keys, json!({"key_name": "org"}))
        .await
        .expect(200);
    let organization = api.with_key(&key.text("/key"));
    let auth = organization.get("/auth").await.expect(200);
    assert_eq!(auth.text("/auth_method"), "api_key_org");
    assert_eq!(auth.text("/account_id"), org);
    let refused = organization.get("/users/me").await.expect(404);
    assert!(
        refused
            .text("/message")
            .contains("not allowed for organization API keys")
    );
    assert_eq!(
        ids(&organization.get("/projects").await.expect(200).body["projects"]).len(),
        2
    );
    organization
        .post(&keys, json!({"key_name": "no"}))
        .await
        .expect(404);

    let key = api
        .post(&keys, json!({"key_name": "one", "project_id": mine}))
        .await
        .expect(200);
    assert_eq!(key.text("/project_id"), mine);
    let scoped = api.with_key(&key.text("/key"));
    scoped.get("/auth").await.expect(200);
    scoped
        .get(&format!("/projects/{mine}/branches"))
        .await
        .expect(200);
    for refused in [
        scoped.get("/projects").await,
        scoped.get(&format!("/projects/{other}")).await,
        scoped.post("/projects", json!({"project": {}})).await,
    ] {
        let text = refused.expect(404).text("/message");
        assert!(
            text.ends_with(&format!("subject_project_id:\"{mine}\"")),
            "{text}"
        );
    }
    scoped
        .delete(&format!("/projects/{mine}"))
        .await
        .expect(403);

    let key = api
        .post("/api_keys", json!({"key_name": "second"}))
        .await
        .expect(200);
    let id = key.body["id"].as_i64().unwrap();
    let second = api.with_key(&key.text("/key"));
    second.get("/auth").await.expect(200);
    let revoked = api.delete(&format!("/api_keys/{id}")).await.expect(200);
    assert_eq!(revoked.body["revoked"], true);
    second.get("/auth").await.expect(401);
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sandbox_identifies_itself_and_lists_its_requests() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let about = api.get("/sandbox").await.expect(200);
    assert_eq!(about.body["sandbox"], true);
    let pem = std::fs::read_to_string(about.text("/ca_file")).unwrap();
    assert_eq!(about.text("/ca_pem"), pem);
    api.get("/projects?limit=3").await.expect(200);
    let log = until(async || {
        let log = api.get("/sandbox/requests").await.expect(200);
        (!log.body["requests"].as_array().unwrap().is_empty()).then_some(log)
    })
    .await;
    let [request] = log.body["requests"].as_array().unwrap().as_slice() else {
        panic!("{log:?}");
    };
    assert_eq!(request["method"], "GET");
    assert_eq!(request["path"], "/api/v2/projects?limit=3");
    assert_eq!(request["status"], 200);
    assert!(request["began_us"].as_u64().unwrap() <= request["ended_us"].as_u64().unwrap());
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn added_projects_are_listed_in_pages_and_can_get_computes() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let crowd = json!({"count": 950, "name": "crowd"});
    api.post("/sandbox/projects", crowd).await.expect(200);
    let (mut seen, mut cursor) = (std::collections::BTreeSet::new(), String::new());
    loop {
        let page = api
            .get(&format!("/projects?limit=400&cursor={cursor}"))
            .await
            .expect(200);
        let page_ids = ids(&page.body["projects"]);
        let full = page_ids.len() == 400;
        seen.extend(page_ids);
        if !full {
            break;
        }
        cursor = page.text("/pagination/cursor");
    }
    assert_eq!(seen.len(), 950);
    let project = seen.first().unwrap();
    let branches = api
        .get(&format!("/projects/{project}/branches"))
        .await
        .expect(200);
    let branch = branches.text("/branches/0/id");
    let body = json!({"endpoint": {"branch_id": branch, "type": "read_write"}});
    let endpoint = api
        .post(&format!("/projects/{project}/endpoints"), body)
        .await
        .expect(201);
    api.finish(project, &endpoint.body).await;
    let uri =
        format!("/projects/{project}/connection_uri?role_name=neondb_owner&database_name=neondb");
    let uri = api.get(&uri).await.expect(200).text("/uri");
    super::support::connect(&uri, sandbox.ca_file())
        .await
        .unwrap();
    sandbox.shutdown().await;
}
