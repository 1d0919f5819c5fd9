//! The drivers of Python and Node against the sandbox, with connection URIs exactly as they are handed out, direct and pooled. What they
//! do is in `tests/drivers.py` and `tests/drivers.js`.

use std::{
    fs,
    os::unix::fs::symlink,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::{Home, Sandbox, exchange, has, node_modules, post, python, skip, temp_dir};

/// The drivers of a language, each with a direct and a pooled URI, and how often each reports.
const PYTHON: [&str; 4] = ["asyncpg", "psycopg", "psycopg2", "sqlalchemy"];
const NODE: [&str; 7] = [
    "pg",
    "postgres.js",
    "serverless http",
    "serverless websocket",
    "drizzle node-postgres",
    "drizzle neon-http",
    "drizzle neon-serverless",
];

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

/// Runs the drivers of a language; what they report.
fn drive(program: &mut Command, sandbox: &Sandbox) -> String {
    let url = format!("{}/projects", sandbox.api_host);
    let created = post(&url, &sandbox.api_key, &json!({"project": {}}));
    let created: Value = serde_json::from_str(&created).unwrap();
    let project = created["project"]["id"].as_str().unwrap();
    let output = program
        .env("DIRECT", uri(sandbox, project, false))
        .env("POOLED", uri(sandbox, project, true))
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

#[test]
fn python_drivers_connect_with_uris_as_handed_out() {
    let Some(python) = python() else {
        return skip("NEONUP_TEST_PYTHON names no Python with the drivers");
    };
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/drivers.py");
    let said = drive(home.command(&python).arg(script), &sandbox);
    for driver in PYTHON {
        for kind in ["direct", "pooled"] {
            assert!(said.contains(&format!("{driver} {kind} ok\n")), "{said}");
        }
    }
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
