//! FastAPI, with SQLModel or with SQLAlchemy alone.

use crate::{
    domain::python::{self, Dependencies},
    project::detect::tree::Tree,
    project::{
        detect::proposal::{Proposal, SessionModule, started_by},
        settings::BackendSettings,
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
    Proposal {
        // our session module reads a URL
        needs_url: true,
        backend: backend(tree, dir),
        session: Some(session),
        ..Proposal::new(dependencies.driver())
    }
}

fn backend(tree: &Tree<'_>, dir: &str) -> Option<BackendSettings> {
    let app = python::find_app(&|path| tree.read(path), dir)?;
    let start = format!(
        "python -m uvicorn {}:{} --port 8000",
        app.module, app.variable
    );
    // what its own code promises; nothing is expected that it does not say
    let (path, expect) = python::promised_health(&|path| tree.read(path), dir, &app)
        .unwrap_or_else(|| ("/health".to_owned(), Vec::new()));
    Some(BackendSettings {
        health: Some(format!("http://localhost:8000{path}")),
        expect,
        ..started_by(&start, dir)
    })
}
