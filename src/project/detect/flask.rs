//! Flask.

use crate::{
    domain::{python::Dependencies, source::Reader},
    project::detect::proposal::{Proposal, started_by},
};

pub(super) fn propose(read: Reader<'_>, dir: &str) -> Option<Proposal> {
    let dependencies = Dependencies::read(read, dir);
    dependencies.has("flask").then(|| Proposal {
        backend: Some(started_by("python -m flask run --port 8000", dir)),
        ..Proposal::new(dependencies.driver())
    })
}
