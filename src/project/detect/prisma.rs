//! Node with Prisma.

use crate::{
    domain::{
        source::{Reader, join},
        url::{Driver, UrlKind},
    },
    project::detect::{package::Package, proposal::Proposal},
};

pub(super) fn propose(read: Reader<'_>, dir: &str) -> Option<Proposal> {
    let package = Package::read(read, dir)?;
    let found = package.has_any(&["prisma", "@prisma/client"]);
    found.then(|| Proposal {
        // it queries over the pooled URL and migrates over the direct one; its schema reads both
        url_kind: UrlKind::Pooled,
        url_keys: &["DATABASE_URL", "DIRECT_URL"],
        needs_url: true,
        migrate: read(&join(dir, "prisma/schema.prisma"))
            .map(|_| "npx --no-install prisma migrate deploy".to_owned())
            .or_else(|| package.migrate(read, dir)),
        ..Proposal::new(Driver::Prisma)
    })
}
