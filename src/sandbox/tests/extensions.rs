//! The Postgres is what it says: its version, and the extensions that schemas begin with.

use serde_json::json;

use super::support::{Api, ask, connect, run, sqlstate, start};

#[tokio::test(flavor = "multi_thread")]
async fn version_is_the_servers_and_others_are_refused() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api.project("default").await;
    let told = created.body["project"]["pg_version"].as_u64().unwrap();
    let uri = created.text("/connection_uris/0/connection_uri");
    let mut connection = connect(&uri, sandbox.ca_file()).await.unwrap();
    let served = ask(&mut connection, "show server_version_num").await;
    assert_eq!(served.parse::<u64>().unwrap() / 10_000, told);
    for version in 14..=18 {
        let wanted = json!({"project": {"pg_version": version}});
        let answer = api.post("/projects", wanted).await;
        if version == told {
            answer.expect(201);
            continue;
        }
        let said = answer.expect(400).text("/message");
        let words = format!("project.pg_version: unsupported version {version}");
        assert!(said.contains(&words), "{said}");
    }
    sandbox.shutdown().await;
}

/// Only the bundled Postgres is known to have them all.
fn is_bundled() -> bool {
    crate::sandbox::bundled::is_there() && std::env::var_os("NEONUP_PG_BIN").is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn owner_creates_the_extensions_that_schemas_begin_with() {
    if !is_bundled() {
        return;
    }
    let sandbox = start().await;
    let created = Api::of(&sandbox).project("extended").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    let mut connection = connect(&uri, sandbox.ca_file()).await.unwrap();
    for extension in ["uuid-ossp", "pgcrypto", "vector"] {
        let create = format!("create extension if not exists \"{extension}\"");
        sqlx::raw_sql(sqlx::AssertSqlSafe(create))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    // known answers: Python's `uuid.uuid3` and `uuid5`, of texts on both sides of a block of SHA-1
    for (question, answer) in [
        (
            "select uuid_generate_v3(uuid_ns_dns(), 'www.example.com')::text",
            "5df41881-3aed-3515-88a7-2f4a814cf09e",
        ),
        (
            "select uuid_generate_v5(uuid_ns_dns(), 'www.example.com')::text",
            "2ed6657d-e927-568b-95e1-2665a8aea6a2",
        ),
        (
            "select md5(string_agg(uuid_generate_v5(uuid_ns_url(), repeat('ü', g))::text, '' order by g)) from generate_series(0, 100) g",
            "603b9ed41782cb1cbcbc9fa9d6334c7f",
        ),
        (
            "select string_agg(distinct substring(u::text from 15 for 1), '') from (select uuid_generate_v1() u \
             union all select uuid_generate_v1mc() from generate_series(1, 100)) s",
            "1",
        ),
        (
            "select count(distinct u)::text from (select uuid_generate_v1() u from generate_series(1, 1000)) s",
            "1000",
        ),
        (
            "select substring(uuid_generate_v4()::text from 15 for 1)",
            "4",
        ),
        (
            "select uuid_nil()::text",
            "00000000-0000-0000-0000-000000000000",
        ),
        (
            "select encode(digest('abc', 'sha1'), 'hex')",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
        ),
        (
            "select (crypt('a', h) = h)::text from (select crypt('a', gen_salt('bf', 4)) h) s",
            "true",
        ),
        (
            "select ('[1,2,3]'::vector <-> '[1,2,5]'::vector)::text",
            "2",
        ),
    ] {
        assert_eq!(ask(&mut connection, question).await, answer, "{question}");
    }
    run(&mut connection, "create table t (id uuid primary key default uuid_generate_v4(), at vector(3)); insert into t (at) values ('[1,2,3]')").await;
    // what is not there says so
    let absent = sqlx::raw_sql("create extension postgis")
        .execute(&mut connection)
        .await
        .unwrap_err();
    assert_eq!(sqlstate(&absent), "0A000");
    assert!(
        absent
            .to_string()
            .contains("extension \"postgis\" is not available")
    );
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn citext_answers_as_the_real_module() {
    if !is_bundled() {
        return;
    }
    let sandbox = start().await;
    let created = Api::of(&sandbox).project("caseless").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    let mut connection = connect(&uri, sandbox.ca_file()).await.unwrap();
    run(&mut connection, "create extension citext").await;
    // what PostgreSQL 15 with its own module answers
    for (question, answer) in [
        ("select ('Ann@x' = 'ANN@X'::citext)::text", "true"),
        ("select ('Ann@x'::citext = 'ANN@X'::text)::text", "false"),
        ("select ('ANN'::citext like 'a_n')::text", "true"),
        ("select citext_cmp('a', 'B')::text", "-1"),
        (
            "select (citext_hash('ABC') = citext_hash('abc'))::text",
            "true",
        ),
        (
            "select replace('a.B.a.b'::citext, '.b'::citext, '-'::citext)",
            "a-.a-",
        ),
        (
            "select regexp_replace('fooBAR'::citext, 'Bar'::citext, 'x')",
            "foox",
        ),
        ("select split_part('1.2.3'::citext, '.'::citext, 2)", "2"),
        (
            "select string_agg(e::text, ' ' order by e) from unnest('{b,A,c}'::citext[]) e",
            "A b c",
        ),
        (
            "select max(e)::text from unnest('{b,A,C}'::citext[]) e",
            "C",
        ),
        (
            "select count(distinct e)::text from unnest('{a,A,b}'::citext[]) e",
            "2",
        ),
    ] {
        assert_eq!(ask(&mut connection, question).await, answer, "{question}");
    }
    run(
        &mut connection,
        "create table member (mail citext unique); insert into member values ('Ann@x'), ('bob@x')",
    )
    .await;
    let twice = sqlx::raw_sql("insert into member values ('ANN@X')")
        .execute(&mut connection)
        .await
        .unwrap_err();
    assert_eq!(sqlstate(&twice), "23505");
    run(&mut connection, "set enable_seqscan = off").await;
    let plan = ask(
        &mut connection,
        "explain (costs off) select * from member where mail = 'BOB@X'",
    );
    assert_eq!(
        plan.await,
        "Index Only Scan using member_mail_key on member"
    );
    sandbox.shutdown().await;
}
