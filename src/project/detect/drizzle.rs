//! Node with Drizzle.

use crate::{
    domain::{
        source::{Reader, join},
        url::Driver,
    },
    project::detect::{package::Package, proposal::Proposal},
};

pub(super) fn propose(read: Reader<'_>, dir: &str) -> Option<Proposal> {
    let found = Package::read(read, dir)?.has_any(&["drizzle-orm"]);
    found.then(|| Proposal {
        migrate: ["drizzle.config.ts", "drizzle.config.js"]
            .iter()
            .any(|file| read(&join(dir, file)).is_some())
            .then_some("npx --no-install drizzle-kit migrate"),
        ..Proposal::new(Driver::Drizzle)
    })
}
