//! What a stack proposes for a folder: the part of the configuration that differs from one stack to the next.

use crate::{
    domain::url::{Driver, UrlKind},
    project::detect::{manifests::Language, start::Start},
    project::settings::{Encoding, KeySpec},
};

/// A random value of 32 bytes, for keys that sign something.
pub(super) const RANDOM_SECRET: KeySpec = KeySpec::Generate {
    encoding: Encoding::Hex,
    bytes: 32,
};

/// What a stack wants in the folder where it was found. [`Proposal::new`] has the usual values.
#[derive(Debug)]
pub(super) struct Proposal {
    /// The language of its code, where that is read.
    pub language: Option<Language>,
    /// The library that connects: it decides the form of the URL.
    pub driver: Driver,
    /// The keys of the connection, where neither the code nor an example names one.
    pub url_keys: Vec<(String, UrlKind)>,
    /// The way that a key leads, where the project's own files say so.
    pub url_kinds: Vec<(String, UrlKind)>,
    /// Whether it needs a URL even where the example has the connection in parts.
    pub needs_url: bool,
    /// The command that makes the tables; where there is none, Alembic or an SQL file is looked for.
    pub migrate: Option<Vec<String>>,
    /// How the application is started, where that is known.
    pub start: Option<Start>,
    /// The path of its health route with what its JSON holds, where the code promises it.
    pub promised: Option<(String, Vec<(String, String)>)>,
    /// The session module that neonup writes and checks; it leaves the code of other stacks alone.
    pub session: Option<SessionModule>,
}

impl Proposal {
    /// A direct URL in `DATABASE_URL`, and nothing else.
    pub(super) fn new(driver: Driver) -> Self {
        Self {
            language: None,
            driver,
            url_keys: vec![("DATABASE_URL".to_owned(), UrlKind::Direct)],
            url_kinds: Vec::new(),
            needs_url: false,
            migrate: None,
            start: None,
            promised: None,
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

/// The words of a command that has no quotes.
pub(super) fn words(command: &str) -> Vec<String> {
    command.split(' ').map(str::to_owned).collect()
}
