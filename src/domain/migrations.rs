//! Migration tools: which one a command runs, how it is asked whether something is pending, and what it answers.
//!
//! A tool is known only where its answer is certain: the question applies nothing, whatever the database holds, and the two answers
//! can't be mistaken for each other. All others are asked with the project's own `[schema] pending`.

mod answer;
mod fixed;
mod recognize;
#[cfg(test)]
mod tests;

pub(crate) use answer::{answer, models_agree, models_differ, plain_lines};
pub(crate) use fixed::FixedAddress;
pub(crate) use recognize::{asking, fixed_address, forced_push, pushes, says_pushed};

/// A tool that can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    Alembic,
    FlaskMigrate,
    Django,
    Prisma,
    Knex,
    Dbmate,
    /// The project's own `[schema] pending`.
    Own,
}

impl Tool {
    /// Its name, for a person.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Alembic => "Alembic",
            Self::FlaskMigrate => "Flask-Migrate",
            Self::Django => "Django",
            Self::Prisma => "Prisma",
            Self::Knex => "Knex",
            Self::Dbmate => "dbmate",
            Self::Own => "[schema] pending",
        }
    }

    /// The columns by which the table of its history is known, whatever it is called; empty where that isn't known.
    pub(crate) const fn history(self) -> &'static [&'static str] {
        match self {
            Self::Alembic | Self::FlaskMigrate => &["version_num"],
            Self::Django => &["id", "app", "name", "applied"],
            Self::Prisma => &["id", "checksum", "migration_name", "applied_steps_count"],
            Self::Knex => &["id", "name", "batch", "migration_time"],
            Self::Dbmate => &["version"],
            Self::Own => &[],
        }
    }

    /// Whether the question makes the table of its history where there is none: then it is asked in a read-only session alone.
    pub(crate) const fn writes(self) -> bool {
        matches!(self, Self::Knex)
    }
}

/// How far a migration command goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MigrationTarget {
    /// To the end of all branches.
    All,
    /// To the only head; it fails where there are several.
    OneHead,
    /// No further than this.
    Revision(String),
}

/// What is asked, and of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inquiry {
    pub tool: Tool,
    pub target: MigrationTarget,
    /// What fails where the runner has no environment, which it would make: asked before all others.
    pub ready: Option<Vec<String>>,
    /// The commands, in the order in which they are asked.
    pub questions: Vec<Vec<String>>,
    /// Asked when nothing is pending: whether the migrations make what the models say.
    pub models: Option<Vec<String>>,
}

impl Inquiry {
    /// Every command that may be run.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &Vec<String>> {
        self.ready.iter().chain(&self.questions).chain(&self.models)
    }
}

/// Why nobody can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoQuestion {
    /// The tool isn't known, or what its command does.
    Unknown,
    /// The tool keeps no history: `prisma db push`, `drizzle-kit push`.
    NoHistory,
}

/// How to find out whether something is pending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asking {
    /// By a command of the clone.
    Program(Inquiry),
    /// `drizzle-kit` tells nothing of the database: its journal is compared with its table, which takes no program.
    Drizzle {
        /// The file of `--config`, where one is given.
        config: Option<String>,
    },
    Nobody(NoQuestion),
}

/// How a question ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolReply {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Both streams.
    pub text: String,
    /// Whether there was more before it.
    pub cut: bool,
}

/// What a tool answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ToolAnswer {
    /// Nothing is pending. Where the database stands, where the tool says it.
    Nothing {
        at: Option<String>,
    },
    Pending {
        /// What, by name; empty where the tool doesn't say.
        names: Vec<String>,
        /// Where the database stands.
        at: Option<String>,
        /// Whether the migration command goes there.
        reached: bool,
    },
    /// The migrations don't fit together, or with the database: to run them fails, or is wrong.
    Conflict(Conflict),
    Unclear(Unclear),
}

/// What doesn't fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// The database has a migration that the repository has not.
    UnknownToFiles(String),
    /// Several migrations are the last one.
    SeveralHeads(Vec<String>),
    /// A migration was begun and not ended.
    HalfApplied(Vec<String>),
    /// The tool says so in its own words.
    Told(String),
}

/// Why an answer tells nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unclear {
    /// There is no migration.
    NoMigrations,
    /// It prints more than is read.
    TooLong,
    /// It would have written; its session is read-only.
    WouldWrite,
    /// It ended with this code (`None`: a signal) and these last words.
    Failed { code: Option<i32>, last: String },
    /// It ended well, and its words are none that are known.
    NotUnderstood { last: String },
}
