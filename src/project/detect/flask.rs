//! Flask.

use crate::{
    domain::python::Dependencies,
    project::detect::proposal::{Proposal, started_by},
    project::detect::tree::Tree,
};

pub(super) fn propose(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let dependencies = Dependencies::read(&|path| tree.read(path), dir);
    dependencies.has("flask").then(|| Proposal {
        backend: Some(started_by("python -m flask run --port 8000", dir)),
        ..Proposal::new(dependencies.driver())
    })
}
