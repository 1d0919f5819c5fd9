//! The `--store` argument of several commands.

use clap::ValueEnum;

use crate::core::answer::KeyStorage;

/// Where an API key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyStorageArg {
    /// The OS keyring.
    Keyring,
    /// A file with mode 0600, in plain text.
    File,
    /// Nowhere: only until the command ends.
    Session,
}

impl From<KeyStorageArg> for KeyStorage {
    fn from(store: KeyStorageArg) -> Self {
        match store {
            KeyStorageArg::Keyring => Self::Keyring,
            KeyStorageArg::File => Self::File,
            KeyStorageArg::Session => Self::Session,
        }
    }
}
