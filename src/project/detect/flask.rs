//! Flask.

use crate::{
    domain::python::Dependencies,
    project::detect::{proposal::Proposal, start, tree::Tree},
};

pub(super) fn propose(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let dependencies = Dependencies::read(&|path| tree.read(path), dir);
    dependencies.has("flask").then(|| Proposal {
        start: Some(start::flask(&|path| tree.read(path), tree.files(), dir)),
        ..Proposal::new(dependencies.driver())
    })
}
