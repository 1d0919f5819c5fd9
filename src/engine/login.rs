//! The login step: an API key that Neon accepts, and a place that keeps it.

use async_trait::async_trait;

use crate::core::{
    answer::{KeyStorage, LoginAnswer},
    code::Code,
    event::{Progress, Report},
    facts::{Facts, KeyKind, KeySource, KeyringState, LoginFacts},
    failure::{Failure, Result},
    finding::Finding,
};
use crate::domain::api_key;
use crate::engine::{Cx, KnownKey, Step, project::temporary, rotate};

/// The login step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoginStep;

/// Finds the key of this run: one that was typed, else `NEON_API_KEY`, else the keyring, else our file. `None`: there is none.
///
/// The `neon` CLI's login is never taken here: only when asked.
pub(super) async fn find_key(cx: &Cx) -> Option<KnownKey> {
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
                if let Err(failure) = other {
                    cx.remember_keyring(KeyringState::Unavailable(failure.why));
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

#[async_trait]
impl Step for LoginStep {
    type Answer = LoginAnswer;

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        cx.progress(Progress::label("looking for a key"));
        if let Some(report) = temporary::login(cx).await {
            return Ok(report);
        }
        let account = cx.settings.key_account();
        let mut detail = LoginFacts {
            api_host: cx.settings.api_host.clone(),
            store: cx.ports.store.place(KeyStorage::Keyring, &account),
            keyring: cx.keyring(),
            ..LoginFacts::default()
        };
        let Some(known) = find_key(cx).await else {
            let (keyring, neon_cli) = tokio::join!(keyring(cx), cx.ports.store.neon_cli());
            let mut findings = vec![missing()];
            if let KeyringState::Unavailable(why) = &keyring {
                findings.push(unavailable(why));
                detail.store = cx.ports.store.place(KeyStorage::File, &account);
            }
            detail.keyring = Some(keyring);
            detail.neon_cli = neon_cli.map(|(account, _)| account);
            return Ok(Report::judged("no API key yet", findings).facts(Facts::Login(detail)));
        };
        detail.key = Some((known.source, known.key.masked(), known.key.chars()));
        cx.show(Facts::Login(detail.clone()));
        cx.progress(Progress::label("asking Neon who this is"));
        // the user is asked at the same time, since most keys are personal; other kinds are refused, which tells nothing bad
        let (auth, user, keyring, stored) = tokio::join!(
            cx.ports.neon.auth(&known.key),
            cx.ports.neon.user(&known.key),
            async {
                if known.source == KeySource::Keyring {
                    Some(keyring(cx).await)
                } else {
                    None
                }
            },
            async {
                if known.source == KeySource::Environment {
                    cx.ports
                        .store
                        .get(KeyStorage::Keyring, &account)
                        .await
                        .ok()
                        .flatten()
                } else {
                    None
                }
            },
        );
        let auth = auth.inspect_err(|failure| {
            if failure.code == Code::LoginKeyRejected && known.source == KeySource::Typed {
                cx.remember_key(None);
            }
        })?;
        let kind = kind(&auth.auth_method);
        detail.kind = Some(kind);
        cx.remember_projects_limit(user.as_ref().map_or(None, |user| user.projects_limit));
        detail.who = user.map_or(auth.account_id, |user| user.email);
        detail.store = match known.source {
            KeySource::File => cx.ports.store.place(KeyStorage::File, &account),
            KeySource::Keyring | KeySource::NeonCli | KeySource::Typed | KeySource::Environment => {
                detail.store
            }
        };
        if kind == KeyKind::Organization {
            cx.remember_organization(Some(detail.who.clone()));
        }
        let mut findings = Vec::new();
        if known.source == KeySource::File {
            findings.push(
                Finding::new(
                    Code::LoginStoredInClear,
                    "the API key lies in a file, in clear",
                )
                .detail(cx.ports.store.place(KeyStorage::File, &account))
                .hint("when a keyring is available: `neonup logout`, then `neonup login`"),
            );
        }
        if stored.is_some_and(|stored| stored != known.key) {
            findings.push(
                Finding::new(
                    Code::LoginEnvironmentHidesKey,
                    "NEON_API_KEY hides a different key that is stored",
                )
                .hint("unset NEON_API_KEY to use the stored one"),
            );
        }
        if let Some(KeyringState::Unavailable(why)) = &keyring {
            findings.push(unavailable(why));
        }
        if keyring.is_some() {
            detail.keyring = keyring;
        }
        let evidence = format!(
            "{}, a {} from {}",
            detail.who,
            kind.words(),
            known.source.words()
        );
        Ok(Report::judged(evidence, findings).facts(Facts::Login(detail)))
    }

    async fn apply(&self, cx: &Cx, answer: LoginAnswer) -> Result<Report> {
        let (key, store, source) = match answer {
            LoginAnswer::Rotate => {
                let rotated = rotate::api_key(cx).await?;
                return Ok(rotated.into_report(self.probe(cx).await?));
            }
            LoginAnswer::Key(key, store) => (api_key::clean(key.expose()), store, KeySource::Typed),
            LoginAnswer::NeonCli(store) => {
                let (_, key) = cx.ports.store.neon_cli().await.ok_or_else(|| {
                    Failure::new(
                        Code::LoginMissingKey,
                        "the neon CLI has no stored login that is still good",
                    )
                    .hint("`neon login`, or paste an API key")
                })?;
                (key, store, KeySource::NeonCli)
            }
            LoginAnswer::Temporary => {
                cx.remember_temporary(true);
                return self.probe(cx).await;
            }
            LoginAnswer::Default => {
                if let Some(report) = temporary::login(cx).await {
                    return Ok(report);
                }
                if find_key(cx).await.is_none() {
                    return Err(needed());
                }
                return self.probe(cx).await;
            }
        };
        if key.is_empty() {
            return Err(Failure::new(Code::LoginMissingKey, "the API key is empty")
                .hint("copy it again, in one piece: it begins with napi_"));
        }
        cx.progress(Progress::label("asking Neon who this is"));
        // a key that Neon does not accept is never stored
        cx.ports.neon.auth(&key).await?;
        can_store(cx, store).await?;
        cx.progress(Progress::label("storing the key"));
        cx.ports
            .store
            .set(store, &cx.settings.key_account(), &key)
            .await?;
        let source = match store {
            KeyStorage::Keyring => KeySource::Keyring,
            KeyStorage::File => KeySource::File,
            KeyStorage::Session => source,
        };
        cx.remember_key(Some(KnownKey { key, source }));
        cx.remember_project(None);
        // an account after all
        cx.remember_temporary(false);
        self.probe(cx).await
    }
}

/// Neon's word for what a key is.
fn kind(auth_method: &str) -> KeyKind {
    match auth_method {
        "api_key_user" => KeyKind::Personal,
        "api_key_org" => KeyKind::Organization,
        _ => KeyKind::Token,
    }
}

/// Makes sure that a key could be kept there.
async fn can_store(cx: &Cx, store: KeyStorage) -> Result<()> {
    if store == KeyStorage::Keyring
        && let KeyringState::Unavailable(why) = keyring(cx).await
    {
        return Err(Failure::new(Code::LoginKeyringUnavailable, "the OS keyring cannot keep the key")
            .why(why)
            .hint("unlock it, or choose a 0600 file in clear (--store file) or this session only (--store session)"));
    }
    Ok(())
}

/// Where a new key goes: to the old one's place, or where a flag says. It has to outlive this run.
pub(super) async fn storable(cx: &Cx, source: KeySource) -> Result<KeyStorage> {
    let store = cx.settings.flags.store.unwrap_or(match source {
        KeySource::File => KeyStorage::File,
        KeySource::Typed | KeySource::Environment | KeySource::Keyring | KeySource::NeonCli => {
            KeyStorage::Keyring
        }
    });
    if store == KeyStorage::Session {
        return Err(Failure::new(
            Code::LoginKeyringUnavailable,
            "a new key that is not stored would be lost",
        )
        .hint("leave --store session out, or take --store file"));
    }
    can_store(cx, store).await?;
    Ok(store)
}

/// The keyring's self-test, once in a run: it takes some 100 ms.
async fn keyring(cx: &Cx) -> KeyringState {
    if let Some(known) = cx.keyring() {
        return known;
    }
    let keyring = cx.ports.store.self_test().await;
    cx.remember_keyring(keyring.clone());
    keyring
}

fn missing() -> Finding {
    Finding::new(Code::LoginMissingKey, "no Neon API key was found")
        .detail("looked in NEON_API_KEY, the OS keyring and the key file")
        .hint("`neonup login` asks for one; make it at console.neon.tech › Account settings › API keys")
}

/// What stands in the way when nobody can be asked.
pub(super) fn needed() -> Failure {
    Failure::new(
        Code::LoginMissingKey,
        "no Neon API key was found, and there is nobody to ask",
    )
    .why("looked in NEON_API_KEY, the OS keyring and the key file")
    .hint("set NEON_API_KEY, or pipe the key: `neonup login < key-file`")
}

fn unavailable(why: &str) -> Finding {
    Finding::new(
        Code::LoginKeyringUnavailable,
        "the OS keyring cannot keep a key here",
    )
    .detail(why)
    .hint("unlock it, or use --store file (a 0600 file, in clear) or --store session")
}
