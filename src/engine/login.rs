//! The login step: an API key that Neon accepts, and a place that keeps it.

use async_trait::async_trait;

use crate::{
    core::{
        answer::{KeyStorage, LoginAnswer},
        code::Code,
        event::{Progress, Report},
        facts::{Facts, KeyKind, KeySource, KeyringState, LoginFacts},
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        proof::Basis,
        secret::Secret,
    },
    domain::api_key,
    engine::{
        context::{Cx, KnownKey},
        key, key_journal, key_store, rotate,
        step::Step,
        temporary::{self, ClaimState, DatabaseChoice},
        web_login,
    },
    ports::neon::error::NeonError,
};

/// The login step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoginStep;

#[async_trait]
impl Step for LoginStep {
    type Answer = LoginAnswer;

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        cx.progress(Progress::label("looking for a key"));
        if let Some(report) = without_account(cx).await {
            return Ok(report);
        }
        let facts = LoginFacts {
            api_host: cx.settings.api_host.clone(),
            store: storage_place(cx, KeyStorage::Keyring),
            keyring: cx.keyring(),
            browser: cx.settings.oauth_host.is_some(),
            ..LoginFacts::default()
        };
        match key::search(cx).await? {
            Some(known) => identify(cx, &known, facts).await,
            None => Ok(no_key(cx, facts).await),
        }
    }

    async fn apply(&self, cx: &Cx, answer: LoginAnswer) -> Result<Report> {
        let (key, storage, source) = match answer {
            LoginAnswer::Rotate => {
                let rotated = rotate::api_key(cx).await?;
                return Ok(rotated.into_report(self.probe(cx).await?));
            }
            LoginAnswer::Key(key, storage) => {
                (api_key::clean(key.expose()), storage, KeySource::Typed)
            }
            LoginAnswer::NeonCli(storage) => {
                let (_, key) = cx.ports.store.neon_cli().await.ok_or_else(|| {
                    Failure::new(
                        Code::LoginMissingKey,
                        "the neon CLI has no stored login that is still valid",
                    )
                    .hint("run `neon login`, or paste an API key")
                })?;
                (key, storage, KeySource::NeonCli)
            }
            LoginAnswer::Browser(storage) => {
                web_login::log_in(cx, storage).await?;
                has_account(cx);
                return self.probe(cx).await;
            }
            LoginAnswer::Temporary => {
                cx.remember_temporary(true);
                return self.probe(cx).await;
            }
            LoginAnswer::Default => {
                if let Some(report) = without_account(cx).await {
                    return Ok(report);
                }
                key::require(cx).await?;
                return self.probe(cx).await;
            }
        };
        take(cx, key, storage, source).await?;
        self.probe(cx).await
    }
}

/// Checks a new key and stores it.
async fn take(cx: &Cx, key: Secret, storage: KeyStorage, source: KeySource) -> Result<()> {
    if key.is_empty() {
        return Err(Failure::new(Code::LoginMissingKey, "the API key is empty")
            .hint("copy the whole key again: it starts with napi_"));
    }
    cx.progress(Progress::label("checking the key with Neon"));
    // a key that Neon does not accept is never stored
    cx.ports.neon.auth(&key).await?;
    key_store::check_storage(cx, storage).await?;
    cx.progress(Progress::label("storing the key"));
    key_store::store(cx, key, storage, source).await?;
    has_account(cx);
    Ok(())
}

/// Notes that there is an account after all, which sees other projects.
fn has_account(cx: &Cx) {
    cx.remember_project(None);
    cx.remember_temporary(false);
}

/// Reports that a temporary database needs no account; `None` where a key is used.
async fn without_account(cx: &Cx) -> Option<Report> {
    let wanted = cx.wants_temporary();
    let skipped = || Some(Report::skipped("no account: temporary database"));
    let record = match temporary::choose(cx).await {
        Ok(DatabaseChoice::Account) => return None,
        Ok(DatabaseChoice::NewTemporary) | Err(_) => return skipped(),
        Ok(DatabaseChoice::RecordedTemporary(record)) => record,
    };
    if !wanted && key::find(cx).await.is_some() {
        return None;
    }
    match temporary::claim_state(&cx.settings, &cx.ports, record).await {
        Ok(ClaimState::Claimed(_)) if key::find(cx).await.is_none() => {
            let finding = Finding::new(
                Code::LoginMissingKey,
                "the temporary database was claimed: its account's API key is needed now",
            )
            .detail("only its account can see the connection, and the password may have changed")
            .command(Invocation::Login)
            .hint("run neonup login, then neonup setup");
            Some(Report::judged(
                finding.title.clone(),
                Basis::Seen,
                vec![finding],
            ))
        }
        Ok(ClaimState::Claimed(_)) => None,
        Ok(ClaimState::Gone(_)) if !wanted => None,
        // what cannot be asked is the project step's failure
        Ok(ClaimState::Gone(_) | ClaimState::Live(_) | ClaimState::Unready) | Err(_) => skipped(),
    }
}

/// Reports that there is no key, and where one could come from and go to.
async fn no_key(cx: &Cx, mut facts: LoginFacts) -> Report {
    let (keyring, neon_cli) = tokio::join!(key_store::keyring_state(cx), cx.ports.store.neon_cli());
    let mut findings = vec![missing_key()];
    if let KeyringState::Unavailable(why) = &keyring {
        findings.push(keyring_unavailable(why));
        facts.store = storage_place(cx, KeyStorage::File);
    }
    facts.keyring = Some(keyring);
    facts.neon_cli = neon_cli.map(|(account, _)| account);
    Report::judged("no API key yet", Basis::Seen, findings).facts(Facts::Login(facts))
}

/// Asks Neon whose key it is.
async fn identify(cx: &Cx, known: &KnownKey, mut facts: LoginFacts) -> Result<Report> {
    facts.key = Some((known.source, known.key.masked(), known.key.chars()));
    cx.show(Facts::Login(facts.clone()));
    cx.progress(Progress::label("checking the key with Neon"));
    // the user is asked at the same time, since most keys are personal; other kinds are refused, which tells nothing bad
    let (auth, user, keyring, stored) = tokio::join!(
        cx.ports.neon.auth(&known.key),
        cx.ports.neon.user(&known.key),
        async {
            if known.source == KeySource::Keyring {
                Some(key_store::keyring_state(cx).await)
            } else {
                None
            }
        },
        hidden_key(cx, known),
    );
    let auth = auth.inspect_err(|error| {
        let rejected = matches!(error, NeonError::KeyRejected(_) | NeonError::MalformedKey);
        if rejected && known.source == KeySource::Typed && known.login.is_none() {
            cx.remember_key(None);
        }
    })?;
    let kind = key::kind_of(known, &auth);
    facts.kind = Some(kind);
    cx.remember_projects_limit(user.as_ref().map_or(None, |user| user.projects_limit));
    facts.who = user.map_or(auth.account_id, |user| user.email);
    if known.source == KeySource::File {
        facts.store = storage_place(cx, KeyStorage::File);
    }
    if kind == KeyKind::Organization {
        cx.remember_organization(Some(facts.who.clone()));
    }
    let mut findings = Vec::new();
    if known.source == KeySource::File {
        findings.push(stored_in_file(facts.store.clone(), kind));
    }
    let login = known.login.as_ref();
    if login.is_some_and(|login| login.refresh.is_none()) {
        findings.push(web_login::cannot_be_renewed());
    }
    findings.extend(key_journal::interrupted(cx).await);
    if stored.is_some() {
        findings.push(hides_stored_key());
    }
    if let Some(KeyringState::Unavailable(why)) = &keyring {
        findings.push(keyring_unavailable(why));
    }
    if keyring.is_some() {
        facts.keyring = keyring;
    }
    let evidence = format!(
        "{}, a {} from {}",
        facts.who,
        kind.words(),
        known.source.words()
    );
    Ok(Report::judged(evidence, Basis::Seen, findings).facts(Facts::Login(facts)))
}

/// The stored key that one from the environment hides.
async fn hidden_key(cx: &Cx, known: &KnownKey) -> Option<Secret> {
    if known.source != KeySource::Environment {
        return None;
    }
    let account = cx.settings.key_account();
    let stored = cx.ports.store.get(KeyStorage::Keyring, &account).await;
    stored.ok().flatten().filter(|stored| *stored != known.key)
}

/// The name of a storage, for a person.
fn storage_place(cx: &Cx, storage: KeyStorage) -> String {
    cx.ports.store.place(storage, &cx.settings.key_account())
}

fn missing_key() -> Finding {
    Finding::new(Code::LoginMissingKey, "no Neon API key was found")
        .detail("looked in NEON_API_KEY, the OS keyring and the key file")
        .command(Invocation::Login)
        .hint("run `neonup login --web`, or `neonup login` with a key of console.neon.tech › Account settings › API keys")
}

fn keyring_unavailable(why: &str) -> Finding {
    Finding::new(
        Code::LoginKeyringUnavailable,
        "the OS keyring can't store a key here",
    )
    .detail(why)
    .hint("unlock it, or use --store file (a 0600 file, in plain text) or --store session")
}

fn stored_in_file(place: String, kind: KeyKind) -> Finding {
    let (what, command) = if kind == KeyKind::Browser {
        ("browser login", "neonup login --web")
    } else {
        ("API key", "neonup login")
    };
    Finding::new(
        Code::LoginStoredInClear,
        format!("the {what} is stored in a file, in plain text"),
    )
    .detail(place)
    .hint(format!(
        "when a keyring is available, run `neonup logout`, then `{command}`"
    ))
}

fn hides_stored_key() -> Finding {
    Finding::new(
        Code::LoginEnvironmentHidesKey,
        "NEON_API_KEY takes precedence over a different, stored key",
    )
    .hint("unset NEON_API_KEY to use the stored key")
}
