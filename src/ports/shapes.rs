//! What files of SQL make. They are run in a Postgres of our own that lives for the question, never in the user's database; its
//! adapter is the sandbox's (`sandbox::shapes`).

use std::time::Duration;

use async_trait::async_trait;

use crate::ports::database::{DatabaseError, SchemaShape, SqlFile};

/// The files of a schema, and how they will be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SchemaQuestion {
    pub files: Vec<SqlFile>,
    /// The role that will run them, since they may name it.
    pub role: String,
    /// The database, since they may name it.
    pub database: String,
}

/// Why it is not known what the files make.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotDetermined {
    /// No Postgres is carried, and none is installed.
    #[error("there is no Postgres on this machine to test the files in")]
    NoEngine { reason: String },
    #[error("the Postgres for testing the files doesn't run here")]
    NotStarted { reason: String },
    /// A file fails there; the extensions are those that it lacks.
    #[error("the files fail in the Postgres used to test them")]
    Refused {
        error: Box<DatabaseError>,
        missing: Vec<String>,
    },
    #[error("the files didn't finish within {} s", .limit.as_secs())]
    TooSlow { limit: Duration },
    #[error("the files create more than {megabytes} MB")]
    TooLarge { megabytes: u64 },
}

/// Finds out what files of SQL make.
#[async_trait]
pub(crate) trait Shapes: Send + Sync {
    /// Returns what the files make in an empty database.
    async fn shape(&self, question: &SchemaQuestion) -> Result<SchemaShape, NotDetermined>;
}
