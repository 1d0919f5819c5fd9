//! A new API key in the place of the old one.
//!
//! The order locks nobody out: the new key is created, tested and stored before the old one is revoked. Which of the user's keys the
//! old one is, Neon does not tell: its list shows names, numbers and when each was last used. Where only one other key exists, it is that one;
//! of several, it is the only one whose last use changes when the old key is used; else nothing is revoked, and the list is shown.

use std::time::Duration;

use crate::{
    core::{
        code::{Code, Severity},
        event::Progress,
        facts::KeyKind,
        failure::{Failure, Result},
        finding::Finding,
        secret::Secret,
    },
    engine::{
        context::{Cx, KnownKey},
        key,
        rotate::outcome::Rotated,
    },
    ports::neon::{ApiKey, error::NeonError},
};

/// What the names of keys begin with that this program makes.
const NAME: &str = "neonup ";

/// Where a person creates and revokes keys.
const CONSOLE: &str = "console.neon.tech › Account settings › API keys";

/// Longer than the finest step of the times in Neon's list of keys.
const USE: Duration = Duration::from_millis(1100);

/// Creates a new key, stores it, and revokes the old one.
pub(in crate::engine) async fn rotate(cx: &Cx) -> Result<Rotated> {
    let known = key::require(cx).await?;
    let neon = &cx.ports.neon;
    let auth = neon.auth(&known.key).await?;
    if key::kind(&auth) != KeyKind::Personal {
        return Err(Failure::new(
            Code::LoginKeyScope,
            "only a personal API key can make its successor",
        )
        .why("this is an organization's key, a project's key or a login of the neon CLI")
        .hint(format!("an admin makes a new one in the Neon console; then `neonup login` stores it ({CONSOLE})")));
    }
    let before = neon.api_keys(&known.key).await?;
    let storage = key::storage_for_successor(cx, known.source).await?;
    let name = format!("{NAME}{}", stamp(cx));
    cx.progress(Progress::label("making a new API key"));
    let new = match neon.create_api_key(&known.key, &name).await {
        Ok(new) => new,
        Err(error) if error.outcome_unknown() => {
            return Err(lost(cx, &known.key, &before, error.into()).await);
        }
        Err(error) => return Err(error.into()),
    };
    neon.auth(&new.key).await.map_err(|error| Failure {
        what: format!("the new key `{name}` was made, but could not be tried: {error}"),
        hint: format!("the old key is as it was; revoke `{name}` in the console, then run it again ({CONSOLE})"),
        ..error.into()
    })?;
    cx.progress(Progress::label("storing the new key"));
    key::store(cx, new.key.clone(), storage, known.source)
        .await
        .map_err(|failure| Failure {
            hint: format!("the old key is as it was; revoke `{name}` in the console ({CONSOLE})"),
            ..failure
        })?;
    let mut findings = copies(cx, &known);
    let evidence = if let Some(key) = identify(cx, &known.key, &new.key, &before).await {
        cx.progress(Progress::label("revoking the old key"));
        revoke(cx, &new.key, &known.key, &key).await?;
        format!("the new key `{name}` is stored, and the old one is refused")
    } else {
        findings.push(undecided(&before));
        format!("the new key `{name}` is stored; the old one is not revoked yet")
    };
    Ok(Rotated { evidence, findings })
}

/// Which of the keys that were there before the old one is; `None` where that is not beyond doubt.
async fn identify(cx: &Cx, old: &Secret, new: &Secret, before: &[ApiKey]) -> Option<ApiKey> {
    if let [only] = before {
        return Some(only.clone());
    }
    cx.progress(Progress::label("finding the old key in Neon's list"));
    let neon = &cx.ports.neon;
    let mut found: Option<ApiKey> = None;
    // twice the same answer: another key may be used by somebody in the same moment
    for _ in 0..2 {
        // listed with the new key, so that of the others only what is used in between changes
        let earlier = neon.api_keys(new).await.ok()?;
        // the times have whole seconds
        tokio::time::sleep(USE).await;
        neon.auth(old).await.ok()?;
        let later = neon.api_keys(new).await.ok()?;
        let changed = |key: &&ApiKey| {
            let then = earlier.iter().find(|known| known.id == key.id);
            then.is_some_and(|then| then.last_used_at != key.last_used_at)
        };
        let used: Vec<_> = later
            .iter()
            .filter(|key| before.iter().any(|known| known.id == key.id))
            .filter(changed)
            .collect();
        match (used.as_slice(), &found) {
            ([only], None) => found = Some((*only).clone()),
            ([only], Some(known)) if known.id == only.id => {}
            _ => return None,
        }
    }
    found
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
            what: format!(
                "the old key was revoked, but whether it is refused could not be seen: {error}"
            ),
            ..error.into()
        }),
        Ok(_) => Err(Failure::new(
            Code::LoginKeyScope,
            "Neon revoked a key, and still accepts the old one",
        )
        .why(format!("revoked was `{}` (number {})", key.name, key.id))
        .hint(by_hand)),
    }
}

/// Revokes, after a lost answer, a key that was created and that nobody has.
async fn lost(cx: &Cx, key: &Secret, before: &[ApiKey], failure: Failure) -> Failure {
    let neon = &cx.ports.neon;
    let Ok(now) = neon.api_keys(key).await else {
        return Failure {
            hint: format!(
                "a key whose name begins with `{NAME}` may have been made: look, and revoke it ({CONSOLE}); the old key is as it was"
            ),
            ..failure
        };
    };
    let orphans = now.iter().filter(|key| {
        key.name.starts_with(NAME)
            && key.last_used_at.is_none()
            && !before.iter().any(|known| known.id == key.id)
    });
    for orphan in orphans {
        if let Err(refused) = neon.revoke_api_key(key, orphan.id).await {
            return Failure {
                hint: format!(
                    "`{}` (number {}) was made, and nobody has it: revoke it ({CONSOLE})",
                    orphan.name, orphan.id
                ),
                ..refused.into()
            };
        }
    }
    Failure {
        hint: "the old key is as it was; run `neonup rotate --api-key` again".to_owned(),
        ..failure
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
        Code::LoginKeyScope,
        "the old API key is not revoked yet: Neon does not tell which of these it is",
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
                format!("`{name}` of this shell still holds the old key"),
            )
            .detail("it hides the new one, which is stored")
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
                .hint("start it again with the new one")
            }),
    );
    findings
}

/// The day, which tells the keys apart for a person.
fn stamp(cx: &Cx) -> String {
    let date = time::OffsetDateTime::from(cx.settings.now);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        date.hour(),
        date.minute()
    )
}
