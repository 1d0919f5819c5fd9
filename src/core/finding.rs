//! Findings: what a probe saw.

use serde::Serialize;

use crate::core::{
    code::{Code, Severity},
    invocation::Invocation,
    remedy::Remedy,
    trust::CloneCommand,
};

/// One thing a probe saw. It never holds a secret: every text in it is fit for a screen, a log and a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// The stable code.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence fragment: what is the matter.
    pub title: String,
    /// Why it matters, or what exactly was seen.
    pub detail: String,
    /// The file it is about, relative to the repository's root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The 1-based line in that file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What to do: a command or a sentence.
    pub hint: String,
    /// The command that fixes it, where there is one.
    #[serde(skip)]
    pub command: Option<Invocation>,
    /// Whether the step's apply fixes it.
    pub fixable: bool,
    /// Whether it says that something was not found out, rather than that something is wrong.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub undetermined: bool,
    /// The code of the finding that this one follows from: fixed there, it goes as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follows: Option<Code>,
    /// The one thing that fixes it beside that, where a person has to want it.
    #[serde(skip)]
    pub remedy: Option<Remedy>,
    /// The command of the clone that it asks consent for.
    #[serde(skip)]
    pub untrusted: Option<Box<CloneCommand>>,
}

impl Finding {
    /// A finding with the code's own severity, no detail, no hint, not fixable.
    pub(crate) fn new(code: Code, title: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            title: title.into(),
            detail: String::new(),
            path: None,
            line: None,
            hint: String::new(),
            command: None,
            fixable: false,
            undetermined: false,
            follows: None,
            remedy: None,
            untrusted: None,
        }
    }

    /// Sets the severity.
    #[must_use]
    pub(crate) const fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Sets the detail.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Sets the file.
    #[must_use]
    pub(crate) fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Sets the 1-based line.
    #[must_use]
    pub(crate) const fn line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    /// Names the command that fixes it, which is the hint unless there is another one.
    #[must_use]
    pub(crate) fn command(mut self, command: Invocation) -> Self {
        if self.hint.is_empty() {
            self.hint = command.to_string();
        }
        self.command = Some(command);
        self
    }

    /// Sets the hint.
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

    /// Says which command waits for consent.
    #[must_use]
    pub(crate) fn asks_for(mut self, command: CloneCommand) -> Self {
        self.untrusted = Some(Box::new(command));
        self
    }

    /// Says that the step's apply fixes it.
    #[must_use]
    pub(crate) const fn fixable(mut self) -> Self {
        self.fixable = true;
        self
    }
}
