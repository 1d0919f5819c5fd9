//! Node with Drizzle.

use crate::{
    domain::{
        source::{Reader, join},
        url::Driver,
    },
    project::detect::{package::Package, proposal::Proposal},
};

pub(super) fn propose(read: Reader<'_>, dir: &str) -> Option<Proposal> {
    let package = Package::read(read, dir)?;
    let found = package.has_any(&["drizzle-orm"]);
    found.then(|| Proposal {
        migrate: ["drizzle.config.ts", "drizzle.config.js"]
            .iter()
            .any(|file| read(&join(dir, file)).is_some())
            .then(|| "npx --no-install drizzle-kit migrate".to_owned())
            .or_else(|| package.migrate(read, dir)),
        ..Proposal::new(Driver::Drizzle)
    })
}
