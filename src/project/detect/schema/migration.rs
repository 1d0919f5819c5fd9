//! A command of a migration tool.

/// A command that brings the database up to date.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Migration {
    pub command: Vec<String>,
    /// Where it runs, relative to the root.
    pub dir: String,
    /// The file that shows the tool.
    pub seen: Option<String>,
    /// Whether it may be run only in an empty database.
    pub only_empty: bool,
}
