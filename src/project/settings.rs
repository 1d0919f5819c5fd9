//! What the user wants, as plain data: the project, its env files, its schema and its application.
//!
//! [`crate::project::resolve`] fills it in once, before anything runs.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    core::{
        code::Code,
        environment::Environment,
        finding::Finding,
        skip::{Skip, SkipTarget},
        step::StepId,
    },
    domain::{
        gate::Gate,
        hex::hex,
        host::{host_and_port, is_loopback},
        reading::Spot,
        url::{Driver, Part, UrlKind},
    },
    os::programs::typed,
    project::draft::Draft,
};

/// The name of the configuration file, in the repository's root.
pub(crate) const CONFIG_FILE: &str = "neonup.toml";

/// The variable that gives consent to the clone's commands for one run: `1`.
pub(crate) const TRUST_VARIABLE: &str = "NEONUP_TRUST";

/// The flags of the command line; everything is optional.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line, and none excludes another"
)]
pub(crate) struct Flags {
    pub api_host: Option<String>,
    pub ca_file: Option<PathBuf>,
    pub timeout: Option<Duration>,
    pub project: Option<String>,
    pub org: Option<String>,
    pub new_project: bool,
    /// The empty project that is to be deleted.
    pub discard: Option<String>,
    pub claimable: bool,
    pub edit_code: bool,
    pub in_place: bool,
    pub store: Option<crate::core::answer::KeyStorage>,
    /// Trust the clone's commands as they are.
    pub trust: bool,
    /// Install no packages of the application: what is there is taken as it is.
    pub installs_nothing: bool,
    /// What is left out in this run.
    pub skips: Vec<Skip>,
}

/// The wanted project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProjectSettings {
    /// Created once under this name, joined ever after.
    pub name: String,
    /// Neon's id, once it is known.
    pub id: Option<String>,
    /// The organization, for keys that see several.
    pub org: Option<String>,
    /// Where a new project is made; `None` leaves it to Neon.
    pub region: Option<String>,
    /// The major version of Postgres of a new project; `None` leaves it to Neon.
    pub postgres: Option<u16>,
    /// `None` is the project's default branch. `{user}` stands for the developer's name.
    pub branch: Option<String>,
    /// After how many days Neon deletes a new developer's branch; `None`: never.
    pub branch_expires_days: Option<u8>,
    /// `None` is the branch's only or first one.
    pub database: Option<String>,
    /// The role that the application logs in as; `None` is the database's owner.
    pub role: Option<String>,
}

/// How a generated value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Lower-case hexadecimal digits, two for a byte.
    Hex,
    /// URL-safe base64 without padding.
    Base64,
}

/// What a key of an env file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeySpec {
    /// The connection URL, in the form that a driver reads.
    Url {
        kind: UrlKind,
        driver: Driver,
    },
    /// One part of the connection, for applications that read the parts.
    Part {
        /// Only the host differs.
        kind: UrlKind,
        part: Part,
    },
    /// A random value, generated once and never changed.
    Generate {
        encoding: Encoding,
        bytes: usize,
    },
    /// The same value as the key of this name in another env file.
    SameAs(String),
    /// A value that only a person can get, such as a payment provider's key: never written, and never judged once it is there.
    ByHand,
    Literal(String),
}

/// A wanted env file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnvTarget {
    /// The path, relative to the root, with forward slashes.
    pub file: String,
    /// The committed example beside it.
    pub example: Option<String>,
    /// Its keys, in the order of the configuration.
    pub keys: Vec<(String, KeySpec)>,
}

impl EnvTarget {
    /// Whether it has keys, all of which a person fills in.
    pub(crate) fn is_by_hand(&self) -> bool {
        !self.keys.is_empty() && self.keys.iter().all(|(_, spec)| *spec == KeySpec::ByHand)
    }
}

/// Where the tables come from, and which are expected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SchemaSettings {
    /// SQL files, relative to the root, run in this order; in one transaction where all of them can.
    pub files: Vec<String>,
    /// Or a command of the project, such as `alembic upgrade head`.
    pub command: Vec<String>,
    /// The folder where the command runs, relative to the root; `None` is the backend's.
    pub dir: Option<String>,
    /// A command that changes nothing, and exits with 0 if nothing is pending, with 1 if something is.
    pub pending: Vec<String>,
    /// Whether the command runs only in a database that has nothing in it yet: it would drop tables, or add its rows again.
    pub only_empty: bool,
    /// The expected tables with their columns.
    pub tables: Vec<(String, Vec<String>)>,
}

/// The application.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct BackendSettings {
    /// Its folder, relative to the root; empty for the root itself.
    pub dir: String,
    /// The command that starts it, run in that folder.
    pub start: Vec<String>,
    /// The URL of its health route.
    pub health: Option<String>,
    /// What the route's JSON must hold.
    pub expect: Vec<(String, String)>,
    /// How long it may take to answer after its start; `None` is the usual time.
    pub timeout: Option<Duration>,
}

impl BackendSettings {
    /// What a person types in the root to start it; `None` where no command is known.
    pub(crate) fn start_line(&self) -> Option<String> {
        if self.start.is_empty() {
            return None;
        }
        let start: Vec<_> = self.start.iter().map(String::as_str).collect();
        let start = typed(&start);
        if self.dir.is_empty() {
            return Some(start);
        }
        Some(format!("cd {} && {start}", typed(&[&self.dir])))
    }
}

/// A value that is proposed, with where it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// What is proposed, as a person knows it: the file of an env file, a key, `start`.
    pub what: String,
    /// The env file that the key is in, where it is one.
    pub env_file: Option<String>,
    /// What shows it; `None` where it is only the custom. The line is 0 where all of the file does.
    pub seen: Option<Spot>,
}

impl Evidence {
    /// What shows something that is no key of an env file.
    pub(crate) fn of(what: &str, seen: Option<Spot>) -> Self {
        Self {
            what: what.to_owned(),
            env_file: None,
            seen,
        }
    }
}

/// What was found in the repository.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RepositoryFacts {
    /// The name of the stack, for a person.
    pub stack: &'static str,
    /// The folder of the application, relative to the root; empty for the root itself.
    pub dir: String,
    /// Other applications that use a database and are not set up: their folders and stacks.
    pub others: Vec<(String, &'static str)>,
    /// Where each of the proposed values was seen.
    pub evidence: Vec<Evidence>,
    /// Where the code opens a Postgres at an address of its own, in place of one from an env file.
    pub fixed: Option<Spot>,
    /// Why there may be more than that; `None` where all files were seen.
    pub cut: Option<&'static str>,
    /// The `neonup.toml` that is proposed.
    pub draft: Draft,
}

/// What the env files are known from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum EnvBasis {
    /// `neonup.toml` names them, or the code and the stack show them.
    #[default]
    Known,
    /// `neonup.toml` names none, and the stack is none that is known.
    Guess,
    /// `neonup.toml` names none, and the code opens a Postgres at an address that no variable is part of.
    Fixed {
        at: Spot,
        /// The application's folder.
        dir: String,
    },
    /// The application uses another database than Postgres.
    OtherServer {
        /// Its name, such as `MySQL`.
        server: &'static str,
        at: Spot,
    },
}

/// Everything that the user wants, resolved.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The repository's root, or the directory where there is no repository.
    pub root: PathBuf,
    /// The configuration file; it may not exist yet.
    pub config_file: PathBuf,
    pub config_exists: bool,
    /// What was found in the repository, where there is no configuration file.
    pub found: Option<Arc<RepositoryFacts>>,
    /// The API's base, without a slash at its end.
    pub api_host: String,
    /// The host of the service of temporary databases, without a slash at its end.
    pub claim_host: String,
    /// The issuer of the login in the browser, without a slash at its end; `None` where none is known for this API.
    pub oauth_host: Option<String>,
    /// An extra root certificate, for the API and for databases.
    pub ca_file: Option<PathBuf>,
    /// The longest that one request or one check may take.
    pub timeout: Duration,
    /// When the program started; ages are counted to here.
    pub now: SystemTime,
    pub environment: Environment,
    pub project: ProjectSettings,
    pub env: Vec<EnvTarget>,
    pub env_basis: EnvBasis,
    pub schema: SchemaSettings,
    pub backend: Option<BackendSettings>,
    /// Whether `neonup.toml` declares the application: then findings about its code are gaps, else warnings.
    pub backend_declared: bool,
    /// The folders of the applications that these settings are of, where they are of several: then nothing is known of how they start,
    /// nor of where their tables come from. Relative to the root.
    pub apps: Vec<String>,
    /// Findings of the secrets step that the project accepts.
    pub accepted: Vec<Accepted>,
    /// What a person has chosen to leave out.
    pub skips: Vec<Skip>,
    pub flags: Flags,
    /// What learns the secrets of this run, and lets them pass no more.
    pub gate: Gate,
}

/// A credential that may stay, with the reason: a test's fixture, a public demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// The file, relative to the root; a folder where it ends in `/`.
    pub path: String,
    /// Only findings of this code; else all of [`Self::CODES`] but the last.
    pub code: Option<Code>,
    pub reason: String,
}

impl Accepted {
    /// The findings that can be accepted; a live secret never can. That a file cannot be searched is accepted only by name: who accepts
    /// the credentials of a folder has not seen what is packed in it.
    pub(crate) const CODES: [Code; 4] = [
        Code::SecretsCredentialInTree,
        Code::SecretsCredentialInHistory,
        Code::SecretsPathInHistory,
        Code::SecretsUnknown,
    ];

    /// Whether it covers this finding.
    pub(crate) fn covers(&self, finding: &Finding) -> bool {
        let code = self.code.map_or_else(
            || Self::CODES.contains(&finding.code) && finding.code != Code::SecretsUnknown,
            |code| code == finding.code,
        );
        let path = finding.path.as_deref().is_some_and(|path| {
            if self.path.ends_with('/') {
                path.starts_with(&self.path)
            } else {
                // an archive's members are part of it
                path.strip_prefix(&self.path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('!'))
            }
        });
        code && path
    }
}

impl Settings {
    /// Whether the environment gives consent to the clone's commands, for this run.
    pub(crate) fn trusts_run(&self) -> bool {
        self.environment.get(TRUST_VARIABLE) == Some("1")
    }

    /// The database that the application uses instead of Postgres, where it does.
    pub(crate) const fn other_server(&self) -> Option<&'static str> {
        match self.env_basis {
            EnvBasis::OtherServer { server, .. } => Some(server),
            EnvBasis::Known | EnvBasis::Guess | EnvBasis::Fixed { .. } => None,
        }
    }

    /// The choice to leave a step out, where somebody made it.
    pub(crate) fn skip_of(&self, step: StepId) -> Option<&Skip> {
        let target = SkipTarget::Step(step);
        self.skips.iter().find(|skip| skip.target == target)
    }

    /// Whether the API is on this machine: then it is the sandbox, and databases on loopback may use its certificate.
    pub(crate) fn is_sandbox(&self) -> bool {
        is_loopback(&self.api_host)
    }

    /// The service that is used, as a title names it.
    pub(crate) fn service(&self) -> &'static str {
        if self.is_sandbox() { "Sandbox" } else { "Neon" }
    }

    /// The application, where it is started to be proved. One without a health route is started, too, unless somebody has left its
    /// proof out: a worker answers nothing.
    pub(crate) fn started(&self) -> Option<&BackendSettings> {
        let target = SkipTarget::Undetermined(Code::HealthAppNotProved);
        let left_out = || self.skips.iter().any(|skip| skip.target == target);
        self.backend
            .as_ref()
            .filter(|backend| !backend.start.is_empty())
            .filter(|backend| backend.health.is_some() || !left_out())
    }

    /// What starts the application, for a person to type.
    pub(crate) fn start_line(&self) -> Option<String> {
        self.backend.as_ref()?.start_line()
    }

    /// The name under which the API key is stored: one for each API host.
    pub(crate) fn key_account(&self) -> String {
        host_and_port(&self.api_host)
    }

    /// The name under which the id of this clone's temporary database is kept: one for each clone and each service.
    pub(crate) fn claim_account(&self) -> String {
        use sha2::{Digest as _, Sha256};
        let digest = Sha256::digest(self.root.as_os_str().as_encoded_bytes());
        let clone: String = hex(&digest).chars().take(16).collect();
        format!("temporary-{}-{clone}", self.claim_name())
    }

    /// The name of the service of temporary databases, for a person: `neon.new`.
    pub(crate) fn claim_name(&self) -> String {
        host_and_port(&self.claim_host)
    }

    /// The folder where the migration command runs, relative to the root; empty for the root itself.
    pub(crate) fn schema_dir(&self) -> &str {
        let backend = || self.backend.as_ref().map(|backend| backend.dir.as_str());
        self.schema
            .dir
            .as_deref()
            .or_else(backend)
            .unwrap_or_default()
    }

    /// The absolute form of a path relative to the root.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The target and key that hold the connection URL: the first one in the order of the configuration.
    pub(crate) fn url_key(&self) -> Option<(&EnvTarget, &str, UrlKind, Driver)> {
        self.env.iter().find_map(|target| {
            target.keys.iter().find_map(|(key, spec)| match spec {
                KeySpec::Url { kind, driver } => Some((target, key.as_str(), *kind, *driver)),
                KeySpec::Part { .. }
                | KeySpec::Generate { .. }
                | KeySpec::SameAs(_)
                | KeySpec::ByHand
                | KeySpec::Literal(_) => None,
            })
        })
    }

    /// The env file that the application reads its connection from, relative to the root.
    pub(crate) fn connection_file(&self) -> Option<&str> {
        let target = match self.url_key() {
            Some((target, ..)) => Some(target),
            None => self.parts_target(),
        };
        target.map(|target| target.file.as_str())
    }

    /// The first env file that holds a connection in parts, where none holds it as a URL.
    pub(crate) fn parts_target(&self) -> Option<&EnvTarget> {
        if self.url_key().is_some() {
            return None;
        }
        let host = |spec: &KeySpec| {
            matches!(
                spec,
                KeySpec::Part {
                    part: Part::Host,
                    ..
                }
            )
        };
        self.env
            .iter()
            .find(|target| target.keys.iter().any(|(_, spec)| host(spec)))
    }
}
