//! The one type that holds a secret, and the one function that masks it.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

/// A password, an API key, a connection URL: never printed, logged, serialised or put into argv.
///
/// `Debug` says nothing, there is no `Display` and no `Serialize`; the memory is cleared on drop.
#[derive(Clone)]
pub(crate) struct Secret(SecretString);

impl Secret {
    /// Wraps a secret as soon as it is read.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The secret itself; only for the place that sends or writes it.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Its length in characters.
    pub(crate) fn chars(&self) -> usize {
        self.expose().chars().count()
    }

    /// Whether it is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    /// How a person recognizes it: dots and the last four characters (none of a secret shorter than 16).
    pub(crate) fn masked(&self) -> String {
        mask(self.expose())
    }
}

/// Stands in place of a secret.
pub(crate) const DOTS: &str = "••••";

/// Masks a secret: `••••` and its last four characters, or only dots where four would tell too much.
pub(crate) fn mask(secret: &str) -> String {
    let count = secret.chars().count();
    if count < 16 {
        return DOTS.to_owned();
    }
    let last: String = secret.chars().skip(count - 4).collect();
    format!("{DOTS}{last}")
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(••••)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_nothing_of_itself() {
        let secret = Secret::new("npg_canaryCANARY1234");
        assert_eq!(format!("{secret:?}"), "Secret(••••)");
        assert_eq!(secret.masked(), "••••1234");
        assert_eq!(mask("short"), "••••");
    }
}
