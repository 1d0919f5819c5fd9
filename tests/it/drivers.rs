//! The drivers of Python, Node, Java, Go and Rust against the sandbox, with connection URIs exactly as they are handed out, direct and
//! pooled. What they do is in `tests/drivers.*` and `tests/Drivers.java`.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::symlink,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};

use crate::support::{Home, Sandbox, exchange, has, node_modules, post, python, skip, temp_dir};

/// The drivers of a language, each with a direct and a pooled URI, and how often each reports.
const PYTHON: [&str; 5] = [
    "asyncpg",
    "psycopg",
    "psycopg2",
    "sqlalchemy",
    "sqlalchemy async",
];
const NODE: [&str; 7] = [
    "pg",
    "postgres.js",
    "serverless http",
    "serverless websocket",
    "drizzle node-postgres",
    "drizzle neon-http",
    "drizzle neon-serverless",
];
const GO: [&str; 3] = ["pgx", "pgx stdlib", "lib/pq"];

/// A URI as the API hands it out.
fn uri(sandbox: &Sandbox, project: &str, pooled: bool) -> String {
    let url = format!(
        "{}/projects/{project}/connection_uri?database_name=neondb&role_name=neondb_owner&pooled={pooled}",
        sandbox.api_host
    );
    let answer = exchange("GET", &url, &sandbox.api_key, "");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["uri"].as_str().unwrap().to_owned()
}

/// The direct and the pooled URI of a new project.
fn uris(sandbox: &Sandbox) -> [String; 2] {
    let url = format!("{}/projects", sandbox.api_host);
    let created = post(&url, &sandbox.api_key, &json!({"project": {}}));
    let created: Value = serde_json::from_str(&created).unwrap();
    let project = created["project"]["id"].as_str().unwrap();
    [false, true].map(|pooled| uri(sandbox, project, pooled))
}

/// Runs the drivers of a language; what they report.
fn drive(program: &mut Command, sandbox: &Sandbox) -> String {
    let [direct, pooled] = uris(sandbox);
    let output = program
        .env("DIRECT", direct)
        .env("POOLED", pooled)
        .env("PGSSLROOTCERT", &sandbox.ca_file)
        .env("NODE_EXTRA_CA_CERTS", &sandbox.ca_file)
        .env("NEON_FETCH_ENDPOINT", &sandbox.fetch_endpoint)
        .env("NEON_WS_PROXY", &sandbox.ws_proxy)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    said
}

/// Each of the drivers reports both URIs.
fn expect(said: &str, drivers: &[&str]) {
    for driver in drivers {
        for kind in ["direct", "pooled"] {
            let line = format!("{driver} {kind} ok");
            assert!(said.lines().any(|one| one == line), "{line}\n{said}");
        }
    }
}

/// Reports a test that is skipped on machines without a language that `.ci/run` doesn't install.
fn not_installed(why: &str) {
    let mut stderr = std::io::stderr();
    writeln!(stderr, "skipped: {why}").unwrap();
}

#[test]
fn python_drivers_connect_with_uris_as_handed_out() {
    let Some(python) = python() else {
        return skip("NEONUP_TEST_PYTHON names no Python with the drivers");
    };
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/drivers.py");
    let said = drive(home.command(&python).arg(script), &sandbox);
    expect(&said, &PYTHON);
    sandbox.stop();
}

#[test]
fn sqlx_connects_with_uris_as_handed_out() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for uri in uris(&sandbox) {
        let given: PgConnectOptions = uri.parse().unwrap();
        let verified = given
            .clone()
            .ssl_mode(PgSslMode::VerifyFull)
            .ssl_root_cert(&sandbox.ca_file);
        let wrong = given.clone().password("npg_wrongWrong1");
        runtime.block_on(async {
            for options in [&given, &verified] {
                let mut connection = PgConnection::connect_with(options).await.unwrap();
                let answer: i32 = sqlx::query_scalar("select 40 + $1")
                    .bind(2)
                    .fetch_one(&mut connection)
                    .await
                    .unwrap();
                assert_eq!(answer, 42);
                connection.close().await.unwrap();
            }
            let refused = PgConnection::connect_with(&wrong).await.unwrap_err();
            let database = refused.as_database_error();
            let code = database.and_then(sqlx::error::DatabaseError::code);
            assert_eq!(code.as_deref(), Some("28P01"), "{refused}");
        });
    }
    sandbox.stop();
}

#[test]
fn prisma_queries_with_uris_as_handed_out() {
    let modules = std::env::var_os("NEONUP_TEST_PRISMA").map(PathBuf::from);
    let Some(modules) = modules.filter(|_| has("node")) else {
        return skip("NEONUP_TEST_PRISMA names no folder with Prisma, or there is no node");
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/drivers-prisma.js");
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let mut node = home.command("node");
    let said = drive(node.arg(script).env("NODE_PATH", modules), &sandbox);
    expect(&said, &["prisma"]);
    sandbox.stop();
}

#[test]
fn jdbc_connects_with_uris_as_handed_out() {
    let jar = std::env::var_os("NEONUP_TEST_JDBC").map(PathBuf::from);
    let Some(jar) = jar.filter(|_| has("java")) else {
        return not_installed("NEONUP_TEST_JDBC names no driver of Java, or there is no java");
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/Drivers.java");
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let mut java = home.command("java");
    let said = drive(java.arg("-cp").arg(jar).arg(script), &sandbox);
    expect(&said, &["jdbc"]);
    sandbox.stop();
}

#[test]
fn go_drivers_connect_with_uris_as_handed_out() {
    let Some(program) = std::env::var_os("NEONUP_TEST_GO").map(PathBuf::from) else {
        return not_installed("NEONUP_TEST_GO names no program with the drivers of Go");
    };
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let said = drive(&mut home.command(program), &sandbox);
    expect(&said, &GO);
    sandbox.stop();
}

#[test]
fn node_drivers_and_the_serverless_driver_work_with_uris_as_handed_out() {
    let modules = node_modules().filter(|folder| folder.join("drizzle-orm").is_dir());
    let Some(modules) = modules.filter(|_| has("node")) else {
        return skip(
            "NEONUP_TEST_NODE_MODULES names no folder with the drivers, or there is no node",
        );
    };
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let script = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/drivers.js"));
    let mut node = home.command("node");
    let said = drive(node.arg(script).env("NODE_PATH", modules), &sandbox);
    for driver in NODE {
        let ways = if driver.contains("serverless") || driver.contains("neon") {
            [" api", " compute"].as_slice()
        } else {
            &[""]
        };
        for kind in ["direct", "pooled"] {
            for way in ways {
                let line = format!("{driver} {kind}{way} ok\n");
                assert!(said.contains(&line), "{line}{said}");
            }
        }
    }
    sandbox.stop();
}

/// The health step tries the driver with this script, in a project that has nothing but Neon's own.
#[test]
fn the_proof_of_the_driver_takes_the_serverless_one_where_no_other_is_installed() {
    let Some(modules) = node_modules().filter(|_| has("node")) else {
        return skip(
            "NEONUP_TEST_NODE_MODULES names no folder with the drivers, or there is no node",
        );
    };
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let url = format!("{}/projects", sandbox.api_host);
    let created = post(&url, &sandbox.api_key, &json!({"project": {}}));
    let created: Value = serde_json::from_str(&created).unwrap();
    let uri = uri(&sandbox, created["project"]["id"].as_str().unwrap(), false);
    let wrong = uri.replacen("npg_", "npg_not", 1);
    let folder = temp_dir();
    let own = folder.path().join("node_modules");
    fs::create_dir(&own).unwrap();
    symlink(modules.join("@neondatabase"), own.join("@neondatabase")).unwrap();
    let proof = |uri: &str| {
        let output = home
            .command("node")
            .args(["-e", include_str!("../../assets/proofs/node.cjs")])
            .current_dir(folder.path())
            .env("NEONUP_PROOF_URL", uri)
            .env("NODE_EXTRA_CA_CERTS", &sandbox.ca_file)
            .output()
            .unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    assert_eq!(proof(&uri).trim(), "connected");
    let refused = proof(&wrong);
    assert!(refused.starts_with("failed:NeonDbError:"), "{refused}");
    assert!(refused.contains("password authentication"), "{refused}");
    sandbox.stop();
}
