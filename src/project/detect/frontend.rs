//! The env file of a front end beside the backend.

use crate::{
    domain::source::join,
    project::{
        detect::{code, manifests::Language, package::Package, tree::Tree},
        settings::{EnvTarget, KeySpec},
    },
};

/// The usual names of the key that tells a front end where its backend is.
const KEYS: &[&str] = &[
    "NEXT_PUBLIC_API_URL",
    "NEXT_PUBLIC_API_BASE_URL",
    "NEXT_PUBLIC_BACKEND_URL",
    "NEXT_PUBLIC_API_BASE",
    "VITE_API_URL",
    "VITE_API_BASE_URL",
    "VITE_BACKEND_URL",
];

/// The env file of an application in Next.js or Vite in one of these folders, where its code asks for the backend's address.
pub(super) fn target(
    tree: &Tree<'_>,
    folders: &[&str],
    backend: &str,
    port: u16,
) -> Option<EnvTarget> {
    let has_front_end = |dir: &&&str| {
        Package::read(tree, dir).is_some_and(|package| package.has_any(&["next", "vite"]))
    };
    let dir = folders
        .iter()
        .filter(|dir| !dir.is_empty() && **dir != backend)
        .find(has_front_end)?;
    let reading = code::read(tree, dir, Some(Language::JavaScript));
    let asked = |key: &&&str| reading.reads.iter().any(|read| read.key == ***key);
    let keys: Vec<_> = KEYS
        .iter()
        .filter(asked)
        .map(|key| {
            let address = format!("http://localhost:{port}");
            ((*key).to_owned(), KeySpec::Literal(address))
        })
        .collect();
    (!keys.is_empty()).then(|| EnvTarget {
        file: join(dir, ".env.local"),
        example: None,
        keys,
    })
}
