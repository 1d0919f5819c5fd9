//! What a stack proposes for a folder: the part of the configuration that differs from one stack to the next.

use crate::{
    domain::url::{Driver, UrlKind},
    project::settings::{BackendSettings, Encoding, KeySpec},
};

/// A random value of 32 bytes, for keys that sign something.
pub(super) const RANDOM_SECRET: KeySpec = KeySpec::Generate {
    encoding: Encoding::Hex,
    bytes: 32,
};

/// What a stack wants in the folder where it was found. [`Proposal::new`] has the usual values.
#[derive(Debug)]
pub(super) struct Proposal {
    /// The library that connects: it decides the form of the URL.
    pub driver: Driver,
    /// The kind of URL, for keys whose name tells neither `DIRECT…` nor `…POOL…`.
    pub url_kind: UrlKind,
    /// The keys that are added where the example has none for the connection.
    pub url_keys: &'static [&'static str],
    /// Whether it needs a URL even where the example has the connection in parts.
    pub needs_url: bool,
    /// Keys beside the URL, where there is no example.
    pub other_keys: Vec<(String, KeySpec)>,
    /// The command that makes the tables; where there is none, Alembic or an SQL file is looked for.
    pub migrate: Option<String>,
    /// How the application is started, where that is known.
    pub backend: Option<BackendSettings>,
    /// The session module that neonup writes and checks; it leaves the code of other stacks alone.
    pub session: Option<SessionModule>,
}

impl Proposal {
    /// A direct URL in `DATABASE_URL`, and nothing else.
    pub(super) const fn new(driver: Driver) -> Self {
        Self {
            driver,
            url_kind: UrlKind::Direct,
            url_keys: &["DATABASE_URL"],
            needs_url: false,
            other_keys: Vec::new(),
            migrate: None,
            backend: None,
            session: None,
        }
    }
}

/// The library that the session module of a FastAPI application uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionModule {
    SqlModel,
    SqlAlchemy,
}

/// An application that is started by `command` in the folder `dir`, without a health route.
pub(super) fn started_by(command: &str, dir: &str) -> BackendSettings {
    BackendSettings {
        dir: dir.to_owned(),
        start: words(command),
        health: None,
        expect: Vec::new(),
    }
}

/// The words of a command that has no quotes.
pub(super) fn words(command: &str) -> Vec<String> {
    command.split(' ').map(str::to_owned).collect()
}
