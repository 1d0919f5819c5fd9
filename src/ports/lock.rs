//! One lock for each clone: whoever changes it does so alone.

pub(crate) mod os;
#[cfg(test)]
mod tests;

use std::{fs::File, path::PathBuf, sync::Arc};

/// Why the lock is not held.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LockError {
    /// Another process holds it; its id where it is known.
    #[error("another neonup is running in this clone")]
    Busy(Option<u32>),
    #[error("can't lock `{}`: {why}", path.display())]
    NoPlace { path: PathBuf, why: String },
    #[error("there is no folder for a lock")]
    NoFolder,
}

/// The lock of a clone, for as long as this lives. The kernel gives it back when the process ends, however it ends.
#[derive(Debug, Clone)]
pub(crate) struct CloneHold {
    _file: Option<Arc<File>>,
    /// Whether another process has held the lock since this one did: then what was learned before may be over.
    pub changed_hands: bool,
}

impl CloneHold {
    pub(crate) const fn new(file: Option<Arc<File>>, changed_hands: bool) -> Self {
        Self {
            _file: file,
            changed_hands,
        }
    }
}

/// The lock of this clone.
pub(crate) trait CloneLock: Send + Sync {
    /// Takes the lock if it is free, or held by this process already. Never waits.
    fn try_hold(&self) -> Result<CloneHold, LockError>;
}
