//! The tokens of a login, and the one text in which they are stored, where an API key would be.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::core::secret::Secret;

/// How long before its end an access token is renewed: longer than any request takes.
pub(crate) const RENEWED_BEFORE: Duration = Duration::from_mins(2);

/// The tokens of a login in the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebTokens {
    /// What Neon's API takes in place of a key.
    pub access: Secret,
    /// What gets the next access token. Spent by that.
    pub refresh: Option<Secret>,
    /// When the access token ends, in seconds since 1970 by this machine's clock; `None` where the issuer doesn't say.
    pub expires_at: Option<u64>,
    /// Who issued them: nobody else is ever sent one.
    pub issuer: String,
}

/// What is stored. It begins with a brace, as no API key does.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "type")]
    kind: StoredKind,
    issuer: String,
    #[serde(serialize_with = "expose", deserialize_with = "conceal")]
    access_token: Secret,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "expose_some",
        deserialize_with = "conceal_some"
    )]
    refresh_token: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredKind {
    OAuth,
}

// the store is the one place that a token is written to
fn expose<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

#[expect(clippy::ref_option, reason = "serde passes the field as it is")]
fn expose_some<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => expose(secret, serializer),
        None => serializer.serialize_none(),
    }
}

/// Reads a text of an issuer or of the store as a secret at once.
pub(crate) fn conceal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

/// Reads one that may be missing.
pub(crate) fn conceal_some<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Secret>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(Secret::new).filter(|text| !text.is_empty()))
}

impl WebTokens {
    /// The text that is stored.
    pub(crate) fn to_stored(&self) -> Secret {
        let stored = Stored {
            kind: StoredKind::OAuth,
            issuer: self.issuer.clone(),
            access_token: self.access.clone(),
            refresh_token: self.refresh.clone(),
            expires_at: self.expires_at,
        };
        // only a map with keys that are no texts can fail
        Secret::new(serde_json::to_string(&stored).unwrap_or_default())
    }

    /// The tokens in what is stored; `None` where that is an API key.
    pub(crate) fn of_stored(stored: &Secret) -> Option<Self> {
        if !stored.expose().starts_with('{') {
            return None;
        }
        let stored: Stored = serde_json::from_str(stored.expose()).ok()?;
        Some(Self {
            access: stored.access_token,
            refresh: stored.refresh_token,
            expires_at: stored.expires_at,
            issuer: stored.issuer,
        })
    }

    /// Whether the access token has ended, or is about to, at this moment in seconds since 1970.
    pub(crate) fn is_due(&self, now: u64) -> bool {
        let renewed = now.saturating_add(RENEWED_BEFORE.as_secs());
        self.expires_at.is_some_and(|at| at <= renewed)
    }

    /// Whether the access token has ended.
    pub(crate) fn is_over(&self, now: u64) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.access).chain(&self.refresh)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_api_key_is_no_login() {
        for text in ["napi_0123", "", "{", "{}", r#"{"type":"other"}"#] {
            assert_eq!(WebTokens::of_stored(&Secret::new(text)), None, "{text}");
        }
    }

    #[test]
    fn a_token_is_renewed_before_it_ends() {
        let tokens = WebTokens {
            access: Secret::new("a"),
            refresh: None,
            expires_at: Some(1000),
            issuer: String::new(),
        };
        let due = |now| (tokens.is_due(now), tokens.is_over(now));
        assert_eq!(due(1000 - RENEWED_BEFORE.as_secs() - 1), (false, false));
        assert_eq!(due(1000 - RENEWED_BEFORE.as_secs()), (true, false));
        assert_eq!(due(1000), (true, true));
        assert_eq!(due(u64::MAX), (true, true));
        let endless = WebTokens {
            expires_at: None,
            ..tokens
        };
        assert!(!endless.is_due(u64::MAX));
    }

    proptest! {
        #[test]
        fn what_is_stored_is_read_back(
            access in "\\PC{1,80}",
            refresh in proptest::option::of("\\PC{1,80}"),
            expires_at in proptest::option::of(any::<u64>()),
        ) {
            let tokens = WebTokens {
                access: Secret::new(access),
                refresh: refresh.map(Secret::new),
                expires_at,
                issuer: "https://oauth2.neon.tech".to_owned(),
            };
            let stored = tokens.to_stored();
            let one_line = stored.expose().starts_with('{') && !stored.expose().contains('\n');
            prop_assert!(one_line);
            prop_assert_eq!(WebTokens::of_stored(&stored), Some(tokens));
        }
    }
}
