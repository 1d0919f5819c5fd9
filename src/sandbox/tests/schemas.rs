//! Every answer has the fields that Neon's OpenAPI document requires, each in its form; what is optional has its form where
//! it is there.

use std::collections::BTreeSet;

use serde_json::json;

use super::{
    fields::{SchemaVerdict, faults, fields},
    support::{Api, ApiAnswer, start},
};

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_fields_of_neons_document() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let mut verdict = SchemaVerdict::default();
    let mut judge = |method: &str, path: &str, answer: &ApiAnswer| {
        verdict.judge(method, path, answer.status.as_u16(), &answer.body);
        let signed = answer.headers.contains_key("x-neon-ret-request-id");
        assert_eq!(signed, answer.status.is_success(), "{path}");
    };
    for path in ["/auth", "/users/me"] {
        judge("GET", path, &api.get(path).await.expect(200));
    }
    let key = api
        .post("/api_keys", json!({"key_name": "schemas"}))
        .await
        .expect(200);
    judge("POST", "/api_keys", &key);
    judge("GET", "/api_keys", &api.get("/api_keys").await.expect(200));
    let path = format!("/api_keys/{}", key.body["id"]);
    judge("DELETE", &path, &api.delete(&path).await.expect(200));
    let organizations = api.get("/users/me/organizations").await.expect(200);
    let path = format!(
        "/organizations/{}",
        organizations.text("/organizations/0/id")
    );
    judge("GET", &path, &api.get(&path).await.expect(200));
    judge(
        "GET",
        "/projects/none",
        &api.get("/projects/none").await.expect(404),
    );

    let mut answers = vec![organizations, api.get("/regions").await.expect(200)];
    let created = api.project("schemas").await;
    let project = format!("/projects/{}", created.text("/project/id"));
    let main = format!("{project}/branches/{}", created.text("/branch/id"));
    answers.push(created);
    answers.push(api.get("/projects").await.expect(200));
    let id = project.trim_start_matches("/projects/").to_owned();
    let dev = json!({"branch": {"name": "dev"}, "endpoints": [{"type": "read_write"}]});
    for (path, body) in [
        (format!("{project}/branches"), dev),
        (format!("{main}/roles"), json!({"role": {"name": "reader"}})),
        (
            format!("{main}/databases"),
            json!({"database": {"name": "shop", "owner_name": "neondb_owner"}}),
        ),
    ] {
        let made = api.post(&path, body).await.expect(201);
        api.finish(&id, &made.body).await;
        answers.push(made);
    }
    let reset = format!("{main}/roles/neondb_owner/reset_password");
    let reset = api.post(&reset, json!({})).await.expect(200);
    api.finish(&id, &reset.body).await;
    answers.push(reset);
    let share = json!({"email": "ada@example.org"});
    let shared = api.post(&format!("{project}/permissions"), share).await;
    assert!(shared.status.is_success(), "{shared:?}");
    for path in [
        project.clone(),
        format!("{project}/branches"),
        format!("{project}/endpoints"),
        format!("{project}/operations"),
        format!("{project}/permissions"),
        main.clone(),
        format!("{main}/endpoints"),
        format!("{main}/roles"),
        format!("{main}/roles/reader"),
        format!("{main}/databases"),
        format!("{main}/databases/shop"),
    ] {
        answers.push(api.get(&path).await.expect(200));
    }
    answers.push(api.delete(&project).await.expect(200));
    for answer in &answers {
        judge("", "", answer);
    }
    assert!(verdict.wrong.is_empty(), "{:#?}", verdict.wrong);
    let all: BTreeSet<_> = fields().iter().map(|field| field.schema).collect();
    assert_eq!(
        verdict.seen, all,
        "a schema that no answer was checked against"
    );
    sandbox.shutdown().await;
}

#[test]
fn schema_check_notices_wrong_answers() {
    let fields = fields();
    let role = json!({"branch_id": "br-a-b-1", "name": "owner", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"});
    assert!(faults(&fields, "Role", &role).is_empty());
    for (name, value) in [
        ("branch_id", json!("BR A")),
        ("created_at", json!("yesterday")),
        ("name", json!(7)),
        ("protected", json!("no")),
    ] {
        let mut spoilt = role.clone();
        spoilt[name] = value;
        assert_eq!(faults(&fields, "Role", &spoilt).len(), 1, "{name}");
        spoilt.as_object_mut().unwrap().remove("updated_at");
        assert_eq!(faults(&fields, "Role", &spoilt).len(), 2, "{name}");
    }
}
