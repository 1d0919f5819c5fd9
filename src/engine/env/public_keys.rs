//! Keys whose values reach every browser: no secret may be in one.

use std::collections::{HashMap, HashSet};

use crate::{
    core::secret::Secret,
    domain::{
        credentials::{self, Weight},
        dotenv::{Document, EnvEntry},
        sensitive::{is_public_key, is_secret_value},
        url::{Part, recognize},
    },
    project::settings::{EnvTarget, KeySpec},
};

/// Whether the settings put a secret into a public key.
pub(super) fn gets_secret(key: &str, spec: &KeySpec) -> bool {
    is_public_key(key) && is_secret(spec)
}

/// Whether a key gets the value of a secret one in another file.
pub(super) fn is_secret_of(specs: &[EnvTarget], file: &str, key: &str) -> bool {
    is_public_key(key)
        && specs
            .iter()
            .filter(|spec| spec.file == file)
            .flat_map(|spec| &spec.keys)
            .any(|(name, spec)| name == key && is_secret(spec))
}

/// Whether a public key has a value that is a connection URL with its password, or another secret.
pub(super) fn holds_secret(key: &str, value: &Secret) -> bool {
    is_public_key(key) && is_secret_text(value)
}

/// Whether a value is a connection URL with its password, or another secret.
fn is_secret_text(value: &Secret) -> bool {
    let text = value.expose();
    let url = || {
        recognize(text).is_some_and(|url| {
            !url.password.is_empty() && !credentials::is_placeholder(url.password.expose())
        })
    };
    let credential = || {
        credentials::find(text.as_bytes())
            .iter()
            .any(|found| found.weight == Weight::Real)
    };
    let of_neon = text.starts_with("npg_") || text.starts_with("napi_");
    url() || credential() || of_neon && is_secret_value(text)
}

/// How many names are followed from one value.
const NAMES_FOLLOWED: usize = 32;

/// What the names in the values of an env file stand for.
pub(super) struct References<'a> {
    /// The last of each name, which most readers take.
    entries: HashMap<&'a str, &'a EnvEntry>,
    /// The keys into which secrets are written.
    secrets: HashSet<&'a str>,
}

impl<'a> References<'a> {
    pub(super) fn of(document: &'a Document, spec: &'a EnvTarget) -> Self {
        let entries = document.entries().map(|entry| (entry.key.as_str(), entry));
        let secrets = spec.keys.iter().filter(|(_, spec)| is_secret(spec));
        Self {
            entries: entries.collect(),
            secrets: secrets.map(|(key, _)| key.as_str()).collect(),
        }
    }

    /// Whether a public key gets a secret through the name of another key, as in `NEXT_PUBLIC_API=${DATABASE_URL}`, which Next.js and
    /// dotenv-expand replace by its value, in `'…'`, too: only `\$` stays as it is.
    pub(super) fn expose_secret(&self, entry: &'a EnvEntry) -> bool {
        if !is_public_key(&entry.key) {
            return false;
        }
        let mut seen = HashSet::new();
        let mut open = vec![entry];
        while let Some(entry) = open.pop() {
            for name in referenced(entry.value.expose()) {
                if seen.len() >= NAMES_FOLLOWED {
                    // what isn't followed to its end isn't known to be harmless
                    return true;
                }
                if !seen.insert(name) {
                    continue;
                }
                let named = self.entries.get(name).copied();
                if self.secrets.contains(name)
                    || named.is_some_and(|named| is_secret_text(&named.value))
                {
                    return true;
                }
                open.extend(named);
            }
        }
        false
    }
}

/// The names after `$` in a value, with and without braces.
fn referenced(value: &str) -> impl Iterator<Item = &str> {
    value.match_indices('$').filter_map(move |(at, _)| {
        let before = value.get(..at)?;
        if before.ends_with('\\') {
            return None;
        }
        let rest = value.get(at + 1..)?;
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        rest.get(..end).filter(|name| !name.is_empty())
    })
}

/// Whether a key gets a secret.
pub(super) const fn is_secret(spec: &KeySpec) -> bool {
    match spec {
        KeySpec::Url { .. }
        | KeySpec::Generate { .. }
        | KeySpec::Part {
            part: Part::Password,
            ..
        } => true,
        KeySpec::Part { .. } | KeySpec::Literal(_) | KeySpec::SameAs(_) | KeySpec::ByHand => false,
    }
}
