//! What a person has agreed to be run in this clone: kept outside the repository, for this user alone.

pub(crate) mod disk;

use crate::{core::trust::CloneCommand, ports::records::RecordError};

/// The consents of one clone. All calls are short.
pub(crate) trait TrustStore: Send + Sync {
    /// What was agreed to, the latest first.
    fn agreed(&self) -> Result<Vec<CloneCommand>, RecordError>;

    /// Remembers consent to these commands, beside what was agreed to before.
    fn agree(&self, commands: &[CloneCommand]) -> Result<(), RecordError>;

    /// Takes all consent back; `false` when there was none.
    fn revoke(&self) -> Result<bool, RecordError>;
}
