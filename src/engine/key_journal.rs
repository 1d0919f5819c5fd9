//! What is kept of the API keys that this program makes: their numbers, and a rotation that has not ended.
//!
//! Neon does not tell which number the key has that asks. So the number of a new key is written down before the key is stored, beside
//! a fingerprint of it; and before a key is made, the name that it will have, so that the next run can revoke what a killed one
//! left. None of it is a secret: a fingerprint leads nowhere.

use serde::{Deserialize, Serialize};

use crate::{
    core::{
        code::{Code, Severity},
        failure::Result,
        finding::Finding,
        invocation::Invocation,
        secret::Secret,
    },
    domain::api_key,
    engine::context::Cx,
    ports::{neon::ApiKey, store::SecretStore},
};

/// How many numbers are kept: the key that is used, and a few of other places on this machine.
const KEYS_LIMIT: usize = 16;

/// What is kept for one account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct KeyJournal {
    keys: Vec<OwnKey>,
    /// The rotation that is under way, or was interrupted.
    pub pending: Option<PendingRotation>,
}

/// A key that this program made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct OwnKey {
    /// The number that revokes it.
    id: i64,
    fingerprint: String,
}

/// A rotation that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PendingRotation {
    /// The name of the new key, which no other key has.
    pub name: String,
    /// The number of the key that it replaces, where it is known.
    pub old: Option<i64>,
}

impl KeyJournal {
    /// Reads what is kept; nothing where it cannot be read, which is never worse than not having it.
    pub(crate) async fn load(store: &dyn SecretStore, account: &str) -> Self {
        let text = store.note(account).await.ok().flatten();
        text.and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default()
    }

    pub(super) async fn of(cx: &Cx) -> Self {
        Self::load(cx.ports.store.as_ref(), &cx.settings.key_account()).await
    }

    pub(super) async fn save(&self, cx: &Cx) -> Result<()> {
        let text = serde_json::to_string(self).unwrap_or_default();
        let account = cx.settings.key_account();
        Ok(cx.ports.store.set_note(&account, &text).await?)
    }

    /// The number of a key, if this program made it.
    pub(super) fn id_of(&self, key: &Secret) -> Option<i64> {
        let fingerprint = api_key::fingerprint(key);
        let known = self.keys.iter().find(|own| own.fingerprint == fingerprint);
        known.map(|own| own.id)
    }

    /// Keeps the number of a key.
    pub(super) fn add(&mut self, id: i64, key: &Secret) {
        self.forget(id);
        let fingerprint = api_key::fingerprint(key);
        self.keys.push(OwnKey { id, fingerprint });
        let over = self.keys.len().saturating_sub(KEYS_LIMIT);
        self.keys.drain(..over);
    }

    /// Drops the number of a key that is gone.
    pub(super) fn forget(&mut self, id: i64) {
        self.keys.retain(|own| own.id != id);
    }

    /// The entry of a key in Neon's list, if this program made it.
    pub(super) fn entry<'a>(&self, key: &Secret, listed: &'a [ApiKey]) -> Option<&'a ApiKey> {
        let id = self.id_of(key)?;
        listed.iter().find(|entry| entry.id == id)
    }
}

/// Reports a rotation that was interrupted: a key may work that nobody has, or that was to be revoked.
pub(super) async fn interrupted(cx: &Cx) -> Option<Finding> {
    let pending = KeyJournal::of(cx).await.pending?;
    Some(
        Finding::new(
            Code::LoginKeyLeftOver,
            format!(
                "a rotation of the API key was interrupted: `{}` or the key before it may still be valid",
                pending.name
            ),
        )
        .severity(Severity::Warning)
        .command(Invocation::RotateKey)
        .hint("run neonup rotate --api-key to finish it and revoke the key that isn't needed"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_fingerprint_and_never_kept() {
        let mut journal = KeyJournal::default();
        let key = |number: i64| Secret::new(format!("napi_canary{number}"));
        for number in 1..=20 {
            journal.add(number, &key(number));
        }
        assert_eq!(journal.id_of(&key(20)), Some(20));
        assert_eq!(journal.id_of(&key(1)), None, "only the latest are kept");
        journal.forget(20);
        assert_eq!(journal.id_of(&key(20)), None);
        let text = serde_json::to_string(&journal).unwrap();
        assert!(!text.contains("canary"), "{text}");
    }
}
