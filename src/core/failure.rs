//! What went wrong, in one shape that renders as a screen, a line, or JSON; and the exit codes.

use std::fmt;

use crate::core::{
    code::{Code, Severity},
    finding::Finding,
    invocation::Invocation,
    remedy::Remedy,
};

/// Why a step could not do its work: always what, why, and the way out.
///
/// Texts never hold a secret. `what` is a lowercase fragment that names the thing in backticks; `hint` is what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The stable code.
    pub code: Code,
    /// What failed.
    pub what: String,
    /// Why, as far as it is known: the other side's own words where there are some.
    pub why: String,
    /// The fix.
    pub hint: String,
    /// The command that fixes it, where there is one.
    pub command: Option<Box<Invocation>>,
    /// The one thing that fixes it, where a person has to want it.
    pub remedy: Option<Remedy>,
    /// Neon's request id, for its support.
    pub request_id: Option<String>,
}

/// The result of everything that can fail in a way the user must hear of.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// A failure with a code and what failed.
    pub(crate) fn new(code: Code, what: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            why: String::new(),
            hint: String::new(),
            command: None,
            remedy: None,
            request_id: None,
        }
    }

    /// Says why.
    #[must_use]
    pub(crate) fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// Names the command that fixes it, which is the hint unless there is another one.
    #[must_use]
    pub(crate) fn command(mut self, command: Invocation) -> Self {
        if self.hint.is_empty() {
            self.hint = command.to_string();
        }
        self.command = Some(Box::new(command));
        self
    }

    /// Says what to do.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Says what fixes it when it is asked for.
    #[must_use]
    pub(crate) const fn remedy(mut self, remedy: Option<Remedy>) -> Self {
        self.remedy = remedy;
        self
    }

    /// Keeps Neon's request id.
    #[must_use]
    pub(crate) fn request_id(mut self, id: Option<String>) -> Self {
        self.request_id = id;
        self
    }

    /// The same as a finding, which is how JSON and the lines show it.
    pub(crate) fn finding(&self) -> Finding {
        let id = self
            .request_id
            .as_ref()
            .map(|id| format!("(request id {id})"));
        let words: Vec<_> = [Some(self.why.clone()).filter(|why| !why.is_empty()), id]
            .into_iter()
            .flatten()
            .collect();
        let detail = words.join(" ");
        let mut finding = Finding::new(self.code, self.what.clone())
            .severity(Severity::Gap)
            .detail(detail)
            .hint(self.hint.clone())
            .remedy(self.remedy);
        finding.command = self.command.as_deref().cloned();
        finding
    }
}

/// What keeps a step from being done keeps a command from doing it.
impl From<Finding> for Failure {
    fn from(finding: Finding) -> Self {
        let mut failure = Self::new(finding.code, finding.title)
            .why(finding.detail)
            .hint(finding.hint)
            .remedy(finding.remedy);
        failure.command = finding.command.map(Box::new);
        failure
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.what)?;
        if !self.why.is_empty() {
            write!(f, ": {}", self.why)?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        if !self.hint.is_empty() {
            write!(f, "\nhint: {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
