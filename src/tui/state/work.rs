//! Work that is under way, and the message at its end.

use std::time::Duration;

use crate::core::{answer::Answer, event::Phase};

/// Work that was asked for and has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StepWork {
    pub phase: Phase,
    /// When it was asked for.
    pub since: Duration,
    /// Its run, once it has begun.
    pub run: Option<u64>,
    /// Whether the user asked to cancel it.
    pub cancelled: bool,
    /// Whether the user has asked for a probe, who then hears what came of it.
    pub by_key: bool,
}

/// What was changed last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LastChange {
    /// The answer that was applied.
    pub answer: Option<Answer>,
    /// Whether the last change of the env files was an undo.
    pub undone: bool,
}

/// A message at the bottom that goes away by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toast {
    pub text: String,
    pub until: Duration,
}

/// A spinner that comes at once flickers on fast answers.
pub(crate) const SPINNER_AFTER: Duration = Duration::from_millis(150);
/// Slow enough for a slow line.
pub(crate) const SPINNER_EVERY: Duration = Duration::from_millis(100);
/// How long a toast stays.
pub(crate) const TOAST_FOR: Duration = Duration::from_secs(4);
