//! Judges keys and values of env files: secrets, masked values, placeholders.

use crate::domain::url::recognize;

/// Words in the names of keys with secret values.
const SECRET_WORDS: &[&str] = &[
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PWD",
    "TOKEN",
    "KEY",
    "CREDENTIAL",
    "AUTH",
    "SALT",
    "PRIVATE",
    "SIGNATURE",
    "CERT",
    "DSN",
    "COOKIE",
    "SESSION",
    "WEBHOOK",
    "PGPASS",
    "_PASS",
];

/// Prefixes of well-known secrets.
const SECRET_PREFIXES: &[&str] = &[
    "napi_",
    "npg_",
    "sk-",
    "sk_",
    "rk_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xox",
    "AKIA",
    "ASIA",
    "AIza",
    "eyJ",
    "SG.",
    "-----BEGIN",
    "whsec_",
    "hf_",
    "dop_v1_",
];

/// Words in made-up values.
const PLACEHOLDER_WORDS: &[&str] = &[
    "changeme",
    "change-me",
    "change_me",
    "replaceme",
    "replace-me",
    "replace_me",
    "replace_with",
    "replace-with",
    "your-",
    "your_",
    "yourpassword",
    "yoursecret",
    "placeholder",
    "fixme",
    "todo",
    "insert_",
    "insert-",
    "example.com",
    "example.neon",
    "dummy",
];

/// Whether a key names a secret.
pub(crate) fn is_secret_key(key: &str) -> bool {
    let upper = key.to_ascii_uppercase();
    !is_public_key(key) && SECRET_WORDS.iter().any(|word| upper.contains(word))
}

/// What the names begin with whose values a build copies into what browsers load: Next.js, Vite, Create React App, Svelte, Astro,
/// Expo, Nuxt, Gatsby, Vue CLI, Storybook, Nx, Plasmo, Bun, Sanity.
const PUBLIC_PREFIXES: &[&str] = &[
    "NEXT_PUBLIC_",
    "VITE_",
    "REACT_APP_",
    "PUBLIC_",
    "EXPO_PUBLIC_",
    "NUXT_PUBLIC_",
    "GATSBY_",
    "VUE_APP_",
    "STORYBOOK_",
    "NX_PUBLIC_",
    "PLASMO_PUBLIC_",
    "BUN_PUBLIC_",
    "SANITY_STUDIO_",
];

/// Whether a build copies the key's value into what browsers load.
pub(crate) fn is_public_key(key: &str) -> bool {
    let upper = key.to_ascii_uppercase();
    PUBLIC_PREFIXES
        .iter()
        .any(|prefix| upper.starts_with(prefix))
}

/// Whether a value begins as a well-known secret does. Stripe's publishable keys (`pk_`) are none.
pub(crate) fn has_token_prefix(value: &str) -> bool {
    SECRET_PREFIXES
        .iter()
        .any(|prefix| value.starts_with(prefix) && value.len() >= prefix.len() + 8)
}

/// Whether a value is a well-known kind of secret and may be a live one: `sk_test_your_key` is made of words.
pub(crate) fn is_token(value: &str) -> bool {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    has_token_prefix(value) && digits >= 2 && !looks_masked(value) && !looks_like_placeholder(value)
}

/// Whether a value looks secret, whatever its key: a well-known prefix, or a long random word.
pub(crate) fn is_secret_value(value: &str) -> bool {
    // a key that may be published is hidden all the same: which of Stripe's it is, nobody should have to think of
    if has_token_prefix(value) || (value.starts_with("pk_") && value.len() >= 11) {
        return true;
    }
    let word = value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-'));
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let letters = value.chars().filter(char::is_ascii_alphabetic).count();
    word && value.len() >= 24 && digits >= 4 && letters >= 4 && !value.starts_with('/')
}

const fn hides(c: char) -> bool {
    matches!(c, '*' | '•' | '●' | '…')
}

/// Whether at least half of a text is one run of marks: `****`, `np****`. A schedule such as `* * * * *` is none.
fn is_mask(text: &str) -> bool {
    let marks = text
        .split(|c| !hides(c))
        .map(|run| run.chars().count())
        .max()
        .unwrap_or(0);
    marks >= 3 && marks * 2 >= text.chars().count()
}

/// Whether one end of a word was replaced by marks, with what tells the kind left standing: `sk_test_***`, `***-prod`.
fn has_masked_end(text: &str) -> bool {
    let left = [text.trim_end_matches(hides), text.trim_start_matches(hides)];
    left.into_iter().any(|left| {
        let marks = text.chars().count() - left.chars().count();
        marks >= 3
            && left
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    })
}

/// Whether a value, or the password in it, was copied from a place that masks it.
pub(crate) fn looks_masked(value: &str) -> bool {
    let masked = |text: &str| is_mask(text) || has_masked_end(text);
    // a well-known secret that is cut off: `sk-...`
    if value.ends_with("...")
        && SECRET_PREFIXES
            .iter()
            .any(|prefix| value.starts_with(prefix))
    {
        return true;
    }
    if let Some(read) = recognize(value) {
        return masked(read.password.expose());
    }
    let inner = value.trim_matches(|c| matches!(c, '[' | ']' | '<' | '>' | '(' | ')' | '*'));
    let word = |word: &str| inner.eq_ignore_ascii_case(word);
    let left_out = value.len() >= 3 && value.bytes().all(|byte| byte == b'.');
    masked(value)
        || left_out
        || (inner != value && (word("hidden") || word("redacted") || word("masked")))
        || value == "REDACTED"
}

/// Whether a value is made up, as in an example: nobody can connect or sign with it.
pub(crate) fn looks_like_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    if is_documentation_address(&lower) {
        return false;
    }
    if PLACEHOLDER_WORDS.iter().any(|word| lower.contains(word)) {
        return true;
    }
    let bracketed = |open, close| {
        value
            .split_once(open)
            .and_then(|(_, rest)| rest.split_once(close))
            .is_some_and(|(inner, _)| {
                inner.len() >= 2
                    && inner
                        .chars()
                        .all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | ' '))
            })
    };
    // `__SET_ME__`
    let marked = value
        .strip_prefix("__")
        .and_then(|rest| rest.strip_suffix("__"))
        .is_some_and(|inner| {
            inner.len() >= 2 && inner.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        });
    if marked || bracketed('<', '>') || (value.contains("://") && bracketed('[', ']')) {
        return true;
    }
    if lower.len() >= 3 && lower.chars().all(|c| matches!(c, 'x' | '-')) && lower.contains('x') {
        return true;
    }
    // `sk_test_xxxxxxxx`: what tells the kind is left, and the end is made up
    if ["_xxxx", "-xxxx"].iter().any(|end| {
        lower
            .rfind(end)
            .and_then(|at| lower.get(at + 1..))
            .is_some_and(|end| end.chars().all(|c| c == 'x'))
    }) {
        return true;
    }
    recognize(value).is_some_and(|read| {
        let password = read.password.expose().to_ascii_lowercase();
        matches!(
            read.host.as_str(),
            "host" | "hostname" | "db.example.com" | "example.com"
        ) || read.host.contains("ep-xxx")
            || (matches!(password.as_str(), "password" | "pass" | "pw" | "secret")
                && matches!(
                    read.role.to_ascii_lowercase().as_str(),
                    "user" | "username" | "role"
                ))
    })
}

/// Whether a value is an e-mail address that is kept for documentation (RFC 2606): mail to it goes nowhere, which is right on a
/// developer's machine.
fn is_documentation_address(lower: &str) -> bool {
    let Some((name, host)) = lower.split_once('@') else {
        return false;
    };
    let word = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let is_own = ["you", "name", "someone", "change"]
        .iter()
        .any(|word| name.contains(word));
    matches!(host, "example.com" | "example.org" | "example.net")
        && !name.is_empty()
        && name.chars().all(word)
        && !is_own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_and_masked_values_are_recognized() {
        for text in [
            "postgresql+psycopg://user:password@host/db?sslmode=require",
            "postgresql+psycopg://[user]:[password]@[host]/[database]?sslmode=require",
            "<your secret>",
            "changeme",
            "your-secret-here",
            "xxxx",
            "sk_test_xxxxxxxxxxxx",
            "xxxxxxxx-xxxx-xxxx-xxxxxxxxxxxx",
            "your-name@example.com",
            "__SET_ME__",
            "https://example.com/@me",
        ] {
            assert!(looks_like_placeholder(text), "{text}");
        }
        for text in [
            "",
            "8000",
            "localhost",
            "http://localhost:3000",
            "a<b>c1",
            "---",
            "__init__",
            "sk_test_xxxx1",
            "maxxxxx",
            "noreply@example.com",
            "postgresql://neondb_owner:npg_1@ep-a.neon.tech/neondb",
        ] {
            assert!(!looks_like_placeholder(text), "{text}");
        }
        assert!(looks_masked("postgresql://u:****************@h/d"));
        assert!(looks_masked("********"));
        assert!(looks_masked("sk_test_***"));
        assert!(looks_masked("•••-live"));
        assert!(looks_masked("np****"));
        assert!(looks_masked("sk-..."));
        assert!(looks_masked("[REDACTED]") && looks_masked("<Hidden>") && looks_masked("..."));
        assert!(!looks_masked("hidden") && !looks_masked("..") && !looks_masked("[]"));
        assert!(!looks_masked("Loading..."));
        assert!(is_token("npg_aB3dE5fG7hJ9") && is_token("sk_live_51Habc"));
        for text in [
            "sk_test_***",
            "sk_test_your_key",
            "sk_test_key_here",
            "pk_test_51Habcdefgh",
        ] {
            assert!(!is_token(text), "{text}");
        }
        for text in [
            "a**b",
            "* * * * *",
            "src/***",
            "0 0 * * *",
            "my***pass",
            "**",
        ] {
            assert!(!looks_masked(text), "{text}");
        }
        assert!(!looks_masked(""));
    }
}
