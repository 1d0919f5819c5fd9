//! The secrets that are in use: what the env files hold, the API key, the claim link.

use crate::{
    core::{
        code::Code, facts::CheckState, finding::Finding, invocation::Invocation, secret::Secret,
        step::StepId,
    },
    domain::{
        credentials::{self, Weight},
        dotenv::{self, Document, KEYS_FILE},
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
    /// A private key of dotenvx, by its name and file.
    PrivateKey {
        key: String,
        file: String,
    },
    ApiKey,
    /// A token of the login in the browser.
    Login,
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
                        format!("the {key} password from {file}")
                    }
                    PasswordOrigin::Variable { key, file } => {
                        format!("the password {key} from {file}")
                    }
                    PasswordOrigin::Neon => "the database password".to_owned(),
                };
                if *temporary {
                    format!("{label} (a temporary database)")
                } else {
                    label
                }
            }
            Self::Generated { key, file } => format!("the value of {key} from {file}"),
            Self::PrivateKey { key, file } => format!("the private key {key} from {file}"),
            Self::ApiKey => "the Neon API key".to_owned(),
            Self::Login => "a token of the Neon login".to_owned(),
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
    /// How many secrets were found that were known already.
    again: usize,
    /// Files that could not be read.
    unread: Vec<String>,
    /// The keys that hold a database password by the settings, and why each did not give one.
    without_password: Vec<String>,
    /// Keys whose value is too short to be looked for.
    short: Vec<(String, String)>,
    /// Whether the settings name a key that holds a secret.
    promised: bool,
    /// Whether `neonup.toml` says what the project has; else it was detected.
    declared: bool,
}

/// A shorter generated value is not looked for: a few characters are found everywhere.
const SHORTEST_VALUE: usize = 16;

impl LiveSecrets {
    /// Reads the env files, and takes what this run has learned.
    pub(super) fn gather(cx: &Cx) -> Self {
        let mut live = Self {
            temporary: cx
                .project()
                .filter(KnownProject::is_temporary)
                .map(|project| project.connection.password),
            promised: cx.settings.env.iter().any(promises_secret),
            declared: cx.settings.config_exists,
            ..Self::default()
        };
        for target in &cx.settings.env {
            match cx.ports.files.read(&cx.settings.path(&target.file)) {
                Ok(None) => live.absent(target),
                Ok(Some(bytes)) => live.env_file(target, &Document::parse(&bytes)),
                Err(_) => live.unread.push(target.file.clone()),
            }
            live.private_keys(cx, &keys_file(&target.file));
        }
        if let Some(project) = cx.project() {
            live.add_password(PasswordOrigin::Neon, project.connection.password);
        }
        if let Some(claim) = cx.claim() {
            live.add(LiveSecret::ClaimLink, claim);
        }
        if let Some(known) = cx.known_key() {
            let kind = if known.login.is_some() {
                LiveSecret::Login
            } else {
                LiveSecret::ApiKey
            };
            for secret in known.secrets() {
                live.add(kind.clone(), secret);
            }
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

    /// What should have been looked for and is not known, so that nobody can tell whether it is anywhere.
    pub(super) fn unknown(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for file in &self.unread {
            let title = format!("can't read `{file}`, so its secrets weren't searched for");
            let finding = Finding::new(Code::SecretsUnknown, title);
            findings.push(
                finding
                    .path(file)
                    .hint("make it readable, then run this again"),
            );
        }
        let password = |known: &LiveSecret| matches!(known, LiveSecret::DatabasePassword { .. });
        if !self.without_password.is_empty() && !self.known.iter().any(password) {
            let title = "the live database password isn't known, so it wasn't searched for";
            findings.push(
                Finding::new(Code::SecretsUnknown, title)
                    .detail(self.without_password.join("; "))
                    .command(Invocation::SetupStep(StepId::Env)),
            );
        }
        for (key, file) in &self.short {
            let title = format!("{key} in `{file}` is too short to search for");
            findings.push(
                Finding::new(Code::SecretsUnknown, title)
                    .path(file)
                    .detail(format!(
                        "a value with fewer than {SHORTEST_VALUE} characters would match everywhere"
                    ))
                    .hint("delete the line, then run `neonup setup env` to create a longer value (sessions end)"),
            );
        }
        if !self.promised && !self.declared && self.known.is_empty() {
            let title =
                "no env file with a secret is known here, so no live secret was searched for";
            findings.push(
                Finding::new(Code::SecretsUnknown, title)
                    .detail("there is no neonup.toml in the repository root, and the files don't show what it would contain")
                    .hint("run `neonup init` to write neonup.toml, which lists the env files and their keys"),
            );
        }
        findings
    }

    /// What was looked for, for a person.
    pub(super) fn summary(&self) -> (CheckState, String) {
        if let Some(finding) = self.unknown().first() {
            return (CheckState::Gap, finding.title.clone());
        }
        match self.known.len() {
            0 => (
                CheckState::Ok,
                "neonup.toml lists no secrets; other credentials were searched for".to_owned(),
            ),
            1..=3 => {
                let labels: Vec<_> = self.known.iter().map(LiveSecret::label).collect();
                (
                    CheckState::Ok,
                    format!("searched for {}", labels.join(", ")),
                )
            }
            count => (CheckState::Ok, format!("searched for {count} secrets")),
        }
    }

    /// A target that is not there yet.
    fn absent(&mut self, target: &EnvTarget) {
        if target.keys.iter().any(|(_, spec)| holds_password(spec)) {
            let why = format!("`{}` doesn't exist", target.file);
            self.without_password.push(why);
        }
    }

    fn env_file(&mut self, target: &EnvTarget, document: &Document) {
        let file = &target.file;
        for (key, spec) in &target.keys {
            let before = self.known.len() + self.again;
            // if a key occurs twice, each value may be live
            for entry in document.all(key) {
                let value = entry.value.expose();
                match spec {
                    KeySpec::Url { .. } => self.url(value, key, file, document),
                    // a URL again, whose password is the secret
                    KeySpec::SameAs(other) if recognize(value).is_some() => {
                        self.url(value, key, other, document);
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
                    KeySpec::Part { .. } | KeySpec::ByHand | KeySpec::Literal(_) => {}
                }
            }
            if holds_password(spec) && self.known.len() + self.again == before {
                let why = if document.all(key).next().is_none() {
                    format!("`{file}` has no {key}")
                } else {
                    format!("{key} in `{file}` contains no password of a Neon database")
                };
                self.without_password.push(why);
            }
        }
    }

    /// The keys of dotenvx, where it has any.
    fn private_keys(&mut self, cx: &Cx, file: &str) {
        match cx.ports.files.read(&cx.settings.path(file)) {
            Ok(None) => {}
            Ok(Some(bytes)) => {
                for (key, secret) in dotenv::private_keys(&Document::parse(&bytes)) {
                    let file = file.to_owned();
                    self.add(LiveSecret::PrivateKey { key, file }, secret);
                }
            }
            Err(_) => {
                let file = file.to_owned();
                if !self.unread.contains(&file) {
                    self.unread.push(file);
                }
            }
        }
    }

    fn generated(&mut self, value: &str, key: &str, file: &str) {
        if value.is_empty() || credentials::is_placeholder(value) {
            return;
        }
        if value.len() < SHORTEST_VALUE {
            let short = (key.to_owned(), file.to_owned());
            if !self.short.contains(&short) {
                self.short.push(short);
            }
        } else {
            let secret = LiveSecret::Generated {
                key: key.to_owned(),
                file: file.to_owned(),
            };
            self.add(secret, Secret::new(value));
        }
    }

    fn url(&mut self, value: &str, key: &str, file: &str, document: &Document) {
        let found = credentials::find(value.as_bytes());
        let Some(url) = recognize(value) else {
            return;
        };
        let password = url.password.expose();
        // `${DB_PASSWORD}` is read from its own line of the same file
        if let Some(name) = variable(password) {
            for entry in document.all(name) {
                let value = entry.value.expose();
                if value.len() >= 8 && !credentials::is_placeholder(value) {
                    let origin = PasswordOrigin::Variable {
                        key: name.to_owned(),
                        file: file.to_owned(),
                    };
                    self.add_password(origin, Secret::new(value));
                }
            }
            return;
        }
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
        if secret.is_empty() {
            return;
        }
        if self.labelled.iter().any(|(_, known)| *known == secret) {
            self.again += 1;
            return;
        }
        self.labelled.push((self.known.len().to_string(), secret));
        self.known.push(live);
    }
}

/// Where dotenvx keeps the keys of an env file.
pub(super) fn keys_file(target: &str) -> String {
    match target.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{KEYS_FILE}"),
        None => KEYS_FILE.to_owned(),
    }
}

/// Whether a key of this kind holds the database's password.
const fn holds_password(spec: &KeySpec) -> bool {
    matches!(
        spec,
        KeySpec::Url { .. }
            | KeySpec::Part {
                part: Part::Password,
                ..
            }
    )
}

/// Whether a target has a key that holds a secret.
fn promises_secret(target: &EnvTarget) -> bool {
    let is_secret = |spec: &KeySpec| {
        holds_password(spec)
            || matches!(
                spec,
                KeySpec::Generate { .. } | KeySpec::SameAs(_) | KeySpec::ByHand
            )
    };
    target.keys.iter().any(|(_, spec)| is_secret(spec))
}

/// The variable that a password stands for: `${NAME}` or `$NAME`.
fn variable(password: &str) -> Option<&str> {
    let name = password.strip_prefix('$')?;
    let name = name
        .strip_prefix('{')
        .map_or(Some(name), |name| name.strip_suffix('}'))?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(is_name)).then_some(name)
}
