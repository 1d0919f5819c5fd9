//! The committed example beside an env file: it documents every key, and holds no secret.

use std::{collections::HashSet, path::PathBuf};

use crate::{
    core::{
        code::Code,
        facts::{Check, CheckState, EnvFile},
        failure::Result,
        finding::Finding,
        secret::Secret,
    },
    domain::{
        credentials::is_placeholder,
        diff,
        dotenv::{Document, EnvEntry, beyond_limit},
        sensitive,
        url::{Connection, Part, recognize},
    },
    engine::{
        context::Cx,
        env::messages::FIX,
        failures::files::{env_not_read, env_too_large},
    },
    project::settings::{Encoding, EnvTarget, KeySpec},
};

/// The first lines of a new example.
const HEAD: &[&str] = &[
    "# Copy this file to .env and fill it in, or run: neonup setup",
    "# SECURITY: never commit the .env itself. DATABASE_URL contains a password.",
];

/// The placeholder for a secret.
const CHANGE_ME: &str = "change-me";
/// How many secrets of an example are listed and replaced: a file with more is not an example.
const SECRETS_LIMIT: usize = 100;

/// The example: what is there, and what a write would make of it.
pub(super) struct ExampleInspection {
    pub(super) file: String,
    pub(super) path: PathBuf,
    pub(super) bytes: Option<Vec<u8>>,
    document: Document,
    pub(super) wanted: Document,
    pub(super) findings: Vec<Finding>,
    changed: usize,
    added: usize,
}

impl ExampleInspection {
    /// Inspects the example of a target; `live` is the target as it is wanted.
    pub(super) fn read(cx: &Cx, spec: &EnvTarget, live: &Document) -> Result<Option<Self>> {
        let Some(file) = spec.example.clone() else {
            return Ok(None);
        };
        let path = cx.settings.path(&file);
        let bytes = cx
            .ports
            .files
            .read(&path)
            .map_err(|error| env_not_read(&file, &path, &error))?;
        if let Some(limit) = bytes.as_deref().and_then(beyond_limit) {
            return Err(env_too_large(&file, limit));
        }
        let document = Document::parse(bytes.as_deref().unwrap_or_default());
        let mut inspection = Self {
            file,
            path,
            bytes,
            wanted: document.clone(),
            document,
            findings: Vec::new(),
            changed: 0,
            added: 0,
        };
        inspection.replace_secrets(spec, live);
        inspection.complete(spec);
        Ok(Some(inspection))
    }

    pub(super) fn changes(&self) -> bool {
        self.bytes.as_deref().unwrap_or_default() != self.wanted.bytes()
    }

    /// What the screen shows of it: only a change.
    pub(super) fn shown(&self) -> Option<EnvFile> {
        if !self.changes() {
            return None;
        }
        let diff = diff::env(&self.document, &self.wanted, &[]);
        Some(EnvFile {
            file: self.file.clone(),
            checks: vec![Check::new(
                "example",
                CheckState::Gap,
                "lists every key and contains no secrets",
            )],
            untouched: diff::untouched(&diff),
            diff,
            changed: self.changed,
            added: self.added,
            undo: false,
            example: true,
        })
    }

    /// Replaces real secrets by placeholders.
    fn replace_secrets(&mut self, spec: &EnvTarget, live: &Document) {
        let mut keys = HashSet::new();
        let mut found: Vec<(String, u32, bool)> = self
            .document
            .entries()
            .filter(|entry| holds_secret(entry, spec, live) && keys.insert(entry.key.as_str()))
            .take(SECRETS_LIMIT + 1)
            .map(|entry| {
                let is_url = recognize(entry.value.expose()).is_some();
                (entry.key.clone(), entry.line, is_url)
            })
            .collect();
        if found.len() > SECRETS_LIMIT {
            found.truncate(SECRETS_LIMIT);
            self.findings.push(
                Finding::new(
                    Code::EnvExampleHoldsSecret,
                    format!(
                        "`{}` contains more than {SECRETS_LIMIT} real secrets",
                        self.file
                    ),
                )
                .path(&self.file)
                .detail("the rest are neither listed nor replaced")
                .hint("check that this is really the example; if not, set another file in neonup.toml"),
            );
        }
        for (key, line, is_url) in found {
            let value = spec
                .keys
                .iter()
                .find(|(name, _)| *name == key)
                .map_or_else(|| CHANGE_ME.to_owned(), |(_, spec)| placeholder(spec));
            let replaced = self.wanted.set(&key, &value).is_ok();
            self.changed += usize::from(replaced);
            let mut finding = Finding::new(
                Code::EnvExampleHoldsSecret,
                format!("`{key}` in `{}` is a real secret", self.file),
            )
            .path(&self.file)
            .line(line)
            .detail("the file is committed, so anyone with the repository has the secret")
            .command(FIX)
            .hint(leaked_hint(&key, spec, is_url));
            finding.fixable = replaced;
            self.findings.push(finding);
        }
    }

    /// Adds the keys that are not documented, each with a comment.
    fn complete(&mut self, spec: &EnvTarget) {
        let missing: Vec<_> = spec
            .keys
            .iter()
            .filter(|(key, _)| self.document.get(key).is_none() && !self.mentions(key))
            .collect();
        if missing.is_empty() {
            return;
        }
        let names: Vec<_> = missing.iter().map(|(key, _)| key.as_str()).collect();
        self.findings.push(
            Finding::new(
                Code::EnvExampleMissingKey,
                if self.bytes.is_none() {
                    format!("`{}` doesn't exist", self.file)
                } else {
                    format!("`{}` doesn't list {}", self.file, names.join(", "))
                },
            )
            .path(&self.file)
            .command(FIX)
            .fixable(),
        );
        if self.bytes.is_none() {
            let head: Vec<String> = HEAD.iter().map(|line| (*line).to_owned()).collect();
            self.wanted.append(&head);
        }
        for (key, key_spec) in missing {
            if let Some(comment) = comment(key_spec) {
                let mut lines = Vec::new();
                if !self.wanted.bytes().is_empty() {
                    lines.push(String::new());
                }
                lines.push(format!("# {comment}"));
                self.wanted.append(&lines);
            }
            let written = self.wanted.set(key, &placeholder(key_spec)).is_ok();
            self.added += usize::from(written);
        }
    }

    /// Whether a comment documents a key, as `# KEY=…`.
    fn mentions(&self, key: &str) -> bool {
        String::from_utf8_lossy(self.document.bytes())
            .lines()
            .filter_map(|line| line.trim_start().strip_prefix('#'))
            .any(|line| {
                line.trim_start_matches(['#', ' '])
                    .strip_prefix(key)
                    .is_some_and(|rest| rest.trim_start().starts_with('='))
            })
    }
}

/// Whether a value of an example is a real secret.
fn holds_secret(entry: &EnvEntry, spec: &EnvTarget, live: &Document) -> bool {
    let value = entry.value.expose();
    if value.is_empty()
        || sensitive::looks_like_placeholder(value)
        || sensitive::looks_masked(value)
    {
        return false;
    }
    let literal = spec.keys.iter().any(
        |(key, spec)| matches!(spec, KeySpec::Literal(text) if *key == entry.key && text == value),
    );
    if literal {
        return false;
    }
    let same = live.get(&entry.key).map(Secret::expose) == Some(value);
    if let Some(read) = recognize(value) {
        // a password for one's own machine is an example; anything else might open something
        let local = matches!(
            read.host.as_str(),
            "localhost" | "127.0.0.1" | "::1" | "db" | "postgres"
        );
        let password = read.password.expose();
        return !password.is_empty() && (same || !(local || is_placeholder(password)));
    }
    if sensitive::is_token(value) {
        return true;
    }
    // a long word may be a bucket or a commit, and a copy of the example isn't proof that it is secret: only what we make is ours to judge
    let ours = spec.keys.iter().any(|(key, spec)| {
        *key == entry.key
            && matches!(
                spec,
                KeySpec::Generate { .. }
                    | KeySpec::SameAs(_)
                    | KeySpec::Part {
                        part: Part::Password,
                        ..
                    }
            )
    });
    same && ours
}

/// The placeholder for a value.
fn placeholder(spec: &KeySpec) -> String {
    match spec {
        KeySpec::Url { kind, driver } => Connection {
            host: "host".to_owned(),
            pooled_host: "host".to_owned(),
            port: None,
            database: "database".to_owned(),
            role: "user".to_owned(),
            password: Secret::new("password"),
            channel_binding: false,
        }
        .url(*kind, *driver)
        .expose()
        .to_owned(),
        KeySpec::Part { part, .. } => match part {
            Part::Host => "host".to_owned(),
            Part::Port => "5432".to_owned(),
            Part::Database => "database".to_owned(),
            Part::User => "user".to_owned(),
            Part::Password => "password".to_owned(),
            Part::SslMode => "require".to_owned(),
        },
        KeySpec::Generate { .. } | KeySpec::SameAs(_) => CHANGE_ME.to_owned(),
        KeySpec::ByHand => String::new(),
        KeySpec::Literal(text) if sensitive::is_secret_value(text) => CHANGE_ME.to_owned(),
        KeySpec::Literal(text) => text.clone(),
    }
}

/// The comment above a key.
fn comment(spec: &KeySpec) -> Option<String> {
    match spec {
        KeySpec::Url { .. } | KeySpec::Part { .. } => {
            Some("from Connect in the Neon console; neonup setup writes it".to_owned())
        }
        KeySpec::Generate {
            encoding: Encoding::Hex,
            bytes,
        } => Some(format!("random: openssl rand -hex {bytes}")),
        KeySpec::Generate {
            encoding: Encoding::Base64,
            bytes,
        } => Some(format!("random: openssl rand -base64 {bytes}")),
        KeySpec::SameAs(file) => Some(format!("same as in {file}")),
        KeySpec::ByHand => {
            Some("from its provider, or your choice: each developer fills it in".to_owned())
        }
        KeySpec::Literal(_) => None,
    }
}

/// What to do about a secret that the example holds.
fn leaked_hint(key: &str, target: &EnvTarget, is_url: bool) -> String {
    let generated = target
        .keys
        .iter()
        .any(|(name, spec)| name == key && matches!(spec, KeySpec::Generate { .. }));
    let then = if is_url {
        "run `neonup rotate`".to_owned()
    } else if generated {
        format!(
            "delete the line of {key} in {}, then run it again",
            target.file
        )
    } else {
        "have a new one issued".to_owned()
    };
    format!("run neonup setup env to remove it; if it was ever committed, {then}")
}
