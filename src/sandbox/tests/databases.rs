//! What connects to a database of the sandbox, and what it finds there.

use std::{process::Command, time::Duration};

use crate::sandbox::{Faults, SandboxOptions};
use serde_json::{Value, json};

use super::support::{Api, ask, connect, run, sqlstate, start, start_with, until, with_password};

#[tokio::test(flavor = "multi_thread")]
async fn created_project_accepts_its_owner_and_refuses_others() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api.project("first").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    assert!(uri.starts_with("postgresql://neondb_owner:npg_"), "{uri}");
    assert!(
        uri.ends_with("/neondb?sslmode=require&channel_binding=require"),
        "{uri}"
    );
    let mut database = connect(&uri, sandbox.ca_file()).await.unwrap();
    let who = "SELECT current_user || '@' || current_database() || ' ' || rolsuper FROM pg_roles WHERE rolname = current_user";
    assert_eq!(ask(&mut database, who).await, "neondb_owner@neondb false");
    run(
        &mut database,
        "CREATE TABLE note (id int PRIMARY KEY); INSERT INTO note VALUES (1)",
    )
    .await;

    let refused = connect(&with_password(&uri, "npg_wrong"), sandbox.ca_file())
        .await
        .unwrap_err();
    assert_eq!(sqlstate(&refused), "28P01");
    let ghost = uri.replace("neondb_owner", "ghost");
    assert_eq!(
        sqlstate(&connect(&ghost, sandbox.ca_file()).await.unwrap_err()),
        "28P01"
    );
    let superuser = uri.replace("neondb_owner", "cloud_admin");
    assert_eq!(
        sqlstate(&connect(&superuser, sandbox.ca_file()).await.unwrap_err()),
        "28P01"
    );
    let nowhere = uri.replace("/neondb?", "/nowhere?");
    assert_eq!(
        sqlstate(&connect(&nowhere, sandbox.ca_file()).await.unwrap_err()),
        "3D000"
    );
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_text_connection_is_refused_with_neons_message() {
    let sandbox = start().await;
    let created = Api::of(&sandbox).project("plain").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    let plain: sqlx::postgres::PgConnectOptions = uri.parse().unwrap();
    let plain = plain.ssl_mode(sqlx::postgres::PgSslMode::Disable);
    let refused = <sqlx::PgConnection as sqlx::Connection>::connect_with(&plain)
        .await
        .map(drop)
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("connection is insecure (try using `sslmode=require`)"),
        "{refused}"
    );
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn psql_connects_with_channel_binding_required() {
    let sandbox = start().await;
    let created = Api::of(&sandbox).project("psql").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    let full = uri.replace("sslmode=require", "sslmode=verify-full");
    let hint = format!(
        "{uri}&options=endpoint%3D{}",
        created.text("/endpoints/0/id")
    );
    for (uri, root) in [
        (&uri, None),
        (&full, Some(sandbox.ca_file())),
        (&hint, None),
    ] {
        let mut psql = Command::new("psql");
        psql.args([uri.as_str(), "-XAtc", "SELECT 6 * 7"])
            .env_remove("PGOPTIONS");
        if let Some(root) = root {
            psql.env("PGSSLROOTCERT", root);
        }
        let output = tokio::task::spawn_blocking(move || psql.output())
            .await
            .unwrap();
        let Ok(output) = output else {
            assert!(
                std::env::var_os("NEONUP_TEST_REQUIRE_ALL").is_none(),
                "psql is not on the PATH"
            );
            eprintln!("skipped: psql is not on the PATH");
            break;
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim(),
            "42",
            "{said}"
        );
    }
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reset_password_works_once_its_operation_has_finished() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api.project("rotate").await;
    let old = created.text("/connection_uris/0/connection_uri");
    let project = created.text("/project/id");
    let mut open = connect(&old, sandbox.ca_file()).await.unwrap();
    // Slow enough to look at what holds while the operation runs.
    sandbox.set_faults(Faults {
        operation_ms: 1500,
        ..Faults::default()
    });
    let role = format!(
        "/projects/{project}/branches/{}/roles/neondb_owner",
        created.text("/branch/id")
    );
    let reset = api
        .post(&format!("{role}/reset_password"), json!({}))
        .await
        .expect(200);
    let new = with_password(&old, &reset.text("/role/password"));
    connect(&old, sandbox.ca_file())
        .await
        .expect("the old password is valid until the operation ends");
    assert_eq!(
        sqlstate(&connect(&new, sandbox.ca_file()).await.unwrap_err()),
        "28P01"
    );
    assert_eq!(ask(&mut open, "SELECT 'open'").await, "open");
    api.post(&format!("{role}/reset_password"), json!({}))
        .await
        .expect(423);

    api.finish(&project, &reset.body).await;
    assert_eq!(
        sqlstate(&connect(&old, sandbox.ca_file()).await.unwrap_err()),
        "28P01"
    );
    connect(&new, sandbox.ca_file()).await.unwrap();
    sqlx::query("SELECT 1")
        .execute(&mut open)
        .await
        .expect_err("open connections are dropped");
    let revealed = api
        .get(&format!("{role}/reveal_password"))
        .await
        .expect(200);
    assert_eq!(revealed.text("/password"), reset.text("/role/password"));
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn branch_starts_with_its_parents_data_and_then_diverges() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api.project("branches").await;
    let project = created.text("/project/id");
    let mut main = connect(
        &created.text("/connection_uris/0/connection_uri"),
        sandbox.ca_file(),
    )
    .await
    .unwrap();
    run(
        &mut main,
        "CREATE TABLE note (text text); INSERT INTO note VALUES ('before')",
    )
    .await;

    // From a parent that is awake and in use, then from one that sleeps.
    let path = format!("/projects/{project}/branches");
    for (name, asleep) in [("awake", false), ("asleep", true)] {
        if asleep {
            let endpoint = created.text("/endpoints/0/id");
            let path = format!("/projects/{project}/endpoints/{endpoint}/suspend");
            let suspended = api.post(&path, json!({})).await.expect(200);
            api.finish(&project, &suspended.body).await;
        }
        let body = json!({"branch": {"name": name}, "endpoints": [{"type": "read_write"}]});
        let branch = api.post(&path, body).await.expect(201);
        if !asleep {
            run(&mut main, "INSERT INTO note VALUES ('after')").await;
        }
        api.finish(&project, &branch.body).await;
        let uri = branch.text("/connection_uris/0/connection_uri");
        let mut copy = connect(&uri, sandbox.ca_file()).await.unwrap();
        let all = "SELECT string_agg(text, ',') FROM note";
        assert_eq!(
            ask(&mut copy, all).await,
            if asleep { "before,after" } else { "before" }
        );
        run(&mut copy, "INSERT INTO note VALUES ('only here')").await;
    }
    let mut main = connect(
        &created.text("/connection_uris/0/connection_uri"),
        sandbox.ca_file(),
    )
    .await
    .unwrap();
    assert_eq!(
        ask(&mut main, "SELECT string_agg(text, ',') FROM note").await,
        "before,after"
    );
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_compute_sleeps_until_the_next_connection() {
    let sandbox = start_with(SandboxOptions {
        idle: Duration::from_millis(200),
        ..SandboxOptions::default()
    })
    .await;
    let api = Api::of(&sandbox);
    let created = api.project("idle").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    let endpoint = format!(
        "/projects/{}/endpoints/{}",
        created.text("/project/id"),
        created.text("/endpoints/0/id")
    );
    let state = async |wanted: &str| {
        let answer = api.get(&endpoint).await;
        (answer.text("/endpoint/current_state") == wanted).then_some(())
    };
    let mut database = connect(&uri, sandbox.ca_file()).await.unwrap();
    run(&mut database, "CREATE TABLE kept (id int)").await;
    // Used longer than the limit: it must not sleep.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(ask(&mut database, "SELECT 'awake'").await, "awake");
    drop(database);
    until(async || state("idle").await).await;
    let mut database = connect(&uri, sandbox.ca_file()).await.unwrap();
    assert_eq!(
        ask(&mut database, "SELECT count(*)::text FROM kept").await,
        "0"
    );
    until(async || state("active").await).await;
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_databases_are_created_renamed_and_deleted() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let body = json!({"project": {"name": "named", "branch": {"database_name": "app", "role_name": "boss"}}});
    let created = api.post("/projects", body).await.expect(201);
    let project = created.text("/project/id");
    api.finish(&project, &created.body).await;
    let uri = created.text("/connection_uris/0/connection_uri");
    let mut database = connect(&uri, sandbox.ca_file()).await.unwrap();
    assert_eq!(
        ask(
            &mut database,
            "SELECT current_user || '@' || current_database()"
        )
        .await,
        "boss@app"
    );
    let others = "SELECT count(*)::text FROM pg_database WHERE datname = 'neondb'";
    assert_eq!(ask(&mut database, others).await, "0");

    let branch = format!(
        "/projects/{project}/branches/{}",
        created.text("/branch/id")
    );
    let role = api
        .post(
            &format!("{branch}/roles"),
            json!({"role": {"name": "reader"}}),
        )
        .await
        .expect(201);
    api.finish(&project, &role.body).await;
    api.post(
        &format!("{branch}/roles"),
        json!({"role": {"name": "reader"}}),
    )
    .await
    .expect(409);
    let body = json!({"database": {"name": "second", "owner_name": "reader"}});
    let second = api
        .post(&format!("{branch}/databases"), body)
        .await
        .expect(201);
    api.finish(&project, &second.body).await;
    let path = format!(
        "/projects/{project}/connection_uri?database_name=second&role_name=reader&pooled=true"
    );
    let pooled = api.get(&path).await.expect(200).text("/uri");
    let mut database = connect(&pooled, sandbox.ca_file()).await.unwrap();
    run(&mut database, "CREATE TABLE mine (id int)").await;

    api.delete(&format!("{branch}/roles/reader"))
        .await
        .expect(422);
    let renamed = api
        .patch(
            &format!("{branch}/databases/second"),
            json!({"database": {"name": "third", "owner_name": "boss"}}),
        )
        .await
        .expect(200);
    api.finish(&project, &renamed.body).await;
    let gone = api
        .delete(&format!("{branch}/roles/reader"))
        .await
        .expect(200);
    api.finish(&project, &gone.body).await;
    assert_eq!(
        sqlstate(&connect(&pooled, sandbox.ca_file()).await.unwrap_err()),
        "28P01"
    );
    let gone = api
        .delete(&format!("{branch}/databases/third"))
        .await
        .expect(200);
    api.finish(&project, &gone.body).await;
    let nowhere = uri.replace("/app?", "/third?");
    assert_eq!(
        sqlstate(&connect(&nowhere, sandbox.ca_file()).await.unwrap_err()),
        "3D000"
    );
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn branch_is_reset_to_its_parent() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api.project("reset").await;
    let (project, main) = (created.text("/project/id"), created.text("/branch/id"));
    let uri = created.text("/connection_uris/0/connection_uri");
    let mut there = connect(&uri, sandbox.ca_file()).await.unwrap();
    run(
        &mut there,
        "create table t (id int); insert into t values (1)",
    )
    .await;
    let branches = format!("/projects/{project}/branches");
    let wanted = json!({"branch": {"name": "dev"}, "endpoints": [{"type": "read_write"}]});
    let dev = api.post(&branches, wanted).await.expect(201);
    api.finish(&project, &dev.body).await;
    let dev_uri = dev.text("/connection_uris/0/connection_uri");
    let mut here = connect(&dev_uri, sandbox.ca_file()).await.unwrap();
    run(&mut here, "drop table t; create table mine (id int)").await;
    run(&mut there, "insert into t values (2)").await;
    let restore = |branch: &str| format!("{branches}/{branch}/restore");
    let dev = dev.text("/branch/id");
    let reset = api
        .post(&restore(&dev), json!({"source_branch_id": main}))
        .await
        .expect(200);
    assert_eq!(reset.text("/branch/id"), dev);
    api.finish(&project, &reset.body).await;
    // the same URI leads to what the parent has now
    let mut here = connect(&dev_uri, sandbox.ca_file()).await.unwrap();
    assert_eq!(ask(&mut here, "select count(*)::text from t").await, "2");
    let mine = "select coalesce(to_regclass('mine')::text, 'gone')";
    assert_eq!(ask(&mut here, mine).await, "gone");
    // what the sandbox cannot do is refused
    for (branch, body, status) in [
        (&main, json!({"source_branch_id": dev}), 422),
        (
            &dev,
            json!({"source_branch_id": "br-no-such-a1234567"}),
            404,
        ),
        (
            &dev,
            json!({"source_branch_id": main, "source_timestamp": "2026-01-01T00:00:00Z"}),
            422,
        ),
        (
            &dev,
            json!({"source_branch_id": main, "preserve_under_name": "old"}),
            422,
        ),
        (&dev, json!({}), 400),
    ] {
        api.post(&restore(branch), body).await.expect(status);
    }
    for (method, path) in [
        (
            reqwest::Method::GET,
            format!("{branches}/{dev}/schema?db_name=neondb"),
        ),
        (
            reqwest::Method::GET,
            format!("{branches}/{dev}/compare_schema"),
        ),
        (reqwest::Method::POST, format!("{branches}/{dev}/snapshot")),
        (
            reqwest::Method::GET,
            format!("/projects/{project}/snapshots"),
        ),
    ] {
        let answer = api.send(api.request(method, &path)).await.expect(422);
        let said = answer.text("/message");
        assert!(said.contains("not available in the sandbox"), "{said}");
    }
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_databases_made_with_sql_appear() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api.project("by-hand").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    let mut connection = connect(&uri, sandbox.ca_file()).await.unwrap();
    run(
        &mut connection,
        "create role app login password 'npg_xK3vQ9mT2wLb'",
    )
    .await;
    run(&mut connection, "create role readers").await;
    run(&mut connection, "grant app to neondb_owner").await;
    run(&mut connection, "create database other owner app").await;
    let branch = format!(
        "/projects/{}/branches/{}",
        created.text("/project/id"),
        created.text("/branch/id")
    );
    let names = |answer: &Value, list: &str, field: &str| -> Vec<String> {
        let list = answer[list].as_array().unwrap().iter();
        list.map(|one| one[field].as_str().unwrap().to_owned())
            .collect()
    };
    let roles = api.get(&format!("{branch}/roles")).await.expect(200).body;
    assert_eq!(
        names(&roles, "roles", "name"),
        ["neondb_owner", "app", "readers"]
    );
    assert_eq!(roles["roles"][2]["authentication_method"], "no_login");
    let path = format!("{branch}/databases");
    let databases = api.get(&path).await.expect(200).body;
    assert_eq!(names(&databases, "databases", "name"), ["neondb", "other"]);
    assert_eq!(
        names(&databases, "databases", "owner_name"),
        ["neondb_owner", "app"]
    );
    // its password is not known here until it is reset
    let app = format!("{branch}/roles/app");
    api.get(&format!("{app}/reveal_password")).await.expect(412);
    let reset = api
        .post(&format!("{app}/reset_password"), json!({}))
        .await
        .expect(200);
    api.finish(&created.text("/project/id"), &reset.body).await;
    api.get(&format!("{app}/reveal_password")).await.expect(200);
    run(&mut connection, "drop database other").await;
    run(&mut connection, "drop role readers").await;
    let databases = api.get(&path).await.expect(200).body;
    assert_eq!(names(&databases, "databases", "name"), ["neondb"]);
    let roles = api.get(&format!("{branch}/roles")).await.expect(200).body;
    assert_eq!(names(&roles, "roles", "name"), ["neondb_owner", "app"]);
    sandbox.shutdown().await;
}
