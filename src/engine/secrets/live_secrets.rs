//! The secrets that are known: what the env files hold, and the API key.

use crate::engine::secrets::messages::{CLAIM, GENERATED, OF_TEMPORARY};
use crate::{
    core::{facts::CheckState, secret::Secret},
    domain::{
        credentials::{self, Weight},
        dotenv::Document,
        url::{Part, recognize},
    },
    engine::context::{Cx, KnownProject},
    project::settings::KeySpec,
};

/// The live secrets with their names.
pub(super) struct LiveSecrets {
    secrets: Vec<(String, Secret)>,
    /// The password of the temporary database, where there is one.
    temporary: Option<Secret>,
    /// Files that could not be read.
    unread: Vec<String>,
}

impl LiveSecrets {
    /// Reads the env files, and takes what this run has learned.
    pub(super) fn gather(cx: &Cx) -> Self {
        let mut live = Self {
            secrets: Vec::new(),
            temporary: cx
                .project()
                .filter(KnownProject::is_temporary)
                .map(|project| project.connection.password),
            unread: Vec::new(),
        };
        for target in &cx.settings.env {
            let document = match cx.ports.files.read(&cx.settings.path(&target.file)) {
                Ok(None) => continue,
                Ok(Some(bytes)) => Document::parse(&bytes),
                Err(_) => {
                    live.unread.push(target.file.clone());
                    continue;
                }
            };
            for (key, spec) in &target.keys {
                // of a key that stands twice, every value may be live
                for entry in document.all(key) {
                    let value = entry.value.expose();
                    match spec {
                        KeySpec::Url { .. } => live.url(value, key, &target.file),
                        // a URL again, whose password is the secret
                        KeySpec::SameAs(other) if recognize(value).is_some() => {
                            live.url(value, key, other);
                        }
                        KeySpec::Generate { .. } | KeySpec::SameAs(_) => {
                            // a key of a few characters is no key, and would be found everywhere
                            if value.len() >= 16 && !credentials::is_placeholder(value) {
                                // named for where it is made: there it is replaced
                                let file = if let KeySpec::SameAs(other) = spec {
                                    other
                                } else {
                                    &target.file
                                };
                                live.add(format!("{GENERATED}{key} in {file}"), Secret::new(value));
                            }
                        }
                        KeySpec::Part {
                            part: Part::Password,
                            ..
                        } => {
                            if value.len() >= 8 && !credentials::is_placeholder(value) {
                                live.add(
                                    format!("the password {key} in {}", target.file),
                                    Secret::new(value),
                                );
                            }
                        }
                        KeySpec::Part { .. } | KeySpec::Literal(_) => {}
                    }
                }
            }
        }
        if let Some(project) = cx.project() {
            live.add(
                "the database password".to_owned(),
                project.connection.password,
            );
        }
        if let Some(claim) = cx.claim() {
            live.add(CLAIM.to_owned(), claim);
        }
        if let Some(key) = cx.known_key() {
            live.add("the Neon API key".to_owned(), key.key);
        }
        live
    }

    pub(super) fn secrets(&self) -> &[(String, Secret)] {
        &self.secrets
    }

    /// What was looked for, for a person.
    pub(super) fn summary(&self) -> (CheckState, String) {
        let names: Vec<_> = self.secrets.iter().map(|(name, _)| name.as_str()).collect();
        if let Some(file) = self.unread.first() {
            return (
                CheckState::Warning,
                format!("`{file}` could not be read, so its secrets were not looked for"),
            );
        }
        match names.as_slice() {
            [] => (
                CheckState::Skipped,
                "none is known yet: only other credentials were looked for".to_owned(),
            ),
            [only] => (CheckState::Ok, format!("looked for {only}")),
            [.., _] if names.len() <= 3 => {
                (CheckState::Ok, format!("looked for {}", names.join(", ")))
            }
            _ => (
                CheckState::Ok,
                format!("looked for {} secrets", names.len()),
            ),
        }
    }

    fn url(&mut self, value: &str, key: &str, file: &str) {
        let found = credentials::find(value.as_bytes());
        let Some(url) = recognize(value) else {
            return;
        };
        let password = url.password.expose();
        let real = match found.first() {
            Some(credential) => credential.weight == Weight::Real,
            // a form that only the drivers know
            None => password.len() >= 12 && !credentials::is_placeholder(password),
        };
        if real {
            self.add(format!("the password of {key} in {file}"), url.password);
        }
    }

    fn add(&mut self, mut name: String, secret: Secret) {
        if self.temporary.as_ref() == Some(&secret) {
            name.push_str(OF_TEMPORARY);
        }
        if !secret.is_empty() && !self.secrets.iter().any(|(_, known)| *known == secret) {
            self.secrets.push((name, secret));
        }
    }
}
