//! Where the API key, or the login in its place, is kept: tests the store, writes to it, and takes the turn to.

use std::time::Duration;

use crate::{
    core::{
        answer::KeyStorage,
        code::Code,
        event::Progress,
        facts::{KeySource, KeyringState},
        failure::{Failure, Result},
        secret::Secret,
    },
    domain::web_login::tokens::WebTokens,
    engine::{
        clock,
        context::{Cx, KnownKey},
    },
    ports::store::KeyHold,
};

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
    cx.remember_key(Some(KnownKey::of_key(key, source)));
    Ok(())
}

/// Stores a login in the browser where a key would be, and uses it from here on.
pub(super) async fn store_login(cx: &Cx, login: WebTokens, storage: KeyStorage) -> Result<()> {
    let account = cx.settings.key_account();
    let stored = login.to_stored();
    cx.ports.store.set(storage, &account, &stored).await?;
    let source = match storage {
        KeyStorage::Keyring => KeySource::Keyring,
        KeyStorage::File => KeySource::File,
        KeyStorage::Session => KeySource::Typed,
    };
    cx.remember_key(Some(KnownKey::of_login(login, source)));
    Ok(())
}

/// How long another process that replaces the key is waited for.
const TURN: Duration = Duration::from_secs(30);
/// The pause between two attempts to have the turn.
const TURN_PAUSE: Duration = Duration::from_millis(200);

/// Takes the turn to replace the key of this account. `waits`: what another process does that has it.
pub(super) async fn take_turn(cx: &Cx, waits: &str) -> Result<KeyHold> {
    let account = cx.settings.key_account();
    let started = clock::now();
    loop {
        if let Some(hold) = cx.ports.store.hold(&account)? {
            return Ok(hold);
        }
        if started.elapsed() >= TURN {
            return Err(Failure::new(Code::LoginKeyringUnavailable, waits)
                .hint("wait until it has finished, then run this again if you still need it"));
        }
        cx.progress(Progress::label(waits));
        tokio::time::sleep(TURN_PAUSE).await;
    }
}
