//! Remedies: fixes that are never applied unasked.

/// What mends something and is never done unasked; the most urgent last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Overwriting an env file where it lies.
    OverwriteInPlace,
    /// A new API key.
    RotateKey,
    /// A new database password.
    RotatePassword,
}

impl Remedy {
    /// The command that does it.
    pub const fn command(self) -> &'static str {
        match self {
            Self::OverwriteInPlace => "neonup setup env --in-place",
            Self::RotateKey => "neonup rotate --api-key",
            Self::RotatePassword => "neonup rotate",
        }
    }
}
