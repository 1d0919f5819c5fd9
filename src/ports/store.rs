//! Where API keys are kept: the OS keyring, or a consented file.

pub(crate) mod os;

use async_trait::async_trait;

pub(crate) use os::OsStore;

use crate::core::{answer::KeyStorage, facts::KeyringState, failure::Result, secret::Secret};

/// The secret store. Every call ends within 3 s, whatever the keyring does.
#[async_trait]
pub(crate) trait SecretStore: Send + Sync {
    /// Sets, gets and deletes a throw-away entry, which is the only honest test of a keyring.
    async fn self_test(&self) -> KeyringState;

    /// The key stored in that place under this account.
    async fn get(&self, store: KeyStorage, account: &str) -> Result<Option<Secret>>;

    /// Keeps a key.
    async fn set(&self, store: KeyStorage, account: &str, key: &Secret) -> Result<()>;

    /// Forgets a key; `false` when there was none.
    async fn delete(&self, store: KeyStorage, account: &str) -> Result<bool>;

    /// The name of a place, for a person: `GNOME keyring, as neonup/console.neon.tech`.
    fn place(&self, store: KeyStorage, account: &str) -> String;

    /// The `neon` CLI's stored login: the account's name and the key. Read only when asked.
    async fn neon_cli(&self) -> Option<(String, Secret)>;
}
