//! The env file of a front end beside the backend.

use crate::{
    domain::source::{Reader, join},
    project::settings::{EnvTarget, KeySpec},
};

/// The env file of a Next.js application in one of these folders.
pub(super) fn target(read: Reader<'_>, folders: &[&str], backend: &str) -> Option<EnvTarget> {
    let dir = folders
        .iter()
        .filter(|dir| !dir.is_empty() && **dir != backend)
        .find(|dir| {
            read(&join(dir, "package.json")).is_some_and(|text| text.contains("\"next\""))
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
