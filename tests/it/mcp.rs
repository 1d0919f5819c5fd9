//! Neon's MCP server (npm) against the sandbox, driven by `tests/mcp.mjs` as an assistant drives it.

use std::{path::PathBuf, process::Stdio};

use crate::support::{Home, Sandbox, has, skip};

/// The tools that do what they are there for.
const TOOLS: [&str; 20] = [
    "create_project",
    "list_projects",
    "list_organizations",
    "list_shared_projects",
    "describe_project",
    "run_sql",
    "run_sql_transaction",
    "get_database_tables",
    "describe_table_schema",
    "explain_sql_statement",
    "get_connection_string",
    "create_branch",
    "describe_branch",
    "list_branch_computes",
    "reset_from_parent",
    "prepare_database_migration",
    "complete_database_migration",
    "delete_branch",
    "delete_project",
    "all tools",
];
/// Those that need a service of Neon's which the sandbox has not, and why they are refused.
const REFUSED: [(&str, &str); 3] = [
    (
        "explain_sql_statement",
        "unrecognized EXPLAIN option \"filecache\"",
    ),
    ("list_slow_queries", "pg_stat_statements"),
    ("provision_neon_auth", "Neon Auth is not available"),
];

#[test]
fn tools_of_neons_mcp_server_do_their_work() {
    let Some(modules) = std::env::var_os("NEONUP_TEST_MCP").map(PathBuf::from) else {
        return skip("NEONUP_TEST_MCP names no folder with Neon's MCP server");
    };
    if !has("node") {
        return skip("there is no node");
    }
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let output = home
        .command("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mcp.mjs"))
        .env("MCP_MODULES", modules)
        .env("NEON_API_HOST", &sandbox.api_host)
        .env("NEON_API_KEY", &sandbox.api_key)
        .env("NEON_FETCH_ENDPOINT", &sandbox.fetch_endpoint)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    for tool in TOOLS {
        let ok = format!("{tool} ok");
        assert!(said.lines().any(|line| line == ok), "{ok}\n{said}");
    }
    for (tool, why) in REFUSED {
        let refused = format!("{tool} refused: ");
        let line = said.lines().find(|line| line.starts_with(&refused));
        assert!(
            line.is_some_and(|line| line.contains(why)),
            "{tool}\n{said}"
        );
    }
    sandbox.stop();
}
