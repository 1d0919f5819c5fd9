//! Node with Drizzle.

use crate::{
    domain::url::Driver,
    project::detect::{package::Package, proposal::Proposal, start, tree::Tree},
};

pub(super) fn propose(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let package = Package::read(tree, dir)?;
    let found = package.has_any(&["drizzle-orm"]);
    found.then(|| Proposal {
        start: start::node(&|path| tree.read(path), dir),
        ..Proposal::new(Driver::Drizzle)
    })
}
