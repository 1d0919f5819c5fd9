//! Redacts secrets: values of env files, and passwords of URLs in any text.

use std::ops::Range;

use crate::{
    core::secret::DOTS,
    domain::{
        sensitive::{is_secret_key, is_secret_value},
        url::recognize,
    },
};

/// Redacts the value of a key: dots for a secret or for the password of a URL; everything else stays.
pub(crate) fn value(key: &str, value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    if let Some(redacted) = url(value) {
        return redacted;
    }
    if is_secret_key(key) || is_secret_value(value) {
        DOTS.to_owned()
    } else {
        value.replace(['\n', '\r'], " ")
    }
}

/// Redacts the password of a connection string; `None` where the value isn't one.
fn url(value: &str) -> Option<String> {
    if value.contains("://") {
        let hidden = passwords(value);
        if !hidden.is_empty() {
            return Some(replace(value, &hidden));
        }
    }
    let read = recognize(value)?;
    if read.password.is_empty() {
        return Some(value.to_owned());
    }
    // keyword forms, and a JDBC URL with its password in the query: only the parts that aren't secret are shown
    Some(format!(
        "{}… {}@{}/{} {DOTS}",
        read.scheme, read.role, read.host, read.database
    ))
}

/// Redacts the password of every URL in a text, such as a comment or a line of a log.
pub(crate) fn text(text: &str) -> String {
    replace(text, &passwords(text))
}

/// The passwords of `scheme://user:password@` in a text.
fn passwords(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("://")) {
        let start = from + at + 3;
        let rest = text.get(start..).unwrap_or_default();
        let length = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '<' | '>'))
            .unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        let authority = word.find(['/', '?']).unwrap_or(word.len());
        let end = word
            .get(..authority)
            .and_then(|authority| authority.rfind('@'))
            .or_else(|| word.rfind('@'));
        if let Some(end) = end
            && let Some(colon) = word.get(..end).and_then(|login| login.find(':'))
            && colon + 1 < end
        {
            found.push(start + colon + 1..start + end);
        }
        // a password in the query, as JDBC has it
        for name in ["password=", "pwd="] {
            if let Some(at) = word.to_ascii_lowercase().find(name) {
                let begin = start + at + name.len();
                let tail = text.get(begin..start + length).unwrap_or_default();
                let end = begin + tail.find('&').unwrap_or(tail.len());
                if end > begin && found.iter().all(|other: &Range<usize>| other.end <= begin) {
                    found.push(begin..end);
                }
            }
        }
        from = start + length;
    }
    found
}

fn replace(text: &str, ranges: &[Range<usize>]) -> String {
    let mut out = String::new();
    let mut at = 0;
    for range in ranges {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(DOTS);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_their_password_and_nothing_else() {
        assert_eq!(
            value(
                "DATABASE_URL",
                "postgresql+psycopg://u:p%40w@h.example/d?sslmode=require"
            ),
            "postgresql+psycopg://u:••••@h.example/d?sslmode=require"
        );
        assert_eq!(
            value("ANY", "redis://:hunter2@cache:6379"),
            "redis://:••••@cache:6379"
        );
        assert_eq!(
            value("API", "http://localhost:8000"),
            "http://localhost:8000"
        );
        assert_eq!(
            value(
                "U",
                "jdbc:postgresql://h/d?user=u&password=hunter2&sslmode=require"
            ),
            "jdbc:postgresql://h/d?user=u&password=••••&sslmode=require"
        );
        for secret in [
            "Host=h;Username=u;Password=hunter2",
            "host=h user=u password=hunter2 dbname=d",
        ] {
            assert!(
                !value("U", secret).contains("hunter2"),
                "{}",
                value("U", secret)
            );
        }
    }

    #[test]
    fn secret_looking_keys_and_values_become_dots() {
        for (key, text, shown) in [
            ("JWT_SECRET", "abc", "••••"),
            ("STRIPE", "sk_live_1234567890", "••••"),
            ("RANDOM", "a1b2c3d4e5f6a7b8c9d0e1f2", "••••"),
            ("LOG_LEVEL", "debug", "debug"),
            ("API_PORT", "8000", "8000"),
            ("NEXT_PUBLIC_KEY", "abc", "abc"),
        ] {
            assert_eq!(value(key, text), shown, "{key}");
        }
    }
}
