//! The gate for text: the secrets that this run knows never pass it, however they are spelled.
//!
//! Every writer holds the same gate, and every place that learns a secret tells it. What is written passes [`Gate::mask`], then
//! [`crate::domain::visible`].

use std::{
    borrow::Cow,
    fmt,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    core::secret::{DOTS, Secret},
    domain::{credentials::Needles, redact},
};

/// The shortest secret that is hidden wherever it stands, in bytes. A shorter one, such as `postgres`, can be a word of every
/// other sentence.
const SHORTEST: usize = 12;

/// The most secrets that are known at once. A run has a key, a password or two, and what the env files hold.
const MOST: usize = 256;

/// The secrets of this run. A clone is the same gate.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    secrets: Vec<Secret>,
    /// The search for them; made when it is needed, and again after one was learned.
    needles: Option<Needles>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl Gate {
    fn known(&self) -> MutexGuard<'_, Known> {
        // a panic while holding it cannot leave it half-written
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets this secret pass no more. A short one is hidden only where its place tells it, as in a URL.
    pub(crate) fn close_to(&self, secret: &Secret) {
        let mut known = self.known();
        let short = secret.expose().len() < SHORTEST;
        if !short && known.secrets.len() < MOST && !known.secrets.contains(secret) {
            known.secrets.push(secret.clone());
            known.needles = None;
        }
    }

    /// Hides the known secrets in a text, and whatever else must be a password.
    pub(crate) fn mask(&self, text: &str) -> String {
        redact::text(&self.mask_known(text))
    }

    /// Hides the known secrets alone: for what is shown exactly as it is.
    pub(crate) fn mask_known<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut known = self.known();
        if known.secrets.is_empty() {
            return Cow::Borrowed(text);
        }
        if known.needles.is_none() {
            known.needles = Needles::new(&known.secrets).ok();
        }
        let hits = known
            .needles
            .as_ref()
            .map(|needles| needles.find(text.as_bytes()));
        let ranges: Vec<_> = hits
            .into_iter()
            .flatten()
            .map(|hit| hit.start..hit.end)
            .collect();
        if ranges.is_empty() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(without(text, &ranges))
    }
}

/// The text with dots in place of these ranges, which are in order and may overlap.
fn without(text: &str, ranges: &[Range<usize>]) -> String {
    let mut out = String::new();
    let mut at = 0;
    for range in ranges {
        // a spelling in another encoding may end within a character
        let start = (0..=range.start)
            .rev()
            .find(|at| text.is_char_boundary(*at));
        let end = (range.end..=text.len()).find(|at| text.is_char_boundary(*at));
        let (start, end) = (start.unwrap_or(0), end.unwrap_or(text.len()));
        if start >= at {
            out.push_str(text.get(at..start).unwrap_or_default());
            out.push_str(DOTS);
        }
        at = at.max(end);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_known_secret_passes_in_no_spelling() {
        let gate = Gate::default();
        gate.close_to(&Secret::new("canary p@ss/word"));
        gate.close_to(&Secret::new("short"));
        for text in [
            "said: canary p@ss/word!",
            "said: canary%20p%40ss%2Fword!",
            "said: Y2FuYXJ5IHBAc3Mvd29yZA!",
        ] {
            let shown = gate.clone().mask(text);
            assert!(shown.starts_with(&format!("said: {DOTS}")), "{shown}");
            assert!(
                !shown.contains("anary") && !shown.contains("Y2FuYXJ5"),
                "{shown}"
            );
        }
        assert_eq!(gate.mask("a short word"), "a short word");
        assert_eq!(gate.mask("postgres://u:short@h/d"), "postgres://u:••••@h/d");
    }

    proptest! {
        #[test]
        fn no_text_brings_a_known_secret_along(
            secret in "[ -~]{12,20}",
            before in "\\PC{0,10}",
            after in "\\PC{0,10}",
        ) {
            let gate = Gate::default();
            gate.close_to(&Secret::new(secret.clone()));
            let shown = gate.mask_known(&format!("{before}{secret}{after}{secret}")).into_owned();
            prop_assert!(!shown.contains(&secret), "{shown}");
        }
    }
}
