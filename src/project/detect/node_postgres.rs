//! Node with a Postgres client and no ORM.

use crate::{
    domain::url::Driver,
    project::detect::{package::Package, proposal::Proposal, start, tree::Tree},
};

pub(super) fn propose(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let clients = ["pg", "postgres", "@neondatabase/serverless"];
    let package = Package::read(tree, dir)?;
    package.has_any(&clients).then(|| Proposal {
        start: start::node(&|path| tree.read(path), dir),
        ..Proposal::new(Driver::NodePostgres)
    })
}
