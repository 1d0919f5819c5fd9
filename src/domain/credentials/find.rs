//! Finds anything that looks like a credential, in any text.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use regex::bytes::Regex;

use crate::domain::credentials::judge::{Weight, is_random, weigh};

/// What kind of credential it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum CredentialKind {
    /// `postgres://user:password@host`, of any driver.
    Url,
    /// `postgres://host/db?password=…`, as JDBC writes it.
    Parameters,
    /// `host=… password=…`, as libpq and Npgsql read it, or the same as arguments of a call.
    Keywords,
    /// `host:5432:database:user:password`, a line of libpq's password file.
    PasswordFile,
    /// A private key of dotenvx by its name, `DOTENV_PRIVATE_KEY=…`.
    PrivateKey,
    /// A Neon API key, `napi_…`.
    ApiKey,
    /// A Neon database password by itself, `npg_…`.
    Password,
}

impl CredentialKind {
    /// Names it for a person.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Url => "a connection URL with its password",
            Self::Parameters => "a connection URL with a password parameter",
            Self::Keywords => "connection keywords with a password",
            Self::PasswordFile => "a line of a password file",
            Self::PrivateKey => "a private key of dotenvx",
            Self::ApiKey => "a Neon API key",
            Self::Password => "a Neon database password",
        }
    }
}

/// Where a credential stands in a text, never what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    pub kind: CredentialKind,
    pub weight: Weight,
    /// The bytes of the URL or the key.
    pub range: Range<usize>,
    /// The bytes of the password or key in it.
    pub secret: Range<usize>,
    /// The 1-based line.
    pub line: u32,
}

/// How far in front of the port a line of a password file may begin: the longest name of a host.
const HOST_REACH: usize = 256;
/// How far a credential may reach from the word that gives it away.
const REACH: usize = 2048;

/// Literals of which every credential holds one, so that much text can be searched before [`find`] looks closer. The bare words
/// `postgres` and `password` are not among them: whole repositories are full of them.
pub(crate) const ANCHORS: [&str; 32] = [
    "DOTENV_PRIVATE_KEY",
    ":5432:",
    "postgres:",
    "postgresql:",
    "postgresql+",
    "postgres+",
    "POSTGRES:",
    "POSTGRESQL:",
    "Postgres:",
    "postgis:",
    "psql:",
    "pgsql:",
    "napi_",
    "npg_",
    "assword=",
    "assword =",
    "ASSWORD=",
    "ASSWORD =",
    "assword\t=",
    // the same in base64
    "cG9zdGdyZX",
    "Bvc3RncmVz",
    "wb3N0Z3Jlc",
    "bmFwaV",
    "5hcGlf",
    "uYXBpX",
    "bnBnX",
    // archives in base64
    "H4sI",
    "UEsDB",
    "Qlpo",
    "KLUv",
    "/Td6W",
    "SDRzS",
];

/// Finds everything in a text that looks like a credential and isn't a placeholder, in order.
pub(crate) fn find(text: &[u8]) -> Vec<Credential> {
    static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostFirst)
            .build([
                "postgres",
                "napi_",
                "npg_",
                "password",
                ":5432:",
                "dotenv_private_key",
                "postgis:",
                "pgsql:",
                "psql:",
            ])
            .ok()
    });
    let mut found: Vec<Credential> = Vec::new();
    let Some(words) = WORDS.as_ref() else {
        return found;
    };
    let (mut done, mut line, mut counted) = (0, 1_u32, 0);
    for word in words.find_iter(text) {
        let at = word.start();
        if at < done {
            continue;
        }
        let Some(candidate) = PossibleCredential::at(text, at, word.pattern().as_usize()) else {
            continue;
        };
        done = candidate.range.end;
        let Some(weight) = candidate.weight else {
            continue;
        };
        let lines = text
            .get(counted..candidate.secret.start)
            .map_or(0, |between| memchr::memchr_iter(b'\n', between).count());
        line = line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        counted = candidate.secret.start;
        found.push(Credential {
            kind: candidate.kind,
            weight,
            range: candidate.range,
            secret: candidate.secret,
            line,
        });
    }
    found
}

/// The name of a file or a branch, of the same length, in which an underscore isn't part of a word: `dump_npg_…_old`.
pub(crate) fn without_joints(name: &[u8]) -> Vec<u8> {
    let mut out = name.to_owned();
    for at in memchr::memchr_iter(b'_', name) {
        let before = name.get(..at).unwrap_or_default();
        if !(before.ends_with(b"npg") || before.ends_with(b"napi"))
            && let Some(byte) = out.get_mut(at)
        {
            *byte = b'-';
        }
    }
    out
}

/// Something with the shape of a credential; no weight when it is a placeholder.
struct PossibleCredential {
    kind: CredentialKind,
    weight: Option<Weight>,
    range: Range<usize>,
    secret: Range<usize>,
}

static URL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i-u)^(?:postgres(?:ql)?|postgis|pgsql|psql)(?:\+[a-z0-9_]+)?:(?:\\?/){2}([^\s:/@"'`]*):([^\s@"'`]+)@([^\s/:?#"'`\\,;)]*)"#,
    )
});
static PARAMETERS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i-u)^(?:postgres(?:ql)?|postgis|pgsql|psql)(?:\+[a-z0-9_]+)?:(?:\\?/){2}([^\s/:?#"'`]*)[^\s"'`]*?(?:[?&;]|\\u0026)password=([^&\s"'`\\]+)"#,
    )
});
static API_KEY: LazyLock<Regex> = LazyLock::new(|| pattern("(?-u)^napi_([A-Za-z0-9]{20,})"));
static PASSWORD: LazyLock<Regex> = LazyLock::new(|| pattern("(?-u)^npg_([A-Za-z0-9]{8,64})"));
static VALUE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i-u)^password\s{0,4}=\s{0,4}(?:\\?'((?:[^'\\\n]|\\.)+)\\?'|\\?"([^"\\\n]+)\\?"|([^\s'",;)&\\]+))"#,
    )
});
static PRIVATE_KEY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?-u)^DOTENV_PRIVATE_KEY(?:_[A-Z0-9_]+)?["']?\s{0,4}[=:]\s{0,4}["']?([0-9a-f]{64})(?:[^0-9a-f]|$)"#,
    )
});
static PASSWORD_FILE: LazyLock<Regex> = LazyLock::new(|| {
    // a database and a role begin with a letter: dates and addresses of logs don't
    pattern(
        r"(?-u)^([A-Za-z0-9_.-]+):5432:(?:\*|[A-Za-z_][^\s:]*):([A-Za-z_][^\s:]*):((?:[^\s:\\]|\\.)+)\r?(?:\n|$)",
    )
});
static HOST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?i-u)\b(?:host|hostaddr|server|data source)\s{0,4}=\s{0,4}\\?["']?([^\s"',;\\)]+)"#)
});
static OTHER_KEYWORD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i-u)\b(?:dbname|database|user|username|user id|sslmode|port)\s{0,4}=")
});

/// Compiles a constant pattern.
#[expect(
    clippy::expect_used,
    reason = "the patterns are constants, and the tests compile every one of them"
)]
fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("a constant pattern")
}

impl PossibleCredential {
    fn at(text: &[u8], at: usize, word: usize) -> Option<Self> {
        let window = text.get(at..text.len().min(at.saturating_add(REACH)))?;
        let before = at.checked_sub(1).and_then(|index| text.get(index));
        match word {
            0 => Self::url(window, at),
            1 => Self::token(window, at, before, CredentialKind::ApiKey, &API_KEY),
            2 => Self::token(window, at, before, CredentialKind::Password, &PASSWORD),
            3 => Self::keywords(text, window, at, before),
            4 => Self::password_file(text, at),
            5 => Self::private_key(window, at),
            // Django's and PHP's names of the scheme
            _ => Self::address(window, at),
        }
    }

    fn url(window: &[u8], at: usize) -> Option<Self> {
        // the word is everywhere, so the pattern is tried only where an address may follow
        let rest = window.get("postgres".len()..)?;
        let rest = if rest
            .get(..2)
            .is_some_and(|end| end.eq_ignore_ascii_case(b"ql"))
        {
            rest.get(2..)?
        } else {
            rest
        };
        if !matches!(rest.first(), Some(b':' | b'+')) {
            return None;
        }
        Self::address(window, at)
    }

    fn address(window: &[u8], at: usize) -> Option<Self> {
        if let Some(parts) = URL.captures(window) {
            let (whole, user, password, host) =
                (parts.get(0)?, parts.get(1)?, parts.get(2)?, parts.get(3)?);
            // `host:5432/name?x=a@b` only looks like a user and a password
            let port = password
                .as_bytes()
                .split(|byte| *byte == b'/')
                .next()
                .is_some_and(|head| head.len() < password.len() && is_number(head));
            if !port {
                return Some(Self {
                    kind: CredentialKind::Url,
                    weight: weigh(user.as_bytes(), password.as_bytes(), host.as_bytes()),
                    range: shift(whole.range(), at),
                    secret: shift(password.range(), at),
                });
            }
        }
        let parts = PARAMETERS.captures(window)?;
        let (whole, host, password) = (parts.get(0)?, parts.get(1)?, parts.get(2)?);
        Some(Self {
            kind: CredentialKind::Parameters,
            weight: weigh(b"", password.as_bytes(), host.as_bytes()),
            range: shift(whole.range(), at),
            secret: shift(password.range(), at),
        })
    }

    fn token(
        window: &[u8],
        at: usize,
        before: Option<&u8>,
        kind: CredentialKind,
        shape: &Regex,
    ) -> Option<Self> {
        if before.is_some_and(|byte| is_word(*byte)) {
            return None;
        }
        let parts = shape.captures(window)?;
        let (whole, random) = (parts.get(0)?, parts.get(1)?);
        if window.get(whole.end()).is_some_and(|byte| is_word(*byte)) {
            return None;
        }
        Some(Self {
            kind,
            weight: is_random(random.as_bytes()).then_some(Weight::Real),
            range: shift(whole.range(), at),
            secret: shift(whole.range(), at),
        })
    }

    fn private_key(window: &[u8], at: usize) -> Option<Self> {
        let parts = PRIVATE_KEY.captures(window)?;
        let (whole, key) = (parts.get(0)?, parts.get(1)?);
        Some(Self {
            kind: CredentialKind::PrivateKey,
            weight: is_random(key.as_bytes()).then_some(Weight::Real),
            range: shift(whole.range(), at),
            secret: shift(key.range(), at),
        })
    }

    /// A line of a password file, with the place of its port.
    fn password_file(text: &[u8], at: usize) -> Option<Self> {
        let head = text.get(at.saturating_sub(HOST_REACH)..at)?;
        let before = memchr::memrchr(b'\n', head).map_or(0, |newline| newline + 1);
        let start = at - head.len() + before;
        let line = text.get(start..text.len().min(start + REACH))?;
        let parts = PASSWORD_FILE.captures(line)?;
        let (whole, host, user, password) =
            (parts.get(0)?, parts.get(1)?, parts.get(2)?, parts.get(3)?);
        Some(Self {
            kind: CredentialKind::PasswordFile,
            weight: weigh(user.as_bytes(), password.as_bytes(), host.as_bytes()),
            range: shift(whole.range(), start),
            secret: shift(password.range(), start),
        })
    }

    fn keywords(text: &[u8], window: &[u8], at: usize, before: Option<&u8>) -> Option<Self> {
        let value = window.get("password".len()..)?;
        if before.is_some_and(|byte| is_word(*byte))
            || !matches!(value.first(), Some(b'=' | b' ' | b'\t'))
        {
            return None;
        }
        let parts = VALUE.captures(window)?;
        let whole = parts.get(0)?;
        let (value, quoted) = match (parts.get(1).or_else(|| parts.get(2)), parts.get(3)) {
            (Some(value), _) => (value, true),
            (None, Some(value)) => (value, false),
            (None, None) => return None,
        };
        // the rest of the connection stands on the same line
        let head = text.get(at.saturating_sub(REACH)..at)?;
        let start = memchr::memrchr(b'\n', head).map_or(0, |newline| newline + 1);
        let tail = window
            .get(..memchr::memchr(b'\n', window).unwrap_or(window.len()))
            .unwrap_or(window);
        let line: Vec<u8> = head.get(start..)?.iter().chain(tail).copied().collect();
        let host = HOST.captures(&line)?.get(1)?.as_bytes().to_owned();
        if !OTHER_KEYWORD.is_match(&line) {
            return None;
        }
        // without quotes it may be a name of the program: `password=settings.password`
        let weight = if quoted || is_random(value.as_bytes()) {
            weigh(b"", value.as_bytes(), &host)
        } else {
            None
        };
        Some(Self {
            kind: CredentialKind::Keywords,
            weight,
            range: shift(whole.range(), at),
            secret: shift(value.range(), at),
        })
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_number(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit)
}

const fn shift(range: Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(CredentialKind, Weight)> {
        find(text.as_bytes())
            .into_iter()
            .map(|found| (found.kind, found.weight))
            .collect()
    }

    const REAL: &str = "npg_aB3dE5fG7hJ9";
    const HOST: &str = "ep-cool-darkness-a1b2c3d4.us-east-2.aws.neon.tech";

    #[test]
    fn credentials_are_found_in_every_form() {
        let key = format!("napi_{}", "a1B2c3D4".repeat(8));
        for (text, kind) in [
            (
                format!("postgres://owner:{REAL}@{HOST}/db"),
                CredentialKind::Url,
            ),
            (
                format!("postgis://owner:{REAL}@{HOST}/db"),
                CredentialKind::Url,
            ),
            (
                format!("pgsql:user=o, then psql://o:{REAL}@{HOST}/db"),
                CredentialKind::Url,
            ),
            (
                format!("postgresql+psycopg://owner:{REAL}@{HOST}/db"),
                CredentialKind::Url,
            ),
            (
                format!("POSTGRESQL://owner:{REAL}@{HOST}/db"),
                CredentialKind::Url,
            ),
            (
                format!(r"postgres:\/\/owner:{REAL}@{HOST}\/db"),
                CredentialKind::Url,
            ),
            (
                format!(r#"url = \"postgres://owner:{REAL}@{HOST}/db\""#),
                CredentialKind::Url,
            ),
            (
                "postgres://owner:Tr0ub4dor-x9@10.1.2.3/db".to_owned(),
                CredentialKind::Url,
            ),
            (
                "postgres://owner:a%40b%2Fc9Kq2@db.acme.io/db".to_owned(),
                CredentialKind::Url,
            ),
            (
                "postgres://admin:admin123@db.acme.io/db".to_owned(),
                CredentialKind::Url,
            ),
            (
                format!("jdbc:postgresql://{HOST}/db?user=o&password={REAL}"),
                CredentialKind::Parameters,
            ),
            (
                format!("<a href='jdbc:postgresql://{HOST}/db?user=o&amp;password={REAL}'>"),
                CredentialKind::Parameters,
            ),
            (
                format!("host={HOST} dbname=db user=o password={REAL}"),
                CredentialKind::Keywords,
            ),
            (
                format!("password='it\\'s {REAL}' host={HOST} user=o"),
                CredentialKind::Keywords,
            ),
            (
                format!("connect(host=\"{HOST}\", user=\"o\", password=\"{REAL}\")"),
                CredentialKind::Keywords,
            ),
            (
                format!("Host={HOST};Username=o;Password={REAL};Database=db"),
                CredentialKind::Keywords,
            ),
            (
                format!("# mine\n{HOST}:5432:db:app:Kq8vX2mN9pLw2z\n"),
                CredentialKind::PasswordFile,
            ),
            (
                format!("DOTENV_PRIVATE_KEY_CI: \"{}\"", "0f1e2d3c".repeat(8)),
                CredentialKind::PrivateKey,
            ),
            (format!("PGPASSWORD={REAL}"), CredentialKind::Password),
            (format!("key: {key}"), CredentialKind::ApiKey),
        ] {
            assert_eq!(kinds(&text), [(kind, Weight::Real)], "{text}");
        }
    }

    #[test]
    fn placeholders_are_ignored() {
        for text in [
            "postgresql://user:password@host:5432/db",
            "postgresql://user:<password>@ep-xxx.us-east-2.aws.neon.tech/db",
            "postgresql://user:[password]@ep-xyz.aws.neon.tech/db",
            "postgresql://<user>:<password>@<host>/<db>",
            "postgresql://user:password123@ep-xyz.us-east-2.aws.neon.tech/db",
            "postgres://${USER}:${PASSWORD}@${HOST}/db",
            "postgres://$USER:$PASSWORD@$HOST/db",
            "f'postgresql://{user}:{password}@{host}/db'",
            "postgres://{{user}}:{{password}}@{{host}}/db",
            "postgres://{{ user }}:{{ password }}@{{ host }}/db",
            "postgres://owner:****@ep-cool-1.neon.tech/db",
            "postgres://owner:npg_****@ep-cool-1.neon.tech/db",
            "postgres://owner:••••@ep-cool-1.neon.tech/db",
            "postgres://owner:••••Xy12@ep-cool-1.neon.tech/db",
            "postgres://owner:...@ep-cool-1.neon.tech/db",
            "postgres://owner:changeme@db.acme.io/db",
            "postgres://user:changeme@db.acme.io/db",
            "postgres://app:changeme@ep-xxx.us-east-2.aws.neon.tech/db",
            "postgres://owner:your-password-here@db.acme.io/db",
            "postgres://owner:YOUR_DB_PASSWORD@db.acme.io/db",
            "postgres://%s:%s@%s/db",
            "postgres://%(user)s:%(password)s@%(host)s/db",
            "postgres://user:pass@localhost",
            "postgres://alex:AbC123dEf@ep-cool-darkness-123456.us-east-2.aws.neon.tech/dbname",
            "postgres://localhost:5432/db?user=a@b",
            "postgres://localhost/db",
            "npg_xxxxxxxxxxxx",
            "npg_connection_pool_size",
            "napi_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "connect(host=host, user=user, password=password)",
            "connect(host='db.acme.io', user='o', password=os.environ['PGPASSWORD'])",
            "host=localhost user=me password=secret",
            "the password = 'whatever it is'",
            "password=hunter2hunter2",
            "DOTENV_PRIVATE_KEY=process.env.DOTENV_PRIVATE_KEY",
            "DOTENV_PRIVATE_KEY=\"your-key\"",
            "      - \"127.0.0.1:5432:5432\"",
            "hostname:5432:database:username:password",
            "see db.acme.io:5432:db:app:Kq8vX2mN9pLw2z in the log",
        ] {
            assert_eq!(kinds(text), [], "{text}");
        }
    }

    #[test]
    fn a_placeholder_that_was_left_on_a_real_host_is_a_secret() {
        for host in ["db.acme.io", HOST] {
            let text = format!("postgres://app_owner:changeme@{host}/db");
            assert_eq!(kinds(&text), [(CredentialKind::Url, Weight::Real)]);
        }
        assert_eq!(kinds("postgres://app:changeme@localhost/db"), []);
    }

    #[test]
    fn simple_passwords_of_local_databases_weigh_less() {
        for text in [
            "postgres://postgres:postgres@localhost:5432/app",
            "postgresql+asyncpg://app:app@127.0.0.1/app",
            "postgres://postgres:admin@db:5432/app",
            "postgres://app:app@[::1]/app",
        ] {
            assert_eq!(
                kinds(text),
                [(CredentialKind::Url, Weight::Development)],
                "{text}"
            );
        }
    }

    #[test]
    fn the_default_of_a_variable_is_judged() {
        assert_eq!(
            kinds(&format!("postgres://o:${{PW:-{REAL}}}@{HOST}/db")),
            [(CredentialKind::Url, Weight::Real)]
        );
        assert_eq!(
            kinds(&format!("postgres://o:${{PW:-password}}@{HOST}/db")),
            []
        );
    }

    #[test]
    fn lines_and_ranges_point_at_the_password() {
        let text = format!("# Set-up\n\n```\npostgres://o:{REAL}@{HOST}/db\n```\nkey {REAL}\n");
        let found = find(text.as_bytes());
        let lines: Vec<_> = found.iter().map(|found| found.line).collect();
        assert_eq!(lines, [4, 6]);
        for credential in &found {
            assert_eq!(text.get(credential.secret.clone()), Some(REAL));
            assert!(!format!("{credential:?}").contains(REAL));
        }
    }

    #[test]
    fn binary_data_is_searched_too() {
        let mut text = vec![0xff, 0xfe, 0x00];
        text.extend_from_slice(format!("postgres://o:{REAL}@{HOST}").as_bytes());
        text.extend_from_slice(&[0x00, 0xff]);
        assert_eq!(find(&text).len(), 1);
        assert_eq!(find(b"postgres://"), []);
        assert_eq!(find(b"postgres://a:b"), []);
        assert_eq!(find(b"password="), []);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_searched_without_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), at in 0_usize..4) {
            let mut text = bytes;
            let word = ["postgres://a:", "password='", "npg_", "napi_"][at];
            text.extend_from_slice(word.as_bytes());
            text.extend(text.clone());
            for found in find(&text) {
                proptest::prop_assert!(found.range.end <= text.len());
                proptest::prop_assert!(found.secret.start >= found.range.start);
            }
        }
    }
}
