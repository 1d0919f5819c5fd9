//! Node with a Postgres client and no ORM.

use crate::{
    domain::{source::Reader, url::Driver},
    project::detect::{package::Package, proposal::Proposal},
};

pub(super) fn propose(read: Reader<'_>, dir: &str) -> Option<Proposal> {
    let clients = ["pg", "postgres", "@neondatabase/serverless"];
    let package = Package::read(read, dir)?;
    package.has_any(&clients).then(|| Proposal {
        migrate: package.migrate(read, dir),
        ..Proposal::new(Driver::NodePostgres)
    })
}
