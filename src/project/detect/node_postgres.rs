//! Node with a Postgres client and no ORM.

use crate::{
    domain::url::Driver,
    project::detect::tree::Tree,
    project::detect::{package::Package, proposal::Proposal},
};

pub(super) fn propose(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let clients = ["pg", "postgres", "@neondatabase/serverless"];
    let package = Package::read(tree, dir)?;
    package
        .has_any(&clients)
        .then(|| Proposal::new(Driver::NodePostgres))
}
