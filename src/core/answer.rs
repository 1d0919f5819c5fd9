//! What a person, or a flag, tells a step to do. Plain data: it can be compared, and holds no code.

use crate::core::secret::Secret;

/// Where a new API key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyStorage {
    /// The OS keyring.
    #[default]
    Keyring,
    /// A 0600 file in clear text; only ever with consent.
    File,
    /// Nowhere: until this process ends.
    Session,
}

/// The answer to a step's question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The safe default, which is what `--yes` and a bare Enter mean: join what exists by its exact name, create only
    /// when nothing does, write new files, touch no existing source file.
    Default,
    /// Login: take this key, and keep it there.
    Key(Secret, KeyStorage),
    /// Login: use the `neon` CLI's stored login, and keep it there.
    NeonCli(KeyStorage),
    /// Login: no account; a temporary database instead.
    Temporary,
    /// Project: join this one, by its id.
    Join(String),
    /// Project: look at all of them, to choose another than the one that is joined. Changes nothing.
    List,
    /// Project: create one of this name, whatever else exists.
    Create(String),
    /// Backend: also apply the shown change to existing source files.
    EditCode,
    /// Env: also overwrite a file where it lies, where it cannot be replaced in one piece.
    InPlace,
    /// Env: bring back what the last write replaced.
    Undo,
    /// Secrets: install the pre-commit hook.
    Hook,
    /// Secrets: a new database password. Login: a new API key.
    Rotate,
}
