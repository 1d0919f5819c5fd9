//! FastAPI, with SQLModel or with SQLAlchemy alone.

use crate::{
    domain::{
        python::{self, Dependencies},
        source::Reader,
    },
    project::detect::{
        proposal::{Proposal, SessionModule},
        start,
        tree::Tree,
    },
};

pub(super) fn with_sqlmodel(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let dependencies = Dependencies::read(&|path| tree.read(path), dir);
    dependencies
        .has("sqlmodel")
        .then(|| proposal(tree, dir, &dependencies, SessionModule::SqlModel))
}

pub(super) fn with_sqlalchemy(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let dependencies = Dependencies::read(&|path| tree.read(path), dir);
    dependencies
        .has("fastapi")
        .then(|| proposal(tree, dir, &dependencies, SessionModule::SqlAlchemy))
}

fn proposal(
    tree: &Tree<'_>,
    dir: &str,
    dependencies: &Dependencies,
    session: SessionModule,
) -> Proposal {
    let read: Reader<'_> = &|path| tree.read(path);
    let start = start::fastapi(read, tree.files(), dir);
    let promised = start
        .as_ref()
        .and_then(|start| python::served_app(&start.dir, &start.command))
        .and_then(|app| python::promised_health(read, dir, &app));
    Proposal {
        // our session module reads a URL
        needs_url: true,
        start,
        promised,
        session: Some(session),
        ..Proposal::new(dependencies.driver())
    }
}
