//! Tells a real password from a placeholder.

/// How much a credential is worth to a thief.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Weight {
    /// A simple password of a database on the developer's own machine.
    Development,
    /// It may open something.
    Real,
}

/// Words that only documentation uses for a password.
const PLACEHOLDERS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pass",
    "pwd",
    "pw",
    "secret",
    "changeme",
    "changethis",
    "change",
    "replace",
    "placeholder",
    "example",
    "sample",
    "redacted",
    "hidden",
    "masked",
    "removed",
    "insert",
    "your",
    "dummy",
    "fake",
    "undefined",
    "null",
    "none",
    "todo",
    "xxx",
    "yyy",
    "zzz",
    "foo",
    "bar",
    "baz",
];

/// Words that may stand beside them, or be a weak password by themselves.
const WEAK: &[&str] = &[
    "postgresql",
    "postgres",
    "database",
    "administrator",
    "admin",
    "root",
    "user",
    "owner",
    "test",
    "demo",
    "local",
    "dev",
    "prod",
    "neon",
    "role",
    "name",
    "strong",
    "super",
    "very",
    "safe",
    "real",
    "actual",
    "value",
    "token",
    "key",
    "here",
    "with",
    "this",
    "some",
    "the",
    "my",
    "db",
    "pg",
    "me",
    "to",
    "app",
    "goes",
    "in",
    "is",
    "new",
    "old",
    "abc",
    "qwerty",
    "letmein",
    "docker",
    "myapp",
    "tester",
    "testing",
    "guest",
    "default",
];

/// Passwords of published documentation.
const PUBLISHED: &[&str] = &[
    "AbC123dEf",
    "AbCdEf123456",
    "hunter2",
    "s3cr3t",
    "p4ssw0rd",
    "P@ssw0rd",
];

/// Whether a value is a placeholder or a simple word instead of a secret.
pub(crate) fn is_placeholder(value: &str) -> bool {
    weigh(b"", value.as_bytes(), b"db.acme.io").is_none()
}

/// Passwords that documentation writes, and that people leave as they are.
const LEFT_AS_THEY_ARE: &[&str] = &["changeme", "changethis", "changeit"];

/// Users that only documentation has.
const PLACEHOLDER_USERS: &[&str] = &["", "user", "username", "role", "owner", "alex", "name"];

/// Whether it consists of documentation's words, such as `changeme`, and so stands in many texts that mean nothing by it.
pub(super) fn is_words(password: &str) -> bool {
    Vocabulary::of(password) == Vocabulary::Placeholder
}

/// The weight of a password on a host; `None` for a placeholder.
pub(super) fn weigh(user: &[u8], password: &[u8], host: &[u8]) -> Option<Weight> {
    let name = String::from_utf8_lossy(host).to_ascii_lowercase();
    let left = LEFT_AS_THEY_ARE
        .iter()
        .any(|word| password.eq_ignore_ascii_case(word.as_bytes()));
    let made_up = PLACEHOLDER_USERS
        .iter()
        .any(|word| user.eq_ignore_ascii_case(word.as_bytes()));
    if left && !made_up && !is_placeholder_host(&name) && !is_local(&name) {
        return Some(Weight::Real);
    }
    weigh_words(user, password, host)
}

fn weigh_words(user: &[u8], password: &[u8], host: &[u8]) -> Option<Weight> {
    let password = String::from_utf8_lossy(password);
    let host = String::from_utf8_lossy(host).to_ascii_lowercase();
    // `${NAME:-default}`: the default is written here, whatever the variable holds elsewhere
    let password = password
        .strip_prefix("${")
        .and_then(|inner| inner.strip_suffix('}'))
        .and_then(|inner| inner.split_once(":-"))
        .map_or_else(|| password.to_string(), |(_, default)| default.to_owned());
    if is_neon(&password) {
        return Some(Weight::Real);
    }
    if is_variable(&password) || is_masked(&password) || PUBLISHED.contains(&password.as_str()) {
        return None;
    }
    let vocabulary = Vocabulary::of(&password);
    if vocabulary == Vocabulary::Placeholder {
        return None;
    }
    let weak = vocabulary == Vocabulary::Weak || password.as_bytes() == user;
    if is_placeholder_host(&host) && !(password.len() >= 12 && is_random(password.as_bytes())) {
        return None;
    }
    if is_local(&host) {
        return (weak || !is_random(password.as_bytes()))
            .then_some(Weight::Development)
            .or(Some(Weight::Real));
    }
    Some(Weight::Real)
}

/// Whether the bytes look random.
pub(super) fn is_random(bytes: &[u8]) -> bool {
    let mut seen = [false; 256];
    for byte in bytes {
        if let Some(slot) = seen.get_mut(usize::from(*byte)) {
            *slot = true;
        }
    }
    let distinct = seen.iter().filter(|seen| **seen).count();
    let has = |test: fn(&u8) -> bool| bytes.iter().any(test);
    let digit = has(u8::is_ascii_digit);
    let lower = has(u8::is_ascii_lowercase);
    let upper = has(u8::is_ascii_uppercase);
    let mixed = u8::from(digit) + u8::from(lower) + u8::from(upper) >= 2;
    // a row such as 123456 or abcdef is typed, not random
    let steps = bytes
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if a.abs_diff(*b) <= 1))
        .count();
    let vocabulary = Vocabulary::of(&String::from_utf8_lossy(bytes));
    bytes.len() >= 8
        && distinct >= 6
        && mixed
        && steps * 2 < bytes.len()
        && vocabulary == Vocabulary::Other
}

/// Whether it is a Neon password: no other begins with `npg_`.
fn is_neon(password: &str) -> bool {
    password.strip_prefix("npg_").is_some_and(|random| {
        random.len() >= 8 && !is_masked(password) && is_random(random.as_bytes())
    })
}

fn is_variable(text: &str) -> bool {
    let wrapped = [
        ("<", ">"),
        ("[", "]"),
        ("{", "}"),
        ("(", ")"),
        ("%3C", "%3E"),
        ("__", "__"),
        ("@", "@"),
    ]
    .iter()
    .any(|(open, close)| text.starts_with(open) && (text.ends_with(close) || *open == "<"));
    let named = text.strip_prefix(['$', '%']).is_some_and(|rest| {
        rest.is_empty()
            || rest.starts_with(['{', '('])
            || matches!(rest, "s" | "d" | "v" | "S")
            || rest
                .trim_end_matches(['%', '$'])
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_')
                && rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && !(text.starts_with('%') && is_percent_code(rest))
    });
    wrapped
        || named
        || ["${", "{{", "<%", "#{", "$(", "%(", "\\("]
            .iter()
            .any(|sign| text.contains(sign))
}

/// Whether it begins with the two digits of a percent-coded byte.
fn is_percent_code(rest: &str) -> bool {
    rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2
}

fn is_masked(text: &str) -> bool {
    let only = |c: char| {
        matches!(
            c,
            '*' | 'x' | 'X' | '.' | '-' | '_' | '•' | '…' | '?' | '#' | '·' | '●' | '0'
        )
    };
    let bare = text.strip_prefix("npg_").unwrap_or(text);
    bare.chars().all(only)
        || ["***", "•", "…", "...", "xxxx", "XXXX", "●●"]
            .iter()
            .any(|sign| text.contains(sign))
}

fn is_placeholder_host(host: &str) -> bool {
    let first = host.split('.').next().unwrap_or(host);
    host.is_empty()
        || host.starts_with(['<', '{', '$', '%'])
        || (host.starts_with('[') && !host.contains(':') && !host.starts_with("[:") && host != "[")
        || matches!(
            first,
            "host"
                | "hostname"
                | "server"
                | "your-host"
                | "yourhost"
                | "my-host"
                | "myhost"
                | "endpoint"
                | "ep-abc"
                | "ep-id"
        )
        || host.ends_with("example.com")
        || host.ends_with("example.org")
        || host.ends_with("example.net")
        || host.ends_with(".example")
        || [
            "xxx",
            "xyz",
            "your",
            "...",
            "***",
            "…",
            "•",
            "placeholder",
            "fake",
            "ep-abc",
            "endpoint-id",
            "example-host",
        ]
        .iter()
        .any(|sign| host.contains(sign))
}

fn is_local(host: &str) -> bool {
    let name = host.trim_matches(['[', ']']);
    !name.contains('.') && !name.is_empty()
        || name.starts_with("127.")
        || matches!(name, "" | "0.0.0.0" | "host.docker.internal")
        || [".local", ".localhost", ".test", ".invalid", ".localdomain"]
            .iter()
            .any(|end| name.ends_with(end))
}

/// The words that a password is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vocabulary {
    /// Documentation's words.
    Placeholder,
    /// Simple words.
    Weak,
    /// Something else, too.
    Other,
}

impl Vocabulary {
    /// Removes known words, separators and a few digits, and checks whether anything is left.
    fn of(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let mut rest = lower.as_str();
        let (mut placeholder, mut digits) = (false, 0);
        while !rest.is_empty() {
            let word = |list: &[&str]| {
                list.iter()
                    .filter(|word| rest.starts_with(**word))
                    .map(|word| word.len())
                    .max()
            };
            let (documentation, weak) = (word(PLACEHOLDERS), word(WEAK));
            let taken = if let Some(length) = documentation.max(weak) {
                placeholder |= documentation.is_some();
                length
            } else if rest.starts_with(|c: char| c.is_ascii_digit()) {
                digits += 1;
                1
            } else if rest.starts_with(['-', '_', '.', ' ', '!', '+']) {
                1
            } else {
                return Self::Other;
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        if digits > 6 {
            Self::Other
        } else if placeholder {
            Self::Placeholder
        } else {
            Self::Weak
        }
    }
}
