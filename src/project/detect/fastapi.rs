//! FastAPI, with SQLModel or with SQLAlchemy alone.

use crate::{
    domain::{
        python::{self, Dependencies},
        source::Reader,
    },
    project::{
        detect::proposal::{Proposal, RANDOM_SECRET, SessionModule, started_by},
        settings::{BackendSettings, KeySpec},
    },
};

pub(super) fn with_sqlmodel(read: Reader<'_>, dir: &str) -> Option<Proposal> {
    let dependencies = Dependencies::read(read, dir);
    dependencies
        .has("sqlmodel")
        .then(|| proposal(read, dir, &dependencies, SessionModule::SqlModel))
}

pub(super) fn with_sqlalchemy(read: Reader<'_>, dir: &str) -> Option<Proposal> {
    let dependencies = Dependencies::read(read, dir);
    dependencies
        .has("fastapi")
        .then(|| proposal(read, dir, &dependencies, SessionModule::SqlAlchemy))
}

fn proposal(
    read: Reader<'_>,
    dir: &str,
    dependencies: &Dependencies,
    session: SessionModule,
) -> Proposal {
    let literal = |key: &str, text: &str| (key.to_owned(), KeySpec::Literal(text.to_owned()));
    Proposal {
        // our session module reads a URL
        needs_url: true,
        other_keys: vec![
            ("JWT_SECRET".to_owned(), RANDOM_SECRET),
            literal("API_HOST", "localhost"),
            literal("API_PORT", "8000"),
            literal("FRONTEND_URL", "http://localhost:3000"),
        ],
        backend: backend(read, dir),
        session: Some(session),
        ..Proposal::new(dependencies.driver())
    }
}

fn backend(read: Reader<'_>, dir: &str) -> Option<BackendSettings> {
    let app = python::find_app(read, dir)?;
    let start = format!(
        "python -m uvicorn {}:{} --port 8000",
        app.module, app.variable
    );
    // what its own code promises; nothing is expected that it does not say
    let (path, expect) = python::promised_health(read, dir, &app)
        .unwrap_or_else(|| ("/health".to_owned(), Vec::new()));
    Some(BackendSettings {
        health: Some(format!("http://localhost:8000{path}")),
        expect,
        ..started_by(&start, dir)
    })
}
