//! The env file of a front end beside the backend.

use crate::{
    domain::source::join,
    project::detect::tree::Tree,
    project::settings::{EnvTarget, KeySpec},
};

/// The env file of a Next.js application in one of these folders.
pub(super) fn target(tree: &Tree<'_>, folders: &[&str], backend: &str) -> Option<EnvTarget> {
    let dir = folders
        .iter()
        .filter(|dir| !dir.is_empty() && **dir != backend)
        .find(|dir| {
            tree.read(&join(dir, "package.json"))
                .is_some_and(|text| text.contains("\"next\""))
        })?;
    Some(EnvTarget {
        file: join(dir, ".env.local"),
        example: None,
        keys: vec![(
            "NEXT_PUBLIC_API_URL".to_owned(),
            KeySpec::Literal("http://localhost:8000".to_owned()),
        )],
    })
}
