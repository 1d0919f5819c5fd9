//! The API key of a run, or the login in its place: finds it, and tells its kind.

use crate::{
    core::{
        answer::KeyStorage,
        code::Code,
        facts::{KeyKind, KeySource, KeyringState},
        failure::{Failure, Result},
    },
    domain::api_key,
    engine::{
        context::{Cx, KnownKey},
        web_login,
    },
    ports::{neon::Auth, store::StoreError},
};

/// Finds the key of this run: one that was typed, else `NEON_API_KEY`, else the keyring, else our file.
///
/// The `neon` CLI's login is never taken here: only when asked. A login in the browser that can't be renewed is given as it is.
pub(super) async fn find(cx: &Cx) -> Option<KnownKey> {
    let found = search(cx).await;
    found.unwrap_or_else(|_expired| cx.known_key())
}

/// Finds the key of this run, and renews the login that it is of where that is about to end. Fails where it can't be renewed.
pub(super) async fn search(cx: &Cx) -> Result<Option<KnownKey>> {
    let _search = cx.key_search().await;
    let known = match cx.known_key() {
        Some(known) => Some(known),
        None => look(cx).await,
    };
    match known {
        Some(known) => web_login::fresh(cx, known).await.map(Some),
        None => Ok(None),
    }
}

/// Looks for a key where one may be.
async fn look(cx: &Cx) -> Option<KnownKey> {
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
        .map(|(key, source)| KnownKey::of_stored(key, source));
    cx.remember_key(known.clone());
    known
}

/// Finds the key, or fails with what to do without a terminal.
pub(super) async fn require(cx: &Cx) -> Result<KnownKey> {
    search(cx).await?.ok_or_else(|| {
        Failure::new(
            Code::LoginMissingKey,
            "no Neon API key was found, and there is no terminal to ask for one",
        )
        .why("looked in NEON_API_KEY, the OS keyring and the key file")
        .hint("set NEON_API_KEY, or pipe the key: `neonup login < key-file`")
    })
}

/// Tells what kind of key it is: a login of our own, or what Neon's word for it says.
pub(super) fn kind_of(known: &KnownKey, auth: &Auth) -> KeyKind {
    if known.login.is_some() {
        KeyKind::Browser
    } else {
        kind(auth)
    }
}

/// Tells what kind of key it is from Neon's word for it.
fn kind(auth: &Auth) -> KeyKind {
    match auth.auth_method.as_str() {
        "api_key_user" => KeyKind::Personal,
        "api_key_org" => KeyKind::Organization,
        _ => KeyKind::Token,
    }
}
