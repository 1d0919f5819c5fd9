//! A keyring, a key file and the `neon` CLI's credentials, in memory.

use async_trait::async_trait;

use crate::{
    core::{answer::KeyStorage, facts::KeyringState, secret::Secret},
    ports::store::{KeyHold, SecretStore, StoreError},
    testing::world::World,
};

#[async_trait]
impl SecretStore for World {
    async fn self_test(&self) -> KeyringState {
        self.with(|state| {
            state
                .keyring
                .clone()
                .map_or(KeyringState::Ready, KeyringState::Unavailable)
        })
    }

    async fn get(&self, store: KeyStorage, account: &str) -> Result<Option<Secret>, StoreError> {
        Ok(self.with(|state| {
            state
                .stored
                .get(&(store as u8, account.to_owned()))
                .map(Secret::new)
        }))
    }

    async fn set(&self, store: KeyStorage, account: &str, key: &Secret) -> Result<(), StoreError> {
        self.changing("store key").await;
        if self.with(|state| state.store_refuses) {
            return Err(StoreError::NoFolder);
        }
        if store != KeyStorage::Session {
            self.with(|state| {
                state
                    .stored
                    .insert((store as u8, account.to_owned()), key.expose().to_owned())
            });
        }
        Ok(())
    }

    async fn delete(&self, store: KeyStorage, account: &str) -> Result<bool, StoreError> {
        Ok(self.with(|state| {
            state
                .stored
                .remove(&(store as u8, account.to_owned()))
                .is_some()
        }))
    }

    async fn note(&self, account: &str) -> Result<Option<String>, StoreError> {
        Ok(self.with(|state| state.notes.get(account).cloned()))
    }

    async fn set_note(&self, account: &str, text: &str) -> Result<(), StoreError> {
        self.changing("store note").await;
        self.with(|state| state.notes.insert(account.to_owned(), text.to_owned()));
        Ok(())
    }

    async fn delete_note(&self, account: &str) -> Result<(), StoreError> {
        self.with(|state| state.notes.remove(account));
        Ok(())
    }

    fn hold(&self, _account: &str) -> Result<Option<KeyHold>, StoreError> {
        let free = !self.with(|state| state.key_is_held);
        Ok(free.then(|| KeyHold::new(None)))
    }

    fn place(&self, store: KeyStorage, account: &str) -> String {
        format!("{store:?} of {account}")
    }

    async fn neon_cli(&self) -> Option<(String, Secret)> {
        self.with(|state| {
            state
                .neon_cli
                .clone()
                .map(|(account, key)| (account, Secret::new(key)))
        })
    }
}
