//! The secrets that are in use: what the env files hold, the API key, the claim link.

use crate::{
    core::{facts::CheckState, secret::Secret},
    domain::{
        credentials::{self, Weight},
        dotenv::Document,
        url::{Part, recognize},
    },
    engine::context::{Cx, KnownProject},
    ports::repository::LeakedSecret,
    project::settings::{EnvTarget, KeySpec},
};

/// A secret that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LiveSecret {
    DatabasePassword {
        origin: PasswordOrigin,
        /// Whether it is the password of a temporary database, which can't be reset.
        temporary: bool,
    },
    /// A random value that this program made, by the env file in which it is replaced.
    Generated {
        key: String,
        file: String,
    },
    ApiKey,
    /// The id of the temporary database, which claims it.
    ClaimLink,
}

/// Where a password was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PasswordOrigin {
    /// In a connection URL.
    Url { key: String, file: String },
    /// In a variable of its own.
    Variable { key: String, file: String },
    /// Told by Neon.
    Neon,
}

impl LiveSecret {
    /// How it is named to a person.
    pub(super) fn label(&self) -> String {
        match self {
            Self::DatabasePassword { origin, temporary } => {
                let label = match origin {
                    PasswordOrigin::Url { key, file } => {
                        format!("the password of {key} in {file}")
                    }
                    PasswordOrigin::Variable { key, file } => {
                        format!("the password {key} in {file}")
                    }
                    PasswordOrigin::Neon => "the database password".to_owned(),
                };
                if *temporary {
                    format!("{label} (a temporary database)")
                } else {
                    label
                }
            }
            Self::Generated { key, file } => format!("the value of {key} in {file}"),
            Self::ApiKey => "the Neon API key".to_owned(),
            Self::ClaimLink => "the claim link of the temporary database".to_owned(),
        }
    }
}

/// What was found, with all that is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum FoundSecret<'a> {
    Live(&'a LiveSecret),
    Credential(credentials::CredentialKind),
}

impl FoundSecret<'_> {
    pub(super) fn label(self) -> String {
        match self {
            Self::Live(secret) => secret.label(),
            Self::Credential(kind) => kind.label().to_owned(),
        }
    }
}

/// The secrets that are looked for.
#[derive(Default)]
pub(super) struct LiveSecrets {
    known: Vec<LiveSecret>,
    /// The secrets themselves, each labelled with its position in `known`.
    labelled: Vec<(String, Secret)>,
    /// The password of the temporary database, where there is one.
    temporary: Option<Secret>,
    /// Files that could not be read.
    unread: Vec<String>,
}

impl LiveSecrets {
    /// Reads the env files, and takes what this run has learned.
    pub(super) fn gather(cx: &Cx) -> Self {
        let mut live = Self {
            temporary: cx
                .project()
                .filter(KnownProject::is_temporary)
                .map(|project| project.connection.password),
            ..Self::default()
        };
        for target in &cx.settings.env {
            match cx.ports.files.read(&cx.settings.path(&target.file)) {
                Ok(None) => {}
                Ok(Some(bytes)) => live.env_file(target, &Document::parse(&bytes)),
                Err(_) => live.unread.push(target.file.clone()),
            }
        }
        if let Some(project) = cx.project() {
            live.add_password(PasswordOrigin::Neon, project.connection.password);
        }
        if let Some(claim) = cx.claim() {
            live.add(LiveSecret::ClaimLink, claim);
        }
        if let Some(key) = cx.known_key() {
            live.add(LiveSecret::ApiKey, key.key);
        }
        for (known, (_, secret)) in live.known.iter().zip(&live.labelled) {
            // the link is what `claim` shows
            if *known != LiveSecret::ClaimLink {
                cx.settings.gate.close_to(secret);
            }
        }
        live
    }

    /// The secrets, each with an opaque label, for the repository to look for.
    pub(super) fn labelled(&self) -> &[(String, Secret)] {
        &self.labelled
    }

    /// What the repository has found; `None` if it gives a label back that it wasn't given.
    pub(super) fn found(&self, secret: &LeakedSecret) -> Option<FoundSecret<'_>> {
        match secret {
            LeakedSecret::Live(label) => {
                let position = self.labelled.iter().position(|(known, _)| known == label);
                self.known.get(position?).map(FoundSecret::Live)
            }
            LeakedSecret::Credential(kind) => Some(FoundSecret::Credential(*kind)),
        }
    }

    /// What was looked for, for a person.
    pub(super) fn summary(&self) -> (CheckState, String) {
        if let Some(file) = self.unread.first() {
            return (
                CheckState::Warning,
                format!("`{file}` could not be read, so its secrets were not looked for"),
            );
        }
        match self.known.len() {
            0 => (
                CheckState::Skipped,
                "none is known yet: only other credentials were looked for".to_owned(),
            ),
            1..=3 => {
                let labels: Vec<_> = self.known.iter().map(LiveSecret::label).collect();
                (CheckState::Ok, format!("looked for {}", labels.join(", ")))
            }
            count => (CheckState::Ok, format!("looked for {count} secrets")),
        }
    }

    fn env_file(&mut self, target: &EnvTarget, document: &Document) {
        let file = &target.file;
        for (key, spec) in &target.keys {
            // if a key occurs twice, each value may be live
            for entry in document.all(key) {
                let value = entry.value.expose();
                match spec {
                    KeySpec::Url { .. } => self.url(value, key, file),
                    // a URL again, whose password is the secret
                    KeySpec::SameAs(other) if recognize(value).is_some() => {
                        self.url(value, key, other);
                    }
                    // named by the file in which it is generated, since it is replaced there
                    KeySpec::SameAs(other) => self.generated(value, key, other),
                    KeySpec::Generate { .. } => self.generated(value, key, file),
                    KeySpec::Part {
                        part: Part::Password,
                        ..
                    } if value.len() >= 8 && !credentials::is_placeholder(value) => {
                        let origin = PasswordOrigin::Variable {
                            key: key.clone(),
                            file: file.clone(),
                        };
                        self.add_password(origin, Secret::new(value));
                    }
                    KeySpec::Part { .. } | KeySpec::Literal(_) => {}
                }
            }
        }
    }

    fn generated(&mut self, value: &str, key: &str, file: &str) {
        // a few characters are not a secret, and would be found everywhere
        if value.len() >= 16 && !credentials::is_placeholder(value) {
            let secret = LiveSecret::Generated {
                key: key.to_owned(),
                file: file.to_owned(),
            };
            self.add(secret, Secret::new(value));
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
            let origin = PasswordOrigin::Url {
                key: key.to_owned(),
                file: file.to_owned(),
            };
            self.add_password(origin, url.password);
        }
    }

    fn add_password(&mut self, origin: PasswordOrigin, password: Secret) {
        let temporary = self.temporary.as_ref() == Some(&password);
        self.add(LiveSecret::DatabasePassword { origin, temporary }, password);
    }

    fn add(&mut self, live: LiveSecret, secret: Secret) {
        if !secret.is_empty() && !self.labelled.iter().any(|(_, known)| *known == secret) {
            self.labelled.push((self.known.len().to_string(), secret));
            self.known.push(live);
        }
    }
}
