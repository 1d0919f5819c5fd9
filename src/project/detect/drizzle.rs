//! Node with Drizzle.

use crate::{
    domain::url::Driver,
    project::detect::tree::Tree,
    project::detect::{package::Package, proposal::Proposal},
};

pub(super) fn propose(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let package = Package::read(tree, dir)?;
    let found = package.has_any(&["drizzle-orm"]);
    found.then(|| Proposal::new(Driver::Drizzle))
}
