//! `neonup sandbox` in a project: what it asks of a Postgres, and what is said where there is none that has it.

use std::io::Read as _;

use crate::support::{Home, Repo, Sandbox};

const CONFIG: &str = "[project]\nname = \"shop\"\npostgres = 16\n";
/// Of no Postgres there is.
const MIGRATION: &str =
    "CREATE EXTENSION IF NOT EXISTS \"nobodys-own\";\ncreate table a (b int);\n";

/// What the sandbox says on standard error in a repository with these files.
fn said(home: &Home, files: &[(&str, &str)]) -> String {
    let repo = Repo::files(files);
    repo.git(home, &["init", "-q"]);
    let folder = repo.path("").display().to_string();
    let mut sandbox = Sandbox::run(home.neonup().args(["sandbox", "--json", "-C", &folder]));
    let mut stderr = sandbox.child.stderr.take().unwrap();
    sandbox.stop();
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    said
}

#[test]
fn what_the_bundled_postgres_lacks_is_said() {
    let home = Home::new();
    let lacking = said(
        &home,
        &[
            ("neonup.toml", CONFIG),
            ("prisma/migrations/1_init/migration.sql", MIGRATION),
            ("tests/fixtures/a.sql", "create extension not_ours;"),
        ],
    );
    let words = "the bundled PostgreSQL 17 lacks version 16 and the extension nobodys-own (prisma/migrations/1_init/migration.sql)";
    assert!(lacking.contains(words), "{lacking}");
    assert!(lacking.contains("--pg-bin"), "{lacking}");
    let served = said(&home, &[("schema.sql", "create extension pgcrypto;")]);
    assert!(!served.contains("PostgreSQL"), "{served}");
}
