//! The application while it is kept running for its user.

/// What becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AppEvent {
    /// It was started by this command.
    Started { command: String },
    /// It answers.
    Answers(AppAddress),
    /// It couldn't be started, or has ended by itself.
    Ended { why: String },
    /// It was stopped for the user.
    Stopped,
}

/// Where it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppAddress {
    /// Its root, such as `http://localhost:8000/`.
    pub root: String,
    /// The page that documents its API, where it has one.
    pub docs: Option<String>,
}
