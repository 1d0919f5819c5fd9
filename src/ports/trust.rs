//! What a person has agreed to be run in this clone: kept outside the repository, for this user alone.

pub(crate) mod disk;

use std::{io, path::PathBuf};

use crate::core::trust::CloneCommand;

/// Why consent could not be read, kept or taken back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrustError {
    #[error("there is no home directory to remember it in")]
    NoStateDirectory,
    /// What lies in a repository comes with a clone.
    #[error("`{}` lies inside the repository, where a clone could bring its own consent", .0.display())]
    InsideRepository(PathBuf),
    #[error("`{}` can't be used: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}` holds something else", .0.display())]
    Unreadable(PathBuf),
}

/// The consents of one clone. All calls are short.
pub(crate) trait TrustStore: Send + Sync {
    /// What was agreed to, the latest first.
    fn agreed(&self) -> Result<Vec<CloneCommand>, TrustError>;

    /// Remembers consent to these commands, beside what was agreed to before.
    fn agree(&self, commands: &[CloneCommand]) -> Result<(), TrustError>;

    /// Takes all consent back; `false` when there was none.
    fn revoke(&self) -> Result<bool, TrustError>;
}
