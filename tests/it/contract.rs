//! The sandbox's API keeps to `tests/openapi.json`: schemathesis (`PyPI`) asks it, driven by `tests/contract.py`. And the document has
//! every route and every field.

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::support::{Home, Sandbox, python, skip};

const CONTRACT: &str = include_str!("../openapi.json");
/// How many random requests each operation gets, in addition to those that cover its schema.
const CASES: &str = "10";

fn contract() -> Value {
    serde_json::from_str(CONTRACT).unwrap()
}

/// Whether schemathesis is beside a Python.
fn has_schemathesis(python: &Path) -> bool {
    Command::new(python.with_file_name("schemathesis"))
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success())
}

#[test]
fn schemathesis_finds_nothing() {
    let Some(python) = python().filter(|python| has_schemathesis(python)) else {
        return skip("NEONUP_TEST_PYTHON names no Python with schemathesis");
    };
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let output = home
        .command(&python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract.py"))
        .arg(CASES)
        .env("NEON_API_HOST", &sandbox.api_host)
        .env("NEON_API_KEY", &sandbox.api_key)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    let operations = contract()["paths"]
        .as_object()
        .unwrap()
        .values()
        .map(|path| path.as_object().unwrap().len())
        .sum::<usize>();
    let tested = format!("Tested: {operations}\n");
    assert!(said.contains(&tested), "{tested}{said}");
    sandbox.stop();
}

/// A path with all names of parameters left out.
fn unnamed(path: &str) -> String {
    let mut outside = true;
    path.chars()
        .filter(|character| match character {
            '{' => std::mem::replace(&mut outside, false),
            '}' => {
                outside = true;
                true
            }
            _ => outside,
        })
        .collect()
}

#[test]
fn the_contract_has_every_route_of_the_api() {
    let source = include_str!("../../src/sandbox/api.rs");
    let part = |from: &str, to: &str| {
        let rest = &source[source.find(from).unwrap()..];
        &rest[..rest.find(to).unwrap()]
    };
    let account = part("fn account_routes", "fn project_routes");
    let project = part("fn project_routes", "fn branch_routes");
    let branch = part("fn branch_routes", "/// The routes of `agents`");
    let mut routes = BTreeSet::new();
    for (text, prefix) in [
        (account, "/organizations/{}"),
        (project, "/projects/{}"),
        (branch, "/projects/{}/branches/{}"),
    ] {
        for (at, call) in text.match_indices(".route(") {
            let rest = text[at + call.len()..].trim_start();
            let (prefix, rest) = rest
                .strip_prefix("&on(")
                .or_else(|| rest.strip_prefix("&org("))
                .map_or(("", rest), |rest| (prefix, rest));
            let path = rest.strip_prefix('"').unwrap().split('"').next().unwrap();
            routes.insert(format!("{prefix}{}", unnamed(path)));
        }
    }
    let contract = contract();
    let told = contract["paths"].as_object().unwrap().keys();
    let told: BTreeSet<_> = told.map(|path| unnamed(path)).collect();
    assert_eq!(routes, told);
}

#[test]
fn the_contract_has_the_fields_that_neon_publishes() {
    let contract = contract();
    let schemas = &contract["components"]["schemas"];
    for line in include_str!("../../src/sandbox/tests/fields.tsv").lines() {
        let cells: Vec<_> = line.split('\t').collect();
        if line.starts_with('#') {
            continue;
        }
        let schema = &schemas[cells[0]];
        assert!(schema["properties"][cells[1]].is_object(), "{line}");
        let required = schema["required"].as_array().unwrap();
        let is_required = required.iter().any(|name| name == cells[1]);
        assert_eq!(is_required, cells[2] == "required", "{line}");
    }
}
