//! The application that is kept running.

use std::time::Duration;

use crate::core::app_run::AppAddress;

/// The application, from its start until it is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptApp {
    /// Which start it is; `None` until that is told.
    pub run: Option<u64>,
    pub state: KeptState,
    /// When it was started, in the wizard's time.
    pub since: Duration,
}

/// How it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeptState {
    /// With this command, once that is told.
    Starting(Option<String>),
    Answers(AppAddress),
    /// It has ended by itself, or never began: why.
    Ended(String),
}
