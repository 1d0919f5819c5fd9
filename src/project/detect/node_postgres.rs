//! Node with a Postgres client and no ORM.

use crate::{
    domain::{source::Reader, url::Driver},
    project::detect::{package::Package, proposal::Proposal},
};

pub(super) fn propose(read: Reader<'_>, dir: &str) -> Option<Proposal> {
    let clients = ["pg", "postgres", "@neondatabase/serverless"];
    let found = Package::read(read, dir)?.has_any(&clients);
    found.then(|| Proposal::new(Driver::NodePostgres))
}
