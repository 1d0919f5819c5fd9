//! What an application's own code says about its environment and its database, whatever its language.
//!
//! Each language has a reader that fills a [`Reading`] from the syntax of the files, such as [`crate::domain::python`]. What is
//! proposed for a repository stands on it, and names the file and the line.

use std::{collections::BTreeSet, ops::Range};

use crate::{
    core::proof::Coverage,
    domain::url::{Driver, Part},
};

/// A line of a file, by its path relative to the repository's root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub file: String,
    pub line: u32,
}

/// What the code of one folder says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The variables that it reads; one for each key and place, in the order of files and lines.
    pub reads: Vec<EnvRead>,
    /// The env files that it loads by name.
    pub files: Vec<EnvFileRead>,
    /// The databases that it opens.
    pub opens: Vec<DatabaseOpening>,
    /// The paths that it answers to `GET`, without those that have parameters.
    pub routes: Vec<Route>,
    /// The variables that it signs its own tokens and cookies with.
    pub signs: BTreeSet<String>,
    /// The packages from outside of the repository that it imports, with the first place of each: the first part of a Python module's
    /// name, the name of an npm package.
    pub packages: Vec<(String, Spot)>,
    /// What could not be read.
    pub coverage: Coverage,
}

/// A place where a variable of the environment is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnvRead {
    pub key: String,
    pub at: Spot,
    /// Whether the program fails or is told to fail without it: there is no default beside it.
    pub required: bool,
    /// Whether the read itself gives nothing where the variable is not set, and the program goes on (`os.getenv("KEY")`): only what uses
    /// the value may fail.
    pub goes_on: bool,
}

/// A place where an env file is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EnvFileRead {
    /// Relative to the repository's root, without `.` and `..` but for those that lead out of it. What the code names relative to
    /// the folder where the program runs, or searches from there, is taken to run in the application's folder.
    pub path: String,
    pub at: Spot,
    /// The keys that the loader takes, where it refuses every other one (pydantic's `extra="forbid"`, its default).
    pub only: Option<BTreeSet<String>>,
}

/// A place where a database is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatabaseOpening {
    pub server: DatabaseKind,
    /// The variables that its address is read from as a whole, as far as the code shows.
    pub keys: BTreeSet<String>,
    /// The variables that parts of its address are read from, where the code puts it together.
    pub parts: Vec<(String, Part)>,
    /// What of its address is written in the code itself.
    pub written: Vec<WrittenAddress>,
    pub at: Spot,
}

impl DatabaseOpening {
    /// Whether no variable is part of its address.
    pub(crate) fn is_fixed(&self) -> bool {
        self.keys.is_empty() && self.parts.is_empty()
    }
}

/// A value in the code that is the address of a database, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrittenAddress {
    pub at: Spot,
    /// Where the expression stands in its file, in bytes.
    pub span: Range<usize>,
    /// Which part it is; `None` for a whole address.
    pub part: Option<Part>,
    /// Whether it leads to another machine.
    pub foreign: bool,
}

/// The kind of a database, with what opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DatabaseKind {
    /// Postgres, over a client that wants this form of the URL.
    Postgres(Driver),
    /// What decides is in the URL alone: it may be Postgres (SQLAlchemy's `create_engine`, Sequelize, knex with a URL).
    ByUrl,
    /// The same, over a driver that works asynchronously: an engine of SQLAlchemy's `create_async_engine` fails on any other.
    AsyncByUrl,
    MySql,
    Sqlite,
    MongoDb,
    MicrosoftSql,
}

/// A path that is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// With its slash: `/health`.
    pub path: String,
    pub at: Spot,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            reads: Vec::new(),
            files: Vec::new(),
            opens: Vec::new(),
            routes: Vec::new(),
            signs: BTreeSet::new(),
            packages: Vec::new(),
            coverage: Coverage::complete(),
        }
    }
}

impl Reading {
    /// Adds what another part of the code says.
    pub(crate) fn join(&mut self, other: Self) {
        self.reads.extend(other.reads);
        self.files.extend(other.files);
        self.opens.extend(other.opens);
        self.routes.extend(other.routes);
        self.signs.extend(other.signs);
        for (package, at) in other.packages {
            if !self.packages.iter().any(|(known, _)| *known == package) {
                self.packages.push((package, at));
            }
        }
        self.coverage.join(other.coverage);
    }
}
