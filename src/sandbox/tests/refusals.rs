//! What the sandbox has not is refused, and so is what Neon's API would not read.

use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Api, ApiAnswer, start};

async fn call(api: &Api, method: Method, path: &str, body: Option<Value>) -> ApiAnswer {
    let mut request = api.request(method, path);
    if let Some(body) = body {
        request = request.json(&body);
    }
    api.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_would_do_nothing_are_refused() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api.project("set").await;
    let project = format!("/projects/{}", created.text("/project/id"));
    let endpoint = format!("{project}/endpoints/{}", created.text("/endpoints/0/id"));
    for (settings, what) in [
        (
            json!({"allowed_ips": {"ips": ["192.0.2.1"]}}),
            "IP Allow is",
        ),
        (
            json!({"enable_logical_replication": true}),
            "logical replication is",
        ),
        (
            json!({"block_public_connections": true}),
            "private networking is",
        ),
        (
            json!({"block_vpc_connections": true}),
            "private networking is",
        ),
        (json!({"hipaa": true}), "HIPAA compliance is"),
        (json!({"quota": {"written_data_bytes": 1}}), "quotas are"),
        (
            json!({"preload_libraries": {"use_defaults": true}}),
            "preloaded libraries are",
        ),
    ] {
        let words = format!("{what} not available in the sandbox");
        let new = json!({"project": {"settings": settings}});
        for (method, path) in [(Method::POST, "/projects"), (Method::PATCH, &*project)] {
            let answer = call(&api, method, path, Some(new.clone())).await;
            assert_eq!(answer.expect(422).text("/message"), words);
        }
    }
    for (settings, what) in [
        (
            json!({"pg_settings": {"work_mem": "1GB"}}),
            "custom Postgres settings are",
        ),
        (
            json!({"pgbouncer_settings": {"default_pool_size": "1"}}),
            "PgBouncer is",
        ),
    ] {
        let words = format!("{what} not available in the sandbox");
        for (path, body) in [
            (
                &project,
                json!({"project": {"default_endpoint_settings": settings}}),
            ),
            (&endpoint, json!({"endpoint": {"settings": settings}})),
        ] {
            let answer = call(&api, Method::PATCH, path, Some(body)).await;
            assert_eq!(answer.expect(422).text("/message"), words, "{path}");
        }
    }
    let branches = format!("{project}/branches");
    let archived = |value: bool| Some(json!({"branch": {"archived": value}}));
    let answer = call(&api, Method::POST, &branches, archived(true)).await;
    let words = "archived branches are not available in the sandbox";
    assert_eq!(answer.expect(422).text("/message"), words);
    let answer = call(&api, Method::POST, &branches, archived(false)).await;
    answer.expect(201);
    // what is as it is anyway is no claim
    let as_it_is = json!({"project": {"settings": {
        "allowed_ips": {"ips": [], "protected_branches_only": true}, "enable_logical_replication": false, "hipaa": false,
        "maintenance_window": {"weekdays": [1, 7], "start_time": "00:00", "end_time": "23:59"},
    }}});
    let changed = call(&api, Method::PATCH, &project, Some(as_it_is)).await;
    let settings = &changed.expect(200).body["project"]["settings"];
    assert_eq!(settings["maintenance_window"]["weekdays"], json!([1, 7]));
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_another_form_are_refused() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api.project("formed").await;
    let project = format!("/projects/{}", created.text("/project/id"));
    let branch = format!("{project}/branches/{}", created.text("/branch/id"));
    for (method, path, body) in [
        (Method::POST, "/projects", json!([])),
        (Method::POST, "/projects", json!({"project": []})),
        (
            Method::POST,
            "/projects",
            json!({"project": {"name": null}}),
        ),
        (
            Method::POST,
            "/projects",
            json!({"project": {"branch": ["main"]}}),
        ),
        (
            Method::PATCH,
            &project,
            json!({"project": {"settings": "none"}}),
        ),
        (
            Method::PATCH,
            &project,
            json!({"project": {"settings": {"hipaa": null}}}),
        ),
        (
            Method::PATCH,
            &project,
            json!({"project": {"settings": {"maintenance_window": {"weekdays": [8], "start_time": "00:00", "end_time": "01:00"}}}}),
        ),
        (
            Method::PATCH,
            &project,
            json!({"project": {"default_endpoint_settings": {"autoscaling_limit_min_cu": 2, "autoscaling_limit_max_cu": 1}}}),
        ),
        (Method::PATCH, &branch, json!({"branch": [null, null]})),
        (
            Method::POST,
            &format!("{project}/branches"),
            json!({"endpoints": [["read_write"]]}),
        ),
        (
            Method::POST,
            &format!("{project}/branches"),
            json!({"annotation_value": {"a": 1}}),
        ),
        (
            Method::POST,
            &format!("{branch}/roles"),
            json!({"role": {"name": "r", "no_login": null}}),
        ),
        (
            Method::POST,
            &format!("{project}/permissions"),
            json!({"email": "nobody"}),
        ),
        (
            Method::POST,
            &format!("{branch}/credentials"),
            json!({"name": "n", "scopes": "all"}),
        ),
        (Method::POST, "/api_keys", json!(["name"])),
    ] {
        let answer = call(&api, method, path, Some(body.clone())).await;
        let said = answer.expect(400).text("/message");
        assert!(said.starts_with("invalid request: "), "{body}: {said}");
    }
    let query = format!("{project}/branches?sort_order=upwards");
    call(&api, Method::GET, &query, None).await.expect(400);
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_are_not_here_are_told() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api.project("served").await;
    let project = format!("/projects/{}", created.text("/project/id"));
    let branch = format!("{project}/branches/{}", created.text("/branch/id"));
    for (method, path, status, what) in [
        (Method::GET, format!("{branch}/auth"), 404, "Neon Auth is"),
        (Method::POST, format!("{branch}/auth"), 422, "Neon Auth is"),
        (
            Method::GET,
            format!("{branch}/auth/domains"),
            404,
            "Neon Auth is",
        ),
        (
            Method::POST,
            "/projects/auth/create".to_owned(),
            422,
            "Neon Auth is",
        ),
        (
            Method::GET,
            format!("{branch}/data-api/neondb"),
            404,
            "the Data API is",
        ),
        (
            Method::POST,
            format!("{branch}/data-api/neondb"),
            422,
            "the Data API is",
        ),
        (
            Method::POST,
            format!("{branch}/buckets"),
            422,
            "storage buckets are",
        ),
        (
            Method::GET,
            format!("{branch}/functions/f"),
            422,
            "functions are",
        ),
        (
            Method::GET,
            format!("{branch}/triggers"),
            422,
            "triggers are",
        ),
        (
            Method::POST,
            format!("{branch}/logs/query"),
            422,
            "logs are",
        ),
        (
            Method::GET,
            format!("{branch}/backup_schedule"),
            422,
            "snapshots are",
        ),
        (
            Method::DELETE,
            format!("{project}/snapshots/snap-1"),
            422,
            "snapshots are",
        ),
        (
            Method::GET,
            format!("{project}/vpc_endpoints"),
            422,
            "private networking is",
        ),
        (
            Method::POST,
            format!("{project}/recover"),
            422,
            "recovery of deleted projects is",
        ),
    ] {
        let answer = call(&api, method, &path, None).await;
        let said = answer.expect(status).text("/message");
        assert_eq!(
            said,
            format!("{what} not available in the sandbox"),
            "{path}"
        );
    }
    let other = call(&api, Method::POST, "/projects/none-of-ours-1/recover", None);
    assert_eq!(
        other.await.expect(404).text("/message"),
        "project not found"
    );
    sandbox.shutdown().await;
}
