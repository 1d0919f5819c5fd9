//! What a client must not get: another role than the one that it proves, and whatever leads to a shell.

use std::{os::unix::fs::MetadataExt as _, time::Duration};

use serde_json::json;
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::io::AsyncWriteExt as _;

use crate::sandbox::{Sandbox, SandboxOptions, wire};
use crate::testing::folders::temp_dir;

use super::{
    raw::{self, RawClient, Refused},
    support::{Api, start, start_with, with_password},
};

/// A sandbox with a project, and the URI of its owner.
async fn target() -> (Sandbox, String) {
    let sandbox = start().await;
    let created = Api::of(&sandbox).project("target").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    (sandbox, uri)
}

const OWNER: (&str, &str) = ("user", "neondb_owner");
const DATABASE: (&str, &str) = ("database", "neondb");

async fn log_in(
    sandbox: &Sandbox,
    uri: &str,
    parameters: &[(&str, &str)],
) -> Result<RawClient, Refused> {
    let mut client = RawClient::connect(uri, sandbox).await;
    client.start_with(parameters).await.map(|()| client)
}

#[tokio::test(flavor = "multi_thread")]
async fn second_user_in_the_startup_packet_is_refused() {
    let (sandbox, uri) = target().await;
    let who = "SELECT session_user";
    let mut honest = log_in(&sandbox, &uri, &[OWNER, DATABASE]).await.unwrap();
    assert_eq!(honest.query(who).await.unwrap(), ["neondb_owner"]);
    for user in ["cloud_admin", "postgres", "neondb_owner"] {
        let other = ("user", user);
        for packet in [
            vec![OWNER, DATABASE, other],
            vec![OWNER, other, DATABASE],
            vec![other, OWNER, DATABASE],
            vec![OWNER, DATABASE, ("database", user)],
        ] {
            let refused = log_in(&sandbox, &uri, &packet).await.err().unwrap();
            assert_eq!(refused.0, "08P01", "{packet:?}: {refused:?}");
        }
        for (name, value) in [
            ("USER", user),
            ("options", "-c session_authorization=cloud_admin"),
            ("options", "-r /tmp/neonup-attack"),
            ("options", "--data-directory=/tmp"),
            ("replication", "database"),
        ] {
            let packet = [OWNER, DATABASE, (name, value)];
            let refused = log_in(&sandbox, &uri, &packet).await.err().unwrap();
            assert!(
                ["08P01", "0A000"].contains(&refused.0.as_str()),
                "{packet:?}: {refused:?}"
            );
        }
    }
    // what is not known goes no further
    for name in ["session_authorization", "user ", "channel_binding"] {
        let packet = [OWNER, DATABASE, (name, "cloud_admin")];
        let mut client = log_in(&sandbox, &uri, &packet).await.unwrap();
        assert_eq!(client.query(who).await.unwrap(), ["neondb_owner"], "{name}");
    }
    // a text behind the end of the list, and one that Postgres would cut to the name of the role
    for body in [
        b"user\0neondb_owner\0\0user\0cloud_admin\0\0".as_slice(),
        b"user\0neondb_owner\0database\0neondb",
        b"user\0cloud_admin\0user\0neondb_owner\0\0",
    ] {
        let mut client = RawClient::connect(&uri, &sandbox).await;
        assert_eq!(client.start(body).await.unwrap_err().0, "08P01");
    }
    let padded = format!("cloud_admin{}", " ".repeat(60));
    let refused = log_in(&sandbox, &uri, &[("user", &padded)]).await;
    assert_eq!(refused.err().unwrap().0, "42622");
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_out_of_turn_is_refused() {
    let (sandbox, uri) = target().await;
    // bytes between the request for TLS and its answer
    let request = wire::untyped(&wire::SSL_REQUEST.to_be_bytes());
    let mut early = raw::plain(&uri).await;
    early
        .write_all(&[request.as_slice(), b"Q\0\0\0\x0cSELECT 1\0"].concat())
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&raw::rest(early).await).into_owned();
    assert!(
        told.contains("unencrypted data after SSL request"),
        "{told}"
    );
    // a second request for encryption, before and within TLS
    let gss = wire::untyped(&wire::GSSENC_REQUEST.to_be_bytes());
    let mut twice = raw::plain(&uri).await;
    twice
        .write_all(&[gss.as_slice(), &gss].concat())
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&raw::rest(twice).await).into_owned();
    assert!(told.contains("connection is insecure"), "{told}");
    for again in [&request, &gss] {
        let mut client = RawClient::connect(&uri, &sandbox).await;
        client.send(again).await;
        let (kind, body) = client.message().await.unwrap();
        assert_eq!(kind, b'E', "{}", String::from_utf8_lossy(&body));
    }
    // lengths that are none
    for length in [-1_i32, i32::MIN, 0, 3, 20_000, i32::MAX] {
        let mut client = RawClient::connect(&uri, &sandbox).await;
        client.send(&length.to_be_bytes()).await;
        client.message().await.expect_err("the connection ends");
    }
    // a second start-up in a session isn't a message of the protocol
    let mut client = log_in(&sandbox, &uri, &[OWNER, DATABASE]).await.unwrap();
    let body = [
        wire::PROTOCOL_3.to_be_bytes().as_slice(),
        b"user\0cloud_admin\0\0",
    ]
    .concat();
    client.send(&wire::untyped(&body)).await;
    let answer = tokio::time::timeout(Duration::from_secs(30), client.message())
        .await
        .unwrap();
    assert!(!matches!(answer, Ok((b'R' | b'Z' | b'D', _))), "{answer:?}");
    sandbox.shutdown().await;
}

/// What leads to a shell or to the machine's files, or to a role that has it.
const ATTEMPTS: [&str; 62] = [
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "COPY loot FROM PROGRAM 'id'",
    "COPY loot FROM '/etc/passwd'",
    "COPY (SELECT 1) TO '/tmp/neonup-attack'",
    "DO $$ BEGIN COPY loot FROM PROGRAM 'id'; END $$",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT pg_read_binary_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT pg_stat_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(lo_from_bytea(0, 'x'), '/tmp/neonup-attack')",
    "SELECT * FROM pg_hba_file_rules",
    "SELECT * FROM pg_file_settings",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "SELECT pg_promote()",
    "ALTER SYSTEM SET archive_command = 'id'",
    "ALTER SYSTEM SET shared_preload_libraries = 'x'",
    "ALTER SYSTEM SET work_mem = '1MB'",
    "SET session_preload_libraries = 'x'",
    "SET dynamic_library_path = '/tmp'",
    "SET allow_system_table_mods = on",
    "SET log_statement = 'all'",
    "LOAD '/tmp/neonup-attack.so'",
    "CREATE EXTENSION file_fdw",
    "CREATE EXTENSION adminpack",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION postgres_fdw",
    "CREATE EXTENSION plpython3u",
    "CREATE EXTENSION plperlu",
    "CREATE LANGUAGE plpython3u",
    "CREATE FUNCTION shell(text) RETURNS int LANGUAGE c AS '/lib/x86_64-linux-gnu/libc.so.6', 'system'",
    "CREATE FUNCTION inner_shell(text) RETURNS int LANGUAGE internal AS 'pg_read_file'",
    "DO LANGUAGE plpython3u $$ import os $$",
    "CREATE FOREIGN DATA WRAPPER files",
    "CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION pg_catalog.int4in()",
    "CREATE TABLESPACE files LOCATION '/tmp'",
    "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 password=x' PUBLICATION p",
    "CREATE ROLE power SUPERUSER",
    "CREATE ROLE power IN ROLE pg_execute_server_program",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER ROLE cloud_admin PASSWORD 'known'",
    "ALTER ROLE cloud_admin SET search_path = loot",
    "ALTER ROLE ALL SET search_path = loot",
    "ALTER ROLE neon_superuser SUPERUSER",
    "GRANT pg_execute_server_program TO CURRENT_USER",
    "GRANT pg_read_server_files TO CURRENT_USER",
    "GRANT pg_write_server_files TO CURRENT_USER",
    "GRANT cloud_admin TO CURRENT_USER",
    "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO CURRENT_USER",
    "SET ROLE cloud_admin",
    "SET ROLE pg_execute_server_program",
    "SET SESSION AUTHORIZATION cloud_admin",
    "UPDATE pg_authid SET rolsuper = true",
    "INSERT INTO pg_auth_members SELECT * FROM pg_auth_members",
    "UPDATE pg_proc SET proowner = 10 WHERE proname = 'f'",
    "UPDATE pg_language SET lanpltrusted = true",
    "ALTER DATABASE postgres SET search_path = loot",
    "ALTER DATABASE template1 OWNER TO CURRENT_USER",
    "REASSIGN OWNED BY cloud_admin TO CURRENT_USER",
    "ALTER FUNCTION pg_catalog.pg_read_file(text) OWNER TO CURRENT_USER",
];

/// The errors that would say nothing: of a statement that is wrong in itself, or of no answer.
const MISTAKES: [&str; 5] = ["", "42601", "42P01", "42703", "42883"];

async fn expect_no_way_out(client: &mut RawClient, who: &str) {
    client
        .query("CREATE TEMP TABLE loot (line text)")
        .await
        .unwrap();
    for attempt in ATTEMPTS {
        let answer = client.query(attempt).await;
        // (a row-less answer of an update is one that did something)
        let refused = answer.expect_err(&format!("{who}: {attempt}"));
        let (state, text) = &refused;
        assert!(
            !MISTAKES.contains(&state.as_str()),
            "{who}: {attempt}: {state} {text}"
        );
    }
    let over = "SELECT rolname FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER') AND (rolsuper OR rolname IN \
                ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))";
    assert_eq!(
        client.query(over).await.unwrap(),
        Vec::<String>::new(),
        "{who}"
    );
    let languages = "SELECT lanname FROM pg_language WHERE NOT lanpltrusted AND lanname NOT IN ('internal', 'c')";
    assert_eq!(
        client.query(languages).await.unwrap(),
        Vec::<String>::new(),
        "{who}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_role_that_is_handed_out_gets_a_shell_or_a_file() {
    let sandbox = start().await;
    let api = Api::of(&sandbox);
    let created = api.project("target").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    let project = created.text("/project/id");
    let branch = format!(
        "/projects/{project}/branches/{}",
        created.text("/branch/id")
    );
    let mut owner = log_in(&sandbox, &uri, &[OWNER, DATABASE]).await.unwrap();
    expect_no_way_out(&mut owner, "the owner").await;

    let role = json!({"role": {"name": "second"}});
    let made = api.post(&format!("{branch}/roles"), role).await.expect(201);
    api.finish(&project, &made.body).await;
    let second_uri = with_password(&uri, &made.text("/role/password"));
    let second = ("user", "second");
    let mut client = log_in(&sandbox, &second_uri, &[second, DATABASE])
        .await
        .unwrap();
    expect_no_way_out(&mut client, "another role").await;

    // who goes leaves what is theirs to no superuser, or a function of theirs would run as one
    client.query("CREATE DATABASE theirs").await.unwrap();
    let theirs = ("database", "theirs");
    let mut client = log_in(&sandbox, &second_uri, &[second, theirs])
        .await
        .unwrap();
    let trap = "CREATE FUNCTION trap() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user::text'";
    client.query(trap).await.unwrap();
    for path in ["databases/neondb", "roles/second"] {
        let gone = api.delete(&format!("{branch}/{path}")).await.expect(200);
        api.finish(&project, &gone.body).await;
    }
    let mut owner = log_in(&sandbox, &uri, &[OWNER, theirs]).await.unwrap();
    assert_eq!(
        owner.query("SELECT trap()").await.unwrap(),
        ["neon_superuser"]
    );
    expect_no_way_out(&mut owner, "the heir").await;
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn socket_of_a_compute_wants_a_password_and_is_private() {
    let (sandbox, uri) = target().await;
    let scratch = sandbox.ca_file().ancestors().nth(2).unwrap().to_owned();
    let folder = scratch.join("s/0");
    let meta = std::fs::metadata(&folder).unwrap();
    assert_eq!(meta.mode() & 0o777, 0o700);
    let url = url::Url::parse(&uri).unwrap();
    for (user, password, works) in [
        ("cloud_admin", "", false),
        ("cloud_admin", "known", false),
        ("neondb_owner", "", false),
        ("postgres", "", false),
        ("neondb_owner", url.password().unwrap(), true),
    ] {
        let options = PgConnectOptions::new_without_pgpass()
            .socket(&folder)
            .username(user)
            .password(password)
            .database("neondb");
        let connected = PgConnection::connect_with(&options).await;
        assert_eq!(connected.is_ok(), works, "{user}: {:?}", connected.err());
    }
    // beside the data, for nobody else
    let computes = std::fs::read_dir(scratch.join("state/computes")).unwrap();
    let compute = computes.flatten().next().unwrap().path();
    for (path, mode) in [
        ("admin", 0o600),
        ("data", 0o700),
        ("data/pg_hba.conf", 0o600),
    ] {
        let meta = std::fs::metadata(compute.join(path)).unwrap();
        assert_eq!(meta.mode() & 0o777, mode, "{path}");
    }
    let access = std::fs::read_to_string(compute.join("data/pg_hba.conf")).unwrap();
    assert!(!access.contains("trust"), "{access}");
    // nor does it run as root, or as an account that owns something
    let pid = std::fs::read_to_string(compute.join("data/postmaster.pid")).unwrap();
    let server = std::fs::metadata(format!("/proc/{}", pid.lines().next().unwrap()));
    if let Ok(server) = server {
        assert_ne!(server.uid(), 0);
        if rustix::process::geteuid().is_root() {
            let accounts = std::fs::read_to_string("/etc/passwd").unwrap();
            let id = server.uid().to_string();
            let named = accounts
                .lines()
                .find(|line| line.split(':').nth(2) == Some(&id));
            assert_eq!(named, None);
        }
    }
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_an_older_neonup_gets_a_password_at_its_next_start() {
    let dir = temp_dir();
    let options = || SandboxOptions {
        dir: Some(dir.path().to_owned()),
        ..SandboxOptions::default()
    };
    let sandbox = start_with(options()).await;
    let created = Api::of(&sandbox).project("old").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    sandbox.shutdown().await;
    let computes = std::fs::read_dir(dir.path().join("computes")).unwrap();
    let compute = computes.flatten().next().unwrap().path();
    std::fs::remove_file(compute.join("admin")).unwrap();
    std::fs::write(compute.join("data/pg_hba.conf"), "local all all trust\n").unwrap();

    let sandbox = start_with(options()).await;
    let mut owner = log_in(&sandbox, &uri, &[OWNER, DATABASE]).await.unwrap();
    expect_no_way_out(&mut owner, "the owner").await;
    assert!(compute.join("admin").exists());
    let access = std::fs::read_to_string(compute.join("data/pg_hba.conf")).unwrap();
    assert!(!access.contains("trust"), "{access}");
    sandbox.shutdown().await;
}
