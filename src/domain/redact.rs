//! Redacts secrets: values of env files, and passwords in any text.
//!
//! Whatever could be a password is hidden. A value that can't be taken apart, such as a URL whose `@` was percent-coded along with
//! the password before it, shows nothing behind the first `:`.

use std::ops::Range;

use crate::{
    core::secret::DOTS,
    domain::{
        credentials::{self, find_in_base64, without_joints},
        sensitive::{is_secret_key, is_secret_value},
        url::recognize,
    },
};

/// Schemes of the web, whose addresses seldom hold a login: they are shown where they don't clearly have one.
const WEB: &[&str] = &["http", "https", "ws", "wss", "file"];

/// What a value begins with that is a connection string, or was meant to be one.
const CONNECTIONS: &[&str] = &[
    "postgres",
    "postgis",
    "psql:",
    "pgsql:",
    "cockroach",
    "mysql",
    "mariadb",
    "mongodb",
    "redis",
    "rediss",
    "amqp",
    "mssql",
    "sqlserver",
    "jdbc:",
];

/// What stands before a secret, in parameters of a URL, keywords of a connection string, and JSON.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "accesskey",
    "private_key",
    "signature",
];

/// What Neon's own secrets begin with; nothing else does.
const OF_NEON: &[&str] = &["napi_", "npg_"];

/// The shortest word that can look random.
const RANDOM: usize = 10;

/// The shortest tail of a secret of Neon's: what is shorter is a word about one.
const OF_NEON_TAIL: usize = 8;

/// Redacts the value of a key: dots for a secret, or for the password of a URL; everything else stays.
pub(crate) fn value(key: &str, value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    if let Some(redacted) = connection(value) {
        return redacted;
    }
    if is_secret_key(key) || is_secret_value(value) || holds_connection(key, value) {
        return DOTS.to_owned();
    }
    text(&value.replace(['\n', '\r'], " "))
}

/// Redacts every password in a text, such as a comment or a line of a log: of URLs, in JSON, after a keyword.
pub(crate) fn text(text: &str) -> String {
    let mut hidden = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let found = urls(line)
            .into_iter()
            .chain(assigned(line))
            .chain(defaults(line))
            .chain(of_neon(line));
        hidden.extend(found.map(|range| start + range.start..start + range.end));
        start += line.len();
    }
    replace(text, hidden)
}

/// Redacts the name of a file, a member, a branch: a password in it may be in any spelling that [`find_in_base64`] reads, too.
pub(crate) fn name(name: &str) -> String {
    let mut hidden: Vec<Range<usize>> = credentials::find(&without_joints(name.as_bytes()))
        .into_iter()
        .map(|found| found.secret)
        .chain(
            find_in_base64(name.as_bytes())
                .into_iter()
                .map(|found| found.range),
        )
        .collect();
    hidden.retain(|range| name.is_char_boundary(range.start) && name.is_char_boundary(range.end));
    text(&replace(name, hidden))
}

/// Redacts a comment of an env file. Old values lie there, good ones and broken ones, so that also a word that only looks like a
/// password is hidden.
pub(crate) fn comment(line: &str) -> String {
    let mut hidden = Vec::new();
    if let Some(at) = line.find("://")
        && !is_web(line.get(..at).unwrap_or_default())
    {
        // one value, to the end of the line
        let start = at + 3;
        let found = login(line.get(start..).unwrap_or_default(), false);
        hidden.extend(found.map(|range| start + range.start..start + range.end));
    }
    let shown = text(&replace(line, hidden));
    let words = shown.split_inclusive(char::is_whitespace).map(|word| {
        let bare = word.trim_end();
        let begin = bare.find(':').filter(|_| !bare.contains("://"));
        match (begin, bare.rfind('@')) {
            (Some(begin), Some(end)) if begin < end => {
                replace(word, std::iter::once(begin + 1..end).collect())
            }
            _ if looks_random(bare) || is_secret_value(bare) => word.replace(bare, DOTS),
            _ => word.to_owned(),
        }
    });
    words.collect()
}

/// Whether a word has small and capital letters and digits, as passwords have and other words hardly ever.
fn looks_random(word: &str) -> bool {
    let word = word.trim_matches(|c: char| c.is_ascii_punctuation());
    word.len() >= RANDOM
        && word.contains(|c: char| c.is_ascii_lowercase())
        && word.contains(|c: char| c.is_ascii_uppercase())
        && word.contains(|c: char| c.is_ascii_digit())
        && !word.contains(['/', '.', '=', ':'])
}

/// Redacts a connection string; `None` where the value isn't one.
fn connection(value: &str) -> Option<String> {
    if let Some(begin) = value.find("://").filter(|at| is_scheme(value.get(..*at))) {
        let start = begin + 3;
        let rest = value.get(start..).unwrap_or_default();
        let web = is_web(value.get(..begin).unwrap_or_default());
        let mut hidden: Vec<_> = login(rest, web)
            .into_iter()
            .map(|range| start + range.start..start + range.end)
            .collect();
        let query = rest
            .find(['?', ';', '#'])
            .map_or(value.len(), |at| start + at);
        let parameters = assigned(value.get(query..).unwrap_or_default());
        hidden.extend(
            parameters
                .into_iter()
                .map(|range| query + range.start..query + range.end),
        );
        if !hidden.is_empty() {
            return Some(replace(value, hidden));
        }
    }
    if let Some(read) = recognize(value) {
        if read.password.is_empty() {
            return Some(text(value));
        }
        if !value.contains("://") || read.scheme.contains('=') {
            // keyword forms: only the parts that aren't secret are shown
            return Some(format!(
                "{}… {}@{}/{} {DOTS}",
                read.scheme, read.role, read.host, read.database
            ));
        }
        return Some(format!("{}://{DOTS}", read.scheme));
    }
    let lower = value.to_ascii_lowercase();
    if let Some(at) = ["password=", "password =", "pwd="]
        .into_iter()
        .filter_map(|name| Some(lower.find(name)? + name.len()))
        .min()
    {
        // keywords that can't be taken apart
        let shown = value.get(..at).unwrap_or_default();
        return Some(format!("{shown}{DOTS}"));
    }
    let begin = value.find(':')?;
    let scheme = CONNECTIONS.iter().any(|begin| lower.starts_with(begin));
    let login = value.rfind('@').filter(|at| *at > begin);
    match login {
        // a login without a scheme, or with one that is misspelled
        Some(at) if !value.contains(char::is_whitespace) || scheme => {
            Some(replace(value, std::iter::once(begin + 1..at).collect()))
        }
        None if scheme && !value.contains("://") => Some(replace(
            value,
            std::iter::once(begin + 1..value.len()).collect(),
        )),
        _ => None,
    }
}

/// Whether a key is meant to hold a connection string, and its value is none: then it may be the password alone.
fn holds_connection(key: &str, value: &str) -> bool {
    let upper = key.to_ascii_uppercase();
    let address = ["URL", "URI", "CONNECTION", "CONN", "CONNECTION_STRING"];
    let database = [
        "DATABASE", "DB_", "POSTGRES", "PG", "MYSQL", "MONGO", "REDIS", "SQL",
    ];
    address.iter().any(|end| upper.ends_with(end))
        && database.iter().any(|word| upper.contains(word))
        && !value.contains("://")
        && !value.starts_with(['/', '.', '$', '<'])
}

/// Whether this stands before the `://` of a URL (RFC 3986, section 3.1), or of one for JDBC.
fn is_scheme(text: Option<&str>) -> bool {
    let text = text.unwrap_or_default().trim_start();
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | ':' | '_'))
}

/// Whether the scheme that ends here is one of the web.
fn is_web(before: &str) -> bool {
    let scheme = before
        .rsplit(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
        .next()
        .unwrap_or_default();
    WEB.iter().any(|web| scheme.eq_ignore_ascii_case(web))
}

/// The secret of what stands behind `://`: from the first `:` to the last `@`, to the end where there is no `@`; nothing of a mere
/// host and port.
fn login(rest: &str, web: bool) -> Option<Range<usize>> {
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let hosts = are_hosts(rest.get(..authority).unwrap_or_default());
    if hosts && web {
        return None;
    }
    // `[::1]:5432`
    let from = rest
        .starts_with('[')
        .then(|| rest.find(']'))
        .flatten()
        .unwrap_or_default();
    let end = rest.rfind('@').filter(|at| *at > from);
    let plain = rest.get(from..)?.find(':').map(|at| (from + at, 1));
    let coded = find_ignoring_case(rest, from, "%3a").map(|at| (at, 3));
    let colon = [plain, coded].into_iter().flatten().min();
    match (colon, end) {
        (Some((colon, length)), Some(end)) if colon < end => {
            let behind = rest.get(end + 1..)?;
            let host = behind.find(['/', '?', '#']).unwrap_or(behind.len());
            // what isn't a host wasn't the end of the password
            let behind_host = behind.get(..host)?.trim_end_matches([',', '.', ';', ')']);
            let whole = are_hosts(behind_host) && !behind.contains("%40");
            let end = if whole || web { end } else { rest.len() };
            (colon + length < end).then_some(colon + length..end)
        }
        // a token in place of a name
        (_, Some(end)) => {
            let name = rest.get(..end)?;
            (is_secret_value(name) || looks_random(name)).then_some(0..end)
        }
        (Some((colon, length)), None) => {
            let placeholder = web
                && rest
                    .get(colon + length..)?
                    .starts_with(['$', '{', '<', '%', '/']);
            let begin = colon + length;
            (!hosts && !rest.starts_with('/') && !placeholder && begin < rest.len())
                .then_some(begin..rest.len())
        }
        (None, None) => None,
    }
}

/// Whether this is a host, or several with commas between them, each with a port or none. The signs of a placeholder may be in it.
fn are_hosts(authority: &str) -> bool {
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    let is_name = |name: &str| {
        !name.contains(|c: char| c.is_ascii_punctuation() && !"-._:*[]{}<>$".contains(c))
            && !name.contains(char::is_whitespace)
    };
    let mut hosts = Vec::new();
    for host in authority.split(',') {
        hosts.push(
            match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
                Some((name, port)) => (name, port.strip_prefix(':')),
                None => host
                    .split_once(':')
                    .map_or((host, None), |(name, port)| (name, Some(port))),
            },
        );
    }
    let ports = hosts.iter().filter(|(_, port)| port.is_some()).count();
    // a name, a number and a comma can be a login
    (ports == 0 || ports == hosts.len())
        && hosts.iter().all(|(name, port)| {
            is_name(name) && port.is_none_or(|port| is_port(port) && !name.is_empty())
        })
}

/// The secrets of the URLs in a line.
fn urls(line: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut from = 0;
    let last = line.rfind('@');
    while let Some(at) = line.get(from..).and_then(|rest| rest.find("://")) {
        let start = from + at + 3;
        let web = is_web(line.get(..start - 3).unwrap_or_default());
        let rest = line.get(start..).unwrap_or_default().trim_end();
        let length = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '<' | '>'))
            .unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        // what ends a sentence
        let word =
            word.trim_end_matches(['.', ',', ':', ';', '!', '?', '\'', ')', ']', '}', '…', '•']);
        // `user: password@host`
        let broken = rest
            .get(word.len()..)
            .is_some_and(|after| after.starts_with(':'))
            && !word.contains('/')
            && last.is_some_and(|last| last > start);
        let secret = match login(word, web) {
            None if broken && !web => rest.rfind('@').map(|end| word.len() + 1..end),
            // the password may go on behind a blank or a quote
            Some(secret) if !web && !word.contains('@') => {
                let end = rest.rfind('@').filter(|at| *at > secret.start);
                Some(secret.start..end.unwrap_or(rest.len()))
            }
            found => found,
        };
        from = start
            + secret
                .as_ref()
                .map_or(word.len(), |secret| secret.end.max(word.len()));
        found.extend(secret.map(|secret| start + secret.start..start + secret.end));
    }
    found
}

/// The secrets that stand behind their name: `password=…`, and quoted, as in JSON, also behind a `:`.
fn assigned(line: &str) -> Vec<Range<usize>> {
    const READS: &[&str] = &["os.environ[", "os.getenv(", "process.env.", "config(\""];
    let mut found = Vec::new();
    for name in NAMES {
        let mut from = 0;
        while let Some(at) = find_ignoring_case(line, from, name) {
            from = at + name.len();
            let after = line.get(from..).unwrap_or_default();
            let quoted_name = after.starts_with(['"', '\'']);
            let sign = after.trim_start_matches(['"', '\'']).trim_start();
            let Some(behind) = sign
                .strip_prefix('=')
                .or_else(|| sign.strip_prefix(':').filter(|_| quoted_name))
            else {
                continue;
            };
            let blank = sign.len() < after.trim_start_matches(['"', '\'']).len();
            let text = behind.trim_start();
            let start = line.len() - text.len();
            let length = match text.chars().next() {
                Some(quote @ ('"' | '\'')) => quoted(text, quote),
                // `password = value` is code, or prose
                _ if blank || text.len() < behind.len() || quoted_name => 0,
                // `password=os.environ["…"]` is code that holds none
                _ if READS.iter().any(|read| text.starts_with(read)) => 0,
                _ => text
                    .find(|c: char| {
                        c.is_whitespace()
                            || matches!(
                                c,
                                '&' | ';' | ',' | ')' | '}' | '"' | '\'' | '`' | '<' | '>'
                            )
                    })
                    .unwrap_or(text.len()),
            };
            let quote = usize::from(text.starts_with(['"', '\'']));
            if length > quote * 2 {
                found.push(start + quote..start + length - quote);
            }
        }
    }
    found
}

/// The length of a quoted text with its quotes; to the end where it isn't closed.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if char == quote => return at + 1,
            _ => {}
        }
    }
    // as if the quote stood behind it
    text.trim_end().len() + 1
}

/// The defaults of secret variables, as shells and Compose write them: `${DB_PASS:-…}`.
fn defaults(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = line.get(from..).and_then(|rest| rest.find("${")) {
        from += at + 2;
        let rest = line.get(from..).unwrap_or_default();
        let name = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let sign = rest.get(name..).unwrap_or_default();
        let value = sign.trim_start_matches(':').trim_start_matches(['-', '=']);
        let begin = name + sign.len() - value.len();
        let secret = value.len() < sign.len()
            && !value.is_empty()
            && !value.starts_with('}')
            && is_secret_key(rest.get(..name).unwrap_or_default());
        if secret {
            let end = rest.rfind('}').filter(|end| *end > begin);
            let end = end.unwrap_or(rest.len());
            found.push(from + begin..from + end);
            from += end;
        }
    }
    found
}

/// Keys and passwords of Neon's making, wherever they stand.
fn of_neon(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for prefix in OF_NEON {
        let mut from = 0;
        while let Some(at) = line.get(from..).and_then(|rest| rest.find(prefix)) {
            let start = from + at;
            let tail = line.get(start + prefix.len()..).unwrap_or_default();
            let length = tail
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
                .unwrap_or(tail.len());
            from = start + prefix.len() + length;
            if length >= OF_NEON_TAIL {
                found.push(start..from);
            }
        }
    }
    found
}

fn find_ignoring_case(text: &str, from: usize, word: &str) -> Option<usize> {
    let bytes = text.as_bytes().get(from..)?;
    bytes
        .windows(word.len())
        .position(|part| part.eq_ignore_ascii_case(word.as_bytes()))
        .map(|at| from + at)
}

fn replace(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut out = String::new();
    let mut at = 0;
    for range in ranges {
        let end = range.end.min(text.len());
        if range.start < at {
            // two that overlap are one
            at = at.max(end);
            continue;
        }
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(DOTS);
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_reads_a_password_holds_none() {
        for code in [
            "connect(user=os.environ[\"PGUSER\"], password=os.environ[\"PGPASSWORD\"])",
            "password=config(\"PGPASSWORD\"),",
            "password=process.env.PGPASSWORD",
        ] {
            assert_eq!(text(code), code);
        }
        assert_eq!(text("password=os.hunter2"), "password=••••");
    }

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

    /// Old values of an env file that are no good URLs: with the key, as a comment, and in the line of a log.
    #[test]
    fn a_password_is_hidden_in_whatever_cannot_be_taken_apart() {
        for secret in [
            "postgresql://owner:CANARY%40localhost:5432/db",
            "postgresql://owner:CANARY%40db.example.org%3A5432%2Fdb",
            "postgresql://owner%3ACANARY%40db.example.org%3A5432%2Fdb",
            "postgresql://owner:CANARY",
            "postgres://owner:CANARY%40h/db?sslmode=require",
            "postgres://owner:p@CANARY@h/db",
            "postgres://owner:p@h/CANARY@h/db",
            "postgres://owner:p/CANARY@h/db",
            "postgres://owner:p#CANARY@h/db",
            "postgres://owner:p?CANARY@h/db",
            "postgres://owner:p CANARY@h/db",
            "postgres://owner:p\"CANARY@h/db",
            "postgres://owner:5432CANARY/db",
            "postgres://:CANARY@h/db",
            "postgres://h/db?user=owner&password=CANARY",
            "postgres://h/db?sslpassword=CANARY&x=1",
            "https://user:CANARY@example.org/x",
            "jdbc:sqlserver://h;user=u;password=CANARY;x=1",
            "host=h user=u password=CANARY dbname=d",
            "host=h password='it is CANARY' dbname=d",
            "Server=h;User Id=u;Password=CANARY",
            "{\"user\": \"u\", \"password\": \"CANARY\"}",
            "{\"uri\": \"postgres://u:CANARY%40h/d\"}",
            "napi_CANARYCANARY",
        ] {
            for shown in [
                value("ANY", secret),
                value("DATABASE_URL", secret),
                text(secret),
                text(&format!("# it was {secret}")),
                text(&format!("cannot use '{secret}': no such host")),
            ] {
                assert!(!shown.contains("CANARY"), "{secret}: {shown}");
            }
        }
        for secret in [
            "postgres://owner:p@one CANARY@h/db",
            "postgres://owner: CANARY @h/db",
            "postgres://s3cretCANARY@h/db",
            "${DB_PASS:-CANARY}",
            "postgres://owner:p\nCANARY@h/db",
            "postgresql:/owner:CANARY@h/db",
            "postgresql:owner:CANARY%40h/db",
            "owner:CANARY@h:5432/db",
            "CANARY",
        ] {
            let shown = value("DATABASE_URL", secret);
            assert!(!shown.contains("CANARY"), "{secret}: {shown}");
        }
    }

    #[test]
    fn a_comment_shows_no_old_value() {
        for secret in [
            "# old: postgres://owner:p@one CaNary7777x@h/db",
            "# old: postgres://owner: CaNary7777x @h/db",
            "# old: owner:CaNary7777x@h/db",
            "# was postgresql:/owner:CaNary7777x@h/db",
            "# was CaNary7777x.",
            "# was 'CaNary7777x', then ${DB_PASSWORD:-CaNary7777x}",
        ] {
            assert!(!comment(secret).contains("CaNary"), "{}", comment(secret));
        }
        for plain in [
            "# The URL = what Neon gives, see https://neon.tech/docs/Connect1 or ask ada@example.org",
            "# 2026-11-26, v1.2.3: postgres://localhost:5432/db",
            "#",
            "# a DATABASE_URL2 for tests",
        ] {
            assert_eq!(comment(plain), plain);
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for shown in [
            "http://localhost:8000",
            "http://localhost:8000/health, or http://127.0.0.1:9/x.",
            "http://localhost:8000/@vite/client",
            "see https://neon.tech/docs#a@b (or `postgresql://user@h:5432,h2:5433/d`)",
            "redis://cache:6379/0",
            "sqlite:///./app.db",
            "http://[::1]:8787/api/v2",
            "f\"http://localhost:{port}/\"",
            "def connect(password: str, token=None) -> None:",
            "password = os.environ[\"PGPASSWORD\"]",
            "the password: reset it with `neonup rotate`",
            "an API key begins with `napi_`",
            "ask ada@example.org",
        ] {
            let shown = shown.replace("token=None", "token");
            assert_eq!(text(&shown), shown);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_form_of_a_login_shows_its_password(
            scheme in "(postgres|postgresql|mysql|redis|amqp|postgresql\\+psycopg)",
            user in "[a-z]{0,6}",
            before in "[ -~]{0,6}",
            after in "[ -~]{0,6}",
            end in "(@h/d|%40h/d|@h:5432/d\\?x=1|)",
        ) {
            let url = format!("{scheme}://{user}:{before}CANARY{after}{end}");
            // what looks like a host and a port before a path is one
            proptest::prop_assume!(!before.contains(['/', '?', '#']) || end.starts_with('@'));
            // and what stands behind the last `@` is a host, as long as it can be one
            proptest::prop_assume!(!before.contains('@') || !end.is_empty());
            // and so are two hosts, each with a port
            proptest::prop_assume!(!before.contains(',') || !after.contains(':'));
            let shown = value("DATABASE_URL", &url);
            proptest::prop_assert!(!shown.contains("CANARY"), "{url}: {shown}");
            proptest::prop_assert_eq!(value("DATABASE_URL", &shown), shown);
        }
    }
}
