//! Flask.

use crate::{
    domain::{
        python::Dependencies,
        source::{Reader, join},
    },
    project::detect::proposal::{Proposal, started_by},
};

pub(super) fn propose(read: Reader<'_>, dir: &str) -> Option<Proposal> {
    let dependencies = Dependencies::read(read, dir);
    dependencies.has("flask").then(|| Proposal {
        // Flask-Migrate's folder holds an alembic.ini of its own, which Alembic alone cannot use
        migrate: read(&join(dir, "migrations/env.py"))
            .filter(|_| dependencies.has("flask-migrate"))
            .map(|_| "python -m flask db upgrade".to_owned()),
        backend: Some(started_by("python -m flask run --port 8000", dir)),
        ..Proposal::new(dependencies.driver())
    })
}
