//! What must not be shown: which values are secret, and how a line of an env file looks with its secrets hidden.

use std::ops::Range;

use crate::domain::{
    dotenv::{Document, Entry, Piece, part},
    url::recognize,
};

/// What stands in place of a secret.
pub(crate) const DOTS: &str = "••••";

/// Words in a key that say that its value is secret.
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

/// What known secrets begin with.
const SECRET_PREFIXES: &[&str] = &[
    "napi_",
    "npg_",
    "sk-",
    "sk_",
    "pk_",
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

/// Words that a made-up value holds.
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
    // what a front end is built with is public by its nature
    let public = [
        "NEXT_PUBLIC_",
        "VITE_",
        "REACT_APP_",
        "PUBLIC_",
        "EXPO_PUBLIC_",
        "NUXT_PUBLIC_",
    ];
    !public.iter().any(|prefix| upper.starts_with(prefix))
        && SECRET_WORDS.iter().any(|word| upper.contains(word))
}

/// Whether a value is a secret by its own looks, whatever its key: a known prefix, or a long random word.
pub(crate) fn is_secret_value(value: &str) -> bool {
    if SECRET_PREFIXES
        .iter()
        .any(|prefix| value.starts_with(prefix) && value.len() >= prefix.len() + 8)
    {
        return true;
    }
    let word = value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-'));
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let letters = value.chars().filter(char::is_ascii_alphabetic).count();
    word && value.len() >= 24 && digits >= 4 && letters >= 4 && !value.starts_with('/')
}

/// Whether a value, or the password in it, looks masked: copied from a place that hides it.
pub(crate) fn looks_masked(value: &str) -> bool {
    let masked = |text: &str| {
        let hidden = text
            .chars()
            .filter(|c| matches!(c, '*' | '•' | '●' | '…'))
            .count();
        hidden >= 3 && hidden * 2 >= text.chars().count()
    };
    if let Some(read) = recognize(value) {
        return masked(read.password.expose());
    }
    masked(value)
        || matches!(
            value,
            "[hidden]" | "<hidden>" | "[redacted]" | "<redacted>" | "REDACTED"
        )
}

/// Whether a value is made up, as an example's: nobody can connect or sign with it.
pub(crate) fn looks_like_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
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
    if bracketed('<', '>') || (value.contains("://") && bracketed('[', ']')) {
        return true;
    }
    if !lower.is_empty() && lower.len() >= 3 && lower.chars().all(|c| c == 'x') {
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

/// A value fit for a screen: a secret is dots, the password of a URL is dots, everything else stays.
pub(crate) fn value(key: &str, value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    if let Some(masked) = url(value) {
        return masked;
    }
    if is_secret_key(key) || is_secret_value(value) {
        DOTS.to_owned()
    } else {
        value.replace(['\n', '\r'], " ")
    }
}

/// A connection string with its password as dots; `None` where the text holds none.
fn url(value: &str) -> Option<String> {
    if value.contains("://") {
        let hidden = passwords(value);
        if !hidden.is_empty() {
            return Some(hide(value, &hidden));
        }
    }
    let read = recognize(value)?;
    if read.password.is_empty() {
        return Some(value.to_owned());
    }
    // keyword forms, and a JDBC URL with its password in the query: only the parts that are no secret are shown
    Some(format!(
        "{}… {}@{}/{} {DOTS}",
        read.scheme, read.role, read.host, read.database
    ))
}

/// A free text, such as a comment or a line of a log, with the password of every URL in it as dots.
pub(crate) fn text(text: &str) -> String {
    hide(text, &passwords(text))
}

/// Where passwords of `scheme://user:password@` stand in a text.
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

fn hide(text: &str, ranges: &[Range<usize>]) -> String {
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

/// The lines of an env file as they may be shown. `notes` stands in place of the value of its key, such as
/// `•••• (new, 64 hex digits)`.
pub(crate) fn env_lines(document: &Document, notes: &[(String, String)]) -> Vec<String> {
    let bytes = document.bytes();
    let mut lines = Vec::new();
    for piece in document.pieces() {
        match piece {
            Piece::Blank(_) => lines.push(String::new()),
            Piece::Comment(range) => lines.push(comment(&line(bytes, range.clone()))),
            Piece::Unreadable(range) => lines.push(unreadable(&line(bytes, range.clone()))),
            Piece::Entry(entry) => lines.extend(entry_lines(bytes, entry, notes)),
        }
    }
    lines
}

fn line(bytes: &[u8], range: Range<usize>) -> String {
    let text = String::from_utf8_lossy(part(bytes, range));
    text.trim_end_matches(['\n', '\r'])
        .trim_start_matches('\u{feff}')
        .to_owned()
}

fn entry_lines(bytes: &[u8], entry: &Entry, notes: &[(String, String)]) -> Vec<String> {
    let before = line(bytes, entry.lines.start..entry.span.start);
    let after = line(bytes, entry.span.end..entry.lines.end);
    let note = notes.iter().find(|(key, _)| *key == entry.key);
    let shown = note.map_or_else(
        || value(&entry.key, entry.value.expose()),
        |(_, note)| note.clone(),
    );
    let after = text(&after);
    let extra = memchr::memchr_iter(b'\n', part(bytes, entry.span.clone())).count();
    let mut lines = vec![format!("{before}{shown}{after}")];
    // the further lines of a long value stay lines, so that a diff of the bytes and of what is shown go side by side
    lines.extend(std::iter::repeat_n(format!("  {DOTS}"), extra));
    lines
}

/// A comment may be a line that somebody switched off.
fn comment(line: &str) -> String {
    let inner = line.trim_start().trim_start_matches('#');
    let document = Document::parse(inner.trim_start().as_bytes());
    let Some(entry) = document.entries().next() else {
        return text(line);
    };
    // `# The URL = what Neon gives` is prose
    if entry.key.contains(' ')
        || (!is_secret_key(&entry.key) && !is_secret_value(entry.value.expose()))
    {
        return text(line);
    }
    let (before, _) = line.split_once('=').unwrap_or((line, ""));
    format!("{before}={}", value(&entry.key, entry.value.expose()))
}

/// Nobody knows what a line is that is no env syntax: only its first word is shown.
fn unreadable(line: &str) -> String {
    let word = line
        .trim_start()
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .next()
        .unwrap_or_default();
    let word: String = word.chars().take(24).collect();
    if is_secret_value(&word) || word.chars().count() == 24 {
        return DOTS.to_owned();
    }
    format!("{word} {DOTS}").trim_start().to_owned()
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
    fn keys_and_values_that_look_secret_are_dots() {
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

    #[test]
    fn placeholders_and_masked_values_are_told() {
        for text in [
            "postgresql+psycopg://user:password@host/db?sslmode=require",
            "postgresql+psycopg://[user]:[password]@[host]/[database]?sslmode=require",
            "<your secret>",
            "changeme",
            "your-secret-here",
            "xxxx",
        ] {
            assert!(looks_like_placeholder(text), "{text}");
        }
        for text in [
            "",
            "8000",
            "localhost",
            "http://localhost:3000",
            "a<b>c1",
            "postgresql://neondb_owner:npg_1@ep-a.neon.tech/neondb",
        ] {
            assert!(!looks_like_placeholder(text), "{text}");
        }
        assert!(looks_masked("postgresql://u:****************@h/d"));
        assert!(looks_masked("********"));
        assert!(!looks_masked("a**b"));
        assert!(!looks_masked(""));
    }

    #[test]
    fn a_file_is_shown_line_by_line_without_a_secret() {
        let file = b"# postgres://u:canary1@h/d\n#JWT_SECRET=canary2\nLOG=debug # why\nTOKEN='canary3\ncanary4' # c\nKEY: canary5\nU=postgres://u:canary6@h/d\n";
        let document = Document::parse(file);
        let shown = env_lines(&document, &[]);
        assert_eq!(
            shown,
            [
                "# postgres://u:••••@h/d",
                "#JWT_SECRET=••••",
                "LOG=debug # why",
                "TOKEN=•••• # c",
                "  ••••",
                "KEY ••••",
                "U=postgres://u:••••@h/d",
            ]
        );
        assert!(!shown.concat().contains("canary"));
    }
}
