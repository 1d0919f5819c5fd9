//! Python without a framework that has a stack of its own: workers, bots, scripts, and the smaller web frameworks.

use crate::{
    domain::{
        python::Dependencies,
        reading::{DatabaseKind, Reading, Spot},
        source::join,
    },
    project::detect::{manifests::Language, proposal::Proposal, tree::Tree},
};

/// Packages that open a Postgres database.
const CLIENTS: &[&str] = &[
    "sqlmodel",
    "sqlalchemy",
    "psycopg",
    "psycopg-binary",
    "psycopg2",
    "psycopg2-binary",
    "asyncpg",
    "pg8000",
    "aiopg",
    "databases",
    "tortoise-orm",
    "peewee",
    "piccolo",
    "gino",
    "ormar",
];

/// Clients of other servers, and the servers' names.
const OTHERS: &[(&str, &str)] = &[
    ("pymysql", "MySQL"),
    ("mysqlclient", "MySQL"),
    ("mysql-connector-python", "MySQL"),
    ("aiomysql", "MySQL"),
    ("asyncmy", "MySQL"),
    ("mariadb", "MySQL"),
    ("pyodbc", "SQL Server"),
    ("pymssql", "SQL Server"),
];
/// Clients of Postgres alone.
const OURS: &[&str] = &[
    "psycopg",
    "psycopg-binary",
    "psycopg-c",
    "psycopg2",
    "psycopg2-binary",
    "asyncpg",
    "pg8000",
    "aiopg",
];

/// The server of an application whose URL names it alone, by the one client that it declares.
pub(super) fn other_server(
    tree: &Tree<'_>,
    dir: &str,
    proposal: &Proposal,
    reading: &Reading,
) -> Option<(&'static str, Spot)> {
    let by_url = |server| matches!(server, DatabaseKind::ByUrl | DatabaseKind::AsyncByUrl);
    // where an example has an address of Postgres, that client is for something else
    if proposal.language != Some(Language::Python)
        || names_postgres(tree, dir)
        || !reading.opens.iter().all(|opening| by_url(opening.server))
    {
        return None;
    }
    let dependencies = Dependencies::read(&|path| tree.read(path), dir);
    if OURS.iter().any(|client| dependencies.has(client)) {
        return None;
    }
    let (client, server) = OTHERS.iter().find(|(client, _)| dependencies.has(client))?;
    let file = dependencies.file?;
    let named = |line: &str| line.to_ascii_lowercase().replace('_', "-").contains(client);
    let line = tree.read(&file)?.lines().position(named).unwrap_or(0);
    let line = u32::try_from(line + 1).ok()?;
    Some((*server, Spot { file, line }))
}

/// Whether an example of the env file has an address of Postgres.
fn names_postgres(tree: &Tree<'_>, dir: &str) -> bool {
    [
        ".env.example",
        ".env.sample",
        ".env.template",
        "env.example",
    ]
    .iter()
    .filter_map(|name| tree.read(&join(dir, name)))
    .any(|text| text.contains("postgres"))
}

pub(super) fn propose(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let dependencies = Dependencies::read(&|path| tree.read(path), dir);
    CLIENTS
        .iter()
        .any(|client| dependencies.has(client))
        .then(|| Proposal::new(dependencies.driver()))
}
