//! Why a command could not do its work, as it is printed.

use crate::core::failure::Failure;

/// What failed, why, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ErrorReport {
    /// A lowercase fragment that names the thing in backticks.
    pub what: String,
    /// The reason, as far as it is known.
    pub why: String,
    /// What to do next.
    pub hint: String,
    /// Neon's request id, for its support.
    pub request_id: Option<String>,
}

impl ErrorReport {
    /// Says what failed.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            ..Self::default()
        }
    }

    /// Says why.
    #[must_use]
    pub(crate) fn why(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Why, with the request id.
    pub(crate) fn detail(&self) -> String {
        let id = self
            .request_id
            .as_ref()
            .map(|id| format!("(request id {id})"));
        let why = Some(self.why.clone()).filter(|why| !why.is_empty());
        let parts: Vec<_> = why.into_iter().chain(id).collect();
        parts.join(" ")
    }
}

impl From<&Failure> for ErrorReport {
    fn from(failure: &Failure) -> Self {
        Self {
            what: failure.what.clone(),
            why: failure.why.clone(),
            hint: failure.hint.clone(),
            request_id: failure.request_id.clone(),
        }
    }
}
