//! Node with Prisma.

use crate::{
    domain::{
        prisma::{self, UrlSource},
        url::{Driver, UrlKind},
    },
    project::detect::{
        package::Package, proposal::Proposal, schema::prisma_schema, start, tree::Tree,
    },
};

pub(super) fn propose(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let package = Package::read(tree, dir)?;
    if !package.has_any(&["prisma", "@prisma/client"]) {
        return None;
    }
    let usual = Proposal::new(Driver::Prisma);
    let source = prisma_schema(tree, dir)
        .and_then(|path| tree.read(&path))
        .and_then(|text| prisma::read(&text));
    let key = |source: Option<&UrlSource>| source.and_then(|source| source.key.clone());
    let direct = source
        .as_ref()
        .and_then(|source| key(source.direct_url.as_ref()));
    let url = source.as_ref().and_then(|source| key(source.url.as_ref()));
    // it migrates over the direct URL, and without one over the only one
    let kind = if direct.is_some() {
        UrlKind::Pooled
    } else {
        UrlKind::Direct
    };
    let mut url_kinds = Vec::new();
    url_kinds.extend(url.map(|key| (key, kind)));
    url_kinds.extend(direct.map(|key| (key, UrlKind::Direct)));
    Some(Proposal {
        url_keys: if url_kinds.is_empty() {
            usual.url_keys
        } else {
            url_kinds.clone()
        },
        url_kinds,
        needs_url: true,
        start: start::node(&|path| tree.read(path), dir),
        ..Proposal::new(Driver::Prisma)
    })
}
