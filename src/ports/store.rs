//! Where API keys are kept: the OS keyring, or a consented file.

pub(crate) mod os;

use std::{fs::File, io, path::PathBuf};

use async_trait::async_trait;

use crate::core::{answer::KeyStorage, facts::KeyringState, secret::Secret};

/// Why a key could not be read, stored or deleted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the OS keyring can't store the key")]
    Keyring(#[from] KeyringError),
    #[error("can't use the key file `{}`", .path.display())]
    File { path: PathBuf, source: io::Error },
    /// `HOME` is not set, or isn't an absolute path.
    #[error("there is no folder for a key file")]
    NoFolder,
    /// The home lies in the repository, whose next commit could take it.
    #[error("the key file `{}` would be inside this repository", .0.display())]
    InRepository(PathBuf),
}

/// What is wrong with the OS keyring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyringError {
    #[error("no keyring service is running in this session")]
    NoService,
    #[error("it is locked, or has no default collection")]
    Locked,
    #[error("it didn't answer within 3 s: it may be waiting to be unlocked")]
    NoAnswer,
    #[error("the keyring library panicked")]
    Panicked,
    #[error("it has no place for the key")]
    NoPlace,
    #[error("it forgets what it was just given")]
    Forgets,
    #[error("it returns something other than what was stored")]
    Corrupts,
    #[error("{0}")]
    Other(String),
}

/// The turn to replace the key of an account, for as long as this lives. The kernel gives it back when the process ends.
#[derive(Debug)]
pub(crate) struct KeyHold {
    _file: Option<File>,
}

impl KeyHold {
    pub(crate) const fn new(file: Option<File>) -> Self {
        Self { _file: file }
    }
}

/// The secret store. Every call ends within 3 s, whatever the keyring does.
#[async_trait]
pub(crate) trait SecretStore: Send + Sync {
    /// Sets, gets and deletes a throw-away entry, which is the only honest test of a keyring.
    async fn self_test(&self) -> KeyringState;

    /// Reads the key of this account.
    async fn get(&self, store: KeyStorage, account: &str) -> Result<Option<Secret>, StoreError>;

    /// Stores a key.
    async fn set(&self, store: KeyStorage, account: &str, key: &Secret) -> Result<(), StoreError>;

    /// Deletes a key; `false` when there was none.
    async fn delete(&self, store: KeyStorage, account: &str) -> Result<bool, StoreError>;

    /// Reads the note of this account, which holds no secret.
    async fn note(&self, account: &str) -> Result<Option<String>, StoreError>;

    /// Writes the note of this account: a file beside the key files, wherever the key itself is.
    async fn set_note(&self, account: &str, text: &str) -> Result<(), StoreError>;

    /// Deletes the note of this account.
    async fn delete_note(&self, account: &str) -> Result<(), StoreError>;

    /// Takes the turn to replace the key of this account; `None` while another process has it.
    fn hold(&self, account: &str) -> Result<Option<KeyHold>, StoreError>;

    /// Makes sure that a file can keep a key, without writing one.
    fn check_file(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Removes key files that were being written when their process was killed. Gives those that could not be removed.
    fn sweep(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// The files in the program's own folders that hold one of these secrets, or may.
    fn holding(&self, _secrets: &[Secret]) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Names a place for a person: `GNOME keyring, as neonup/console.neon.tech`.
    fn place(&self, store: KeyStorage, account: &str) -> String;

    /// Reads the `neon` CLI's stored login: the account's name and the key. Only when the user asks for it.
    async fn neon_cli(&self) -> Option<(String, Secret)>;
}
