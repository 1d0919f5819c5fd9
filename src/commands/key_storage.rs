//! The `--store` argument of several commands.

use clap::ValueEnum;

use crate::core::answer::KeyStorage;

/// Where an API key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyStorageArg {
    /// The OS keyring.
    Keyring,
    /// A 0600 file, in clear.
    File,
    /// Nowhere: until the process ends.
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
