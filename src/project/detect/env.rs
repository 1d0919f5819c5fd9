//! The env file of the backend: its keys, as far as the committed example and the stack tell what they hold.

use crate::{
    domain::{
        dotenv::{Document, is_portable_key},
        sensitive,
        source::{Reader, join},
        url::{Part, UrlKind, recognize},
    },
    project::{
        detect::proposal::{Proposal, RANDOM_SECRET},
        settings::{EnvTarget, KeySpec},
    },
};

const EXAMPLES: &[&str] = &[".env.example", ".env.sample", ".env.template"];

/// The committed example in a folder: its text and its path.
fn example(read: Reader<'_>, dir: &str) -> Option<(String, String)> {
    EXAMPLES
        .iter()
        .map(|name| join(dir, name))
        .find_map(|path| Some((read(&path)?, path)))
}

/// Whether a key holds the connection, or its host.
const fn connects(spec: &KeySpec, proposal: &Proposal) -> bool {
    match spec {
        KeySpec::Url { .. } => true,
        KeySpec::Part { part, .. } => !proposal.needs_url && matches!(part, Part::Host),
        KeySpec::Generate { .. } | KeySpec::SameAs(_) | KeySpec::ByHand | KeySpec::Literal(_) => {
            false
        }
    }
}

/// Whether a committed example documents the connection, so that the application reads it from there.
pub(super) fn is_documented(read: Reader<'_>, dir: &str, proposal: &Proposal) -> bool {
    example(read, dir).is_some_and(|(text, _)| {
        documented_keys(&text, proposal)
            .iter()
            .any(|(_, spec)| connects(spec, proposal))
    })
}

/// The env file of the backend in a folder.
pub(super) fn target(read: Reader<'_>, dir: &str, proposal: &Proposal) -> EnvTarget {
    let example = example(read, dir);
    let mut keys = example
        .as_ref()
        .map(|(text, _)| documented_keys(text, proposal))
        .unwrap_or_default();
    if !keys.iter().any(|(_, spec)| connects(spec, proposal)) {
        let urls = proposal
            .url_keys
            .iter()
            .map(|key| ((*key).to_owned(), url_spec(key, proposal)));
        keys.splice(0..0, urls);
    }
    if example.is_none() {
        keys.extend(proposal.other_keys.iter().cloned());
    }
    let example = example.map_or_else(|| join(dir, ".env.example"), |(_, path)| path);
    EnvTarget {
        file: join(dir, ".env"),
        example: Some(example),
        keys,
    }
}

fn url_spec(key: &str, proposal: &Proposal) -> KeySpec {
    let kind = if key.to_ascii_uppercase().contains("POOL") {
        UrlKind::Pooled
    } else if key.starts_with("DIRECT") {
        UrlKind::Direct
    } else {
        proposal.url_kind
    };
    KeySpec::Url {
        kind,
        driver: proposal.driver,
    }
}

/// How many keys of an example are proposed. The longest examples of open projects have some 500.
const KEYS_LIMIT: usize = 1000;

/// The keys that an example documents, as far as it tells what they hold.
fn documented_keys(example: &str, proposal: &Proposal) -> Vec<(String, KeySpec)> {
    let document = Document::parse(example.as_bytes());
    let mut keys: Vec<(String, KeySpec)> = Vec::new();
    for entry in document.entries() {
        if keys.len() == KEYS_LIMIT {
            break;
        }
        let (key, value) = (&entry.key, entry.value.expose());
        if keys.iter().any(|(known, _)| known == key) || !is_portable_key(key) {
            continue;
        }
        let upper = key.to_ascii_uppercase();
        let spec = if upper.ends_with("DATABASE_URL")
            || matches!(
                upper.as_str(),
                "DIRECT_URL" | "POSTGRES_URL" | "PG_URL" | "DB_URL"
            )
            || recognize(value).is_some()
        {
            url_spec(key, proposal)
        } else if let Some(part) = part_of(&document, key) {
            KeySpec::Part {
                kind: UrlKind::Direct,
                part,
            }
        } else if upper.contains("SECRET")
            && !upper.contains("CLIENT")
            && !upper.contains("AWS")
            && !upper.contains("WEBHOOK")
        {
            RANDOM_SECRET
        } else if value.is_empty()
            || sensitive::is_secret_key(key)
            || sensitive::looks_like_placeholder(value)
        {
            // somebody else's key: nobody here can make it up
            continue;
        } else {
            KeySpec::Literal(value.to_owned())
        };
        keys.push((key.clone(), spec));
    }
    keys
}

/// The part of a connection that a key holds, where the example has at least the host and the password beside it.
///
/// libpq's own names are taken as they are; the common `DB_HOST` and `POSTGRES_HOST` only as a set, and not with the usual port
/// of another server.
fn part_of(document: &Document, key: &str) -> Option<Part> {
    if let Some(part) = Part::of_variable(key) {
        return Some(part);
    }
    let named = |key: &str| {
        let (prefix, rest) = key.split_once('_')?;
        let part = match rest {
            "HOST" => Part::Host,
            "PORT" => Part::Port,
            "USER" | "USERNAME" => Part::User,
            "PASSWORD" | "PASS" => Part::Password,
            "NAME" | "DB" | "DATABASE" => Part::Database,
            "SSLMODE" => Part::SslMode,
            _ => return None,
        };
        matches!(prefix, "DB" | "DATABASE" | "POSTGRES").then(|| (prefix.to_owned(), part))
    };
    let (prefix, part) = named(key)?;
    let beside = |wanted: Part| {
        document
            .entries()
            .find(|entry| named(&entry.key) == Some((prefix.clone(), wanted)))
    };
    let mysql = beside(Part::Port).is_some_and(|port| port.value.expose() == "3306");
    (beside(Part::Host).is_some() && beside(Part::Password).is_some() && !mysql).then_some(part)
}
