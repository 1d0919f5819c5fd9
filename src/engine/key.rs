//! The life of the API key: find it, tell its kind, test the keyring, store it.

use crate::{
    core::{
        answer::KeyStorage,
        code::Code,
        facts::{KeyKind, KeySource, KeyringState},
        failure::{Failure, Result},
        secret::Secret,
    },
    domain::api_key,
    engine::context::{Cx, KnownKey},
    ports::{neon::Auth, store::StoreError},
};

/// Finds the key of this run: one that was typed, else `NEON_API_KEY`, else the keyring, else our file.
///
/// The `neon` CLI's login is never taken here: only when asked.
pub(super) async fn find(cx: &Cx) -> Option<KnownKey> {
    let _search = cx.key_search().await;
    if let Some(known) = cx.known_key() {
        return Some(known);
    }
    let account = cx.settings.key_account();
    let found = if let Some(key) = cx.settings.environment.api_key() {
        Some((api_key::clean(key.expose()), KeySource::Environment))
    } else {
        match cx.ports.store.get(KeyStorage::Keyring, &account).await {
            Ok(Some(key)) => Some((key, KeySource::Keyring)),
            other => {
                if let Err(StoreError::Keyring(error)) = other {
                    cx.remember_keyring(KeyringState::Unavailable(error.to_string()));
                }
                let file = cx
                    .ports
                    .store
                    .get(KeyStorage::File, &account)
                    .await
                    .ok()
                    .flatten();
                file.map(|key| (key, KeySource::File))
            }
        }
    };
    let known = found
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, source)| KnownKey { key, source });
    cx.remember_key(known.clone());
    known
}

/// Finds the key, or fails with what to do without a terminal.
pub(super) async fn require(cx: &Cx) -> Result<KnownKey> {
    find(cx).await.ok_or_else(|| {
        Failure::new(
            Code::LoginMissingKey,
            "no Neon API key was found, and there is no terminal to ask for one",
        )
        .why("looked in NEON_API_KEY, the OS keyring and the key file")
        .hint("set NEON_API_KEY, or pipe the key: `neonup login < key-file`")
    })
}

/// Tells what kind of key it is from Neon's word for it.
pub(super) fn kind(auth: &Auth) -> KeyKind {
    match auth.auth_method.as_str() {
        "api_key_user" => KeyKind::Personal,
        "api_key_org" => KeyKind::Organization,
        _ => KeyKind::Token,
    }
}

/// Tests the keyring, once in a run: the test takes some 100 ms.
pub(super) async fn keyring_state(cx: &Cx) -> KeyringState {
    if let Some(known) = cx.keyring() {
        return known;
    }
    let keyring = cx.ports.store.self_test().await;
    cx.remember_keyring(keyring.clone());
    keyring
}

/// Makes sure that a key could be stored there.
pub(super) async fn check_storage(cx: &Cx, storage: KeyStorage) -> Result<()> {
    if storage == KeyStorage::File {
        cx.ports.store.check_file()?;
    }
    if storage == KeyStorage::Keyring
        && let KeyringState::Unavailable(why) = keyring_state(cx).await
    {
        return Err(Failure::new(Code::LoginKeyringUnavailable, "the OS keyring can't store the key")
            .why(why)
            .hint("unlock it, or use a 0600 file in plain text (--store file) or this session only (--store session)"));
    }
    Ok(())
}

/// Chooses where a new key goes: where the old one is, or where a flag says. It has to outlive this run.
pub(super) async fn storage_for_successor(cx: &Cx, source: KeySource) -> Result<KeyStorage> {
    let storage = cx.settings.flags.store.unwrap_or(match source {
        KeySource::File => KeyStorage::File,
        KeySource::Typed | KeySource::Environment | KeySource::Keyring | KeySource::NeonCli => {
            KeyStorage::Keyring
        }
    });
    if storage == KeyStorage::Session {
        return Err(Failure::new(
            Code::LoginKeyringUnavailable,
            "a new key that isn't stored would be lost",
        )
        .hint("remove --store session, or use --store file"));
    }
    check_storage(cx, storage).await?;
    Ok(storage)
}

/// Stores a key, and uses it from here on. `source` is where a key comes from that is only for this session.
pub(super) async fn store(
    cx: &Cx,
    key: Secret,
    storage: KeyStorage,
    source: KeySource,
) -> Result<()> {
    let account = cx.settings.key_account();
    cx.ports.store.set(storage, &account, &key).await?;
    let source = match storage {
        KeyStorage::Keyring => KeySource::Keyring,
        KeyStorage::File => KeySource::File,
        KeyStorage::Session => source,
    };
    cx.remember_key(Some(KnownKey { key, source }));
    Ok(())
}
