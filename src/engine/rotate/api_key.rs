//! A new API key in the place of the old one.
//!
//! The order locks nobody out, and leaves no key that is not known: the name of the new key is written down before it is made, its
//! number before it is stored, and the old one is revoked last. A killed run is finished by the next one, from what was written down
//! and Neon's list.
//!
//! Which of the user's keys the old one is, Neon does not tell: its list shows names, numbers and when each was last used. The number
//! of a key that this program made is kept. Of others it is the only key there is, or the only one whose last use changes when
//! it is used; else nothing is revoked, and the list is shown.

use std::time::Duration;

use crate::{
    core::{
        code::{Code, Severity},
        event::Progress,
        facts::{KeyKind, KeySource},
        failure::{Failure, Result},
        finding::Finding,
        secret::Secret,
    },
    domain::hex::hex,
    engine::{
        context::{Cx, KnownKey},
        key,
        key_journal::{KeyJournal, PendingRotation},
        key_store,
        rotate::outcome::Rotated,
    },
    ports::neon::{ApiKey, NewApiKey, error::NeonError},
};

/// What the names of keys begin with that this program makes.
const NAME: &str = "neonup ";

/// Where a person creates and revokes keys.
const CONSOLE: &str = "console.neon.tech › Account settings › API keys";

/// Longer than the finest step of the times in Neon's list of keys.
const USE: Duration = Duration::from_millis(1100);
/// How often the list is read to see which key is used; twice the same answer is enough.
const LOOKS: usize = 3;

/// Creates a new key, stores it, and revokes the old one; or finishes what an interrupted run began.
pub(in crate::engine) async fn rotate(cx: &Cx) -> Result<Rotated> {
    // before the turn is taken: to renew a login takes it, too
    if key::require(cx).await?.login.is_some() {
        return Err(Failure::new(
            Code::LoginKeyScope,
            "you're logged in with the browser, so there is no API key to rotate",
        )
        .why("a browser login is renewed by itself")
        .hint("to end it and get a new one, run `neonup logout`, then `neonup login --web`"));
    }
    let _turn = key_store::take_turn(cx, "another neonup is replacing this API key").await?;
    let known = find_again(cx).await?;
    let neon = &cx.ports.neon;
    let auth = neon.auth(&known.key).await?;
    if key::kind_of(&known, &auth) != KeyKind::Personal {
        return Err(Failure::new(
            Code::LoginKeyScope,
            "only a personal API key can create its replacement",
        )
        .why("this is an organization key, a project key or a login of the neon CLI")
        .hint(format!("an admin creates a new one in the Neon console; then `neonup login` stores it ({CONSOLE})")));
    }
    let mut journal = KeyJournal::of(cx).await;
    let mut before = neon.api_keys(&known.key).await?;
    if let Some(pending) = journal.pending.clone() {
        if let Some(rotated) = finish(cx, &known, &mut journal, &pending, &before).await? {
            return Ok(rotated);
        }
        before = neon.api_keys(&known.key).await?;
    }
    let storage = key_store::storage_for_successor(cx, known.source).await?;
    let old = identify(cx, &known.key, &journal, &before).await;
    let name = new_name(cx);
    journal.pending = Some(PendingRotation {
        name: name.clone(),
        old: old.as_ref().map(|key| key.id),
    });
    // before the key is made: a run that is killed in the next moment must not leave one that nobody knows of
    journal.save(cx).await?;
    cx.progress(Progress::label("creating a new API key"));
    let new = make(cx, &known.key, &mut journal, &name).await?;
    let stored = async {
        neon.auth(&new.key).await.map_err(|error| Failure {
            what: format!("couldn't test the new key: {error}"),
            ..error.into()
        })?;
        journal.add(new.id, &new.key);
        journal.save(cx).await?;
        cx.progress(Progress::label("storing the new key"));
        key_store::store(cx, new.key.clone(), storage, known.source).await
    };
    if let Err(failure) = stored.await {
        // a keyring may have kept it, and not have said so in time
        let account = cx.settings.key_account();
        let there = cx.ports.store.get(storage, &account).await;
        if !matches!(there, Ok(Some(key)) if key == new.key) {
            return Err(undo(cx, &known.key, &mut journal, &new, failure).await);
        }
        key_store::store(cx, new.key.clone(), storage, known.source)
            .await
            .ok();
    }
    let mut findings = copies(cx, &known);
    let evidence = if let Some(key) = old {
        cx.progress(Progress::label("revoking the old key"));
        revoke(cx, &new.key, &known.key, &key).await?;
        journal.forget(key.id);
        format!("the new key `{name}` is stored, and the old one is rejected")
    } else {
        findings.push(undecided(&before));
        format!("the new key `{name}` is stored; the old one isn't revoked yet")
    };
    end(cx, &mut journal).await;
    Ok(Rotated { evidence, findings })
}

/// The key as it is now: another process may have replaced the stored one since it was read.
async fn find_again(cx: &Cx) -> Result<KnownKey> {
    let known = key::require(cx).await?;
    match known.source {
        KeySource::Keyring | KeySource::File => {
            cx.remember_key(None);
            key::require(cx).await
        }
        KeySource::Typed | KeySource::Environment | KeySource::NeonCli => Ok(known),
    }
}

/// Finishes a rotation that was interrupted. Where its new key is in use already, that is all there is to do.
async fn finish(
    cx: &Cx,
    known: &KnownKey,
    journal: &mut KeyJournal,
    pending: &PendingRotation,
    listed: &[ApiKey],
) -> Result<Option<Rotated>> {
    cx.progress(Progress::label("finishing an interrupted rotation"));
    let own = journal.entry(&known.key, listed);
    let in_use = own.is_some_and(|own| own.name == pending.name);
    if !in_use {
        // nobody has it
        for orphan in listed.iter().filter(|key| key.name == pending.name) {
            drop_key(cx, &known.key, orphan).await?;
            journal.forget(orphan.id);
        }
        end(cx, journal).await;
        return Ok(None);
    }
    let name = &pending.name;
    let mut findings = Vec::new();
    let evidence = if let Some(id) = pending.old {
        for old in listed.iter().filter(|key| key.id == id) {
            drop_key(cx, &known.key, old).await?;
        }
        journal.forget(id);
        format!("the new key `{name}` had already been stored, and the old one is now revoked")
    } else {
        let others: Vec<_> = listed
            .iter()
            .filter(|key| key.name != *name)
            .cloned()
            .collect();
        if !others.is_empty() {
            findings.push(undecided(&others));
        }
        format!("the new key `{name}` had already been stored")
    };
    end(cx, journal).await;
    Ok(Some(Rotated { evidence, findings }))
}

/// Notes that nothing is left to do. Where that cannot be written, the next run finds nothing to do, too.
async fn end(cx: &Cx, journal: &mut KeyJournal) {
    journal.pending = None;
    if let Err(failure) = journal.save(cx).await {
        tracing::warn!(%failure, "the end of a rotation couldn't be recorded");
    }
}

/// Revokes a key that is left over.
async fn drop_key(cx: &Cx, with: &Secret, key: &ApiKey) -> Result<()> {
    let revoked = cx.ports.neon.revoke_api_key(with, key.id).await;
    revoked.map_err(|error| Failure {
        what: format!(
            "`{}` (number {}), which is no longer needed, was not revoked: {error}",
            key.name, key.id
        ),
        hint: format!(
            "run `neonup rotate --api-key` again, or revoke it in the console ({CONSOLE})"
        ),
        ..error.into()
    })
}

/// Makes the new key. After a lost answer, what was made and nobody has is revoked.
async fn make(cx: &Cx, key: &Secret, journal: &mut KeyJournal, name: &str) -> Result<NewApiKey> {
    let neon = &cx.ports.neon;
    let error = match neon.create_api_key(key, name).await {
        Ok(new) => return Ok(new),
        Err(error) => error,
    };
    if !error.outcome_unknown() {
        end(cx, journal).await;
        return Err(error.into());
    }
    let Ok(now) = neon.api_keys(key).await else {
        return Err(Failure {
            hint: format!(
                "a key `{name}` may have been created: run `neonup rotate --api-key` to check and revoke it; the old key is \
                unchanged"
            ),
            ..error.into()
        });
    };
    for orphan in now.iter().filter(|key| key.name == name) {
        drop_key(cx, key, orphan).await?;
    }
    end(cx, journal).await;
    Err(Failure {
        hint: "the old key is unchanged; run `neonup rotate --api-key` again".to_owned(),
        ..error.into()
    })
}

/// Revokes a new key that could not be used, so that none is left that nobody has.
async fn undo(
    cx: &Cx,
    old: &Secret,
    journal: &mut KeyJournal,
    new: &NewApiKey,
    failure: Failure,
) -> Failure {
    let name = journal.pending.as_ref().map(|pending| pending.name.clone());
    let name = name.unwrap_or_default();
    let id = new.id;
    let hint = match cx.ports.neon.revoke_api_key(old, id).await {
        Ok(()) => {
            journal.forget(id);
            end(cx, journal).await;
            format!(
                "the old key is unchanged, and the new one was revoked again; {}",
                failure.hint
            )
        }
        Err(error) => format!(
            "the old key is unchanged; the new one, `{name}` (number {id}), was not revoked ({error}): use `neonup rotate \
            --api-key`, or the console ({CONSOLE})"
        ),
    };
    Failure { hint, ..failure }
}

/// Which of the listed keys is this one; `None` where that is not beyond doubt.
async fn identify(
    cx: &Cx,
    key: &Secret,
    journal: &KeyJournal,
    listed: &[ApiKey],
) -> Option<ApiKey> {
    if let Some(own) = journal.entry(key, listed) {
        return Some(own.clone());
    }
    if let [only] = listed {
        return Some(only.clone());
    }
    cx.progress(Progress::label("finding this key in Neon's list"));
    let mut earlier = listed.to_vec();
    let mut found: Option<ApiKey> = None;
    for _ in 0..LOOKS {
        // the times have whole seconds
        tokio::time::sleep(USE).await;
        // each look is a use of this key, and of no other
        let later = cx.ports.neon.api_keys(key).await.ok()?;
        let changed = |key: &&ApiKey| {
            let then = earlier.iter().find(|known| known.id == key.id);
            then.is_some_and(|then| then.last_used_at != key.last_used_at)
        };
        let used: Vec<_> = later.iter().filter(changed).cloned().collect();
        match (used.as_slice(), &found) {
            // the first look may have come in the same second as the request before it
            ([], None) => {}
            ([only], None) => found = Some(only.clone()),
            // twice the same answer: another key may be used by somebody in the same moment
            ([only], Some(known)) if known.id == only.id => return found,
            _ => return None,
        }
        earlier = later;
    }
    None
}

/// Revokes the old key with the new one, and makes sure.
async fn revoke(cx: &Cx, new: &Secret, old: &Secret, key: &ApiKey) -> Result<()> {
    let by_hand = format!(
        "the new key is stored; revoke `{}` (number {}) in the console ({CONSOLE})",
        key.name, key.id
    );
    cx.ports
        .neon
        .revoke_api_key(new, key.id)
        .await
        .map_err(|error| Failure {
            what: format!("the old key was not revoked: {error}"),
            hint: by_hand.clone(),
            ..error.into()
        })?;
    match cx.ports.neon.auth(old).await {
        Err(NeonError::KeyRejected(_)) => Ok(()),
        Err(error) => Err(Failure {
            what: format!("the old key was revoked, but couldn't be tested: {error}"),
            ..error.into()
        }),
        Ok(_) => Err(Failure::new(
            Code::LoginKeyScope,
            "Neon revoked a key but still accepts the old one",
        )
        .why(format!(
            "the revoked key is `{}` (number {})",
            key.name, key.id
        ))
        .hint(by_hand)),
    }
}

/// The keys one of which is the old one.
fn undecided(keys: &[ApiKey]) -> Finding {
    let names: Vec<_> = keys
        .iter()
        .map(|key| {
            let used = key.last_used_at.as_ref().map_or_else(
                || "never used".to_owned(),
                |at| format!("last used {}", at.get(..10).unwrap_or(at)),
            );
            format!("`{}` (number {}, {used})", key.name, key.id)
        })
        .collect();
    Finding::new(
        Code::LoginKeyLeftOver,
        "the old API key isn't revoked yet: Neon doesn't report which of these it is",
    )
    .severity(Severity::Warning)
    .detail(names.join(", "))
    .hint(format!("revoke it at {CONSOLE}"))
}

/// Finds where the old key is still in use.
fn copies(cx: &Cx, old: &KnownKey) -> Vec<Finding> {
    let warning = |code: Code, title: String| Finding::new(code, title).severity(Severity::Warning);
    let mut findings: Vec<_> = cx
        .settings
        .environment
        .holding(&old.key)
        .into_iter()
        .map(|name| {
            warning(
                Code::LoginEnvironmentHidesKey,
                format!("`{name}` in this shell still holds the old key"),
            )
            .detail("it takes precedence over the new, stored key")
            .hint(format!("unset {name}"))
        })
        .collect();
    findings.extend(
        cx.ports
            .process
            .holding(&old.key)
            .into_iter()
            .map(|(pid, name)| {
                warning(
                    Code::LoginKeyRejected,
                    format!("{name} (process {pid}) was started with the old key"),
                )
                .hint("restart it with the new one")
            }),
    );
    findings
}

/// A name that no other key has: the day, which tells the keys apart for a person, and something random.
fn new_name(cx: &Cx) -> String {
    let date = time::OffsetDateTime::from(cx.settings.now);
    let mut random = [0; 4];
    // without it, the minute has to do
    getrandom::fill(&mut random).ok();
    format!(
        "{NAME}{:04}-{:02}-{:02} {:02}:{:02} {}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        date.hour(),
        date.minute(),
        hex(&random)
    )
}
