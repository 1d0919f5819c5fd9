//! Remedies: fixes that are never applied unasked.

use crate::core::invocation::Invocation;

/// What fixes something and is never done unasked; the most urgent last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Remedy {
    /// Overwriting an env file where it lies.
    OverwriteInPlace,
    /// A new API key.
    RotateKey,
    /// A new database password.
    RotatePassword,
}

impl Remedy {
    /// The command that does it.
    pub(crate) const fn command(self) -> Invocation {
        match self {
            Self::OverwriteInPlace => Invocation::OverwriteInPlace,
            Self::RotateKey => Invocation::RotateKey,
            Self::RotatePassword => Invocation::RotatePassword,
        }
    }
}
