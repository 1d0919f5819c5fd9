//! Python without a framework that has a stack of its own: workers, bots, scripts, and the smaller web frameworks.

use crate::{
    domain::python::Dependencies,
    project::detect::{proposal::Proposal, tree::Tree},
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

pub(super) fn propose(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let dependencies = Dependencies::read(&|path| tree.read(path), dir);
    CLIENTS
        .iter()
        .any(|client| dependencies.has(client))
        .then(|| Proposal::new(dependencies.driver()))
}
