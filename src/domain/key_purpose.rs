//! What a documented key of an env file is for: our connection, another server's, the tests', a secret, or a plain text.
//!
//! A wrong guess here is acted on: tests empty the database that they are given, and a made-up key of somebody else's service fails far
//! from its cause. So a key is ours only where its name or its value says so and neither says otherwise; whatever is not known is left
//! to a person.

mod name;
#[cfg(test)]
mod tests;

use crate::domain::{
    key_purpose::name::KeyName,
    sensitive,
    url::{Part, UrlKind, recognize},
};

/// What a key is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyPurpose {
    /// The application's connection URL; with the way it leads, where the name or the value tells.
    Url(Option<UrlKind>),
    /// One part of the connection, with the way it leads.
    Part(Part, Option<UrlKind>),
    /// A database for tests, which empty it all the time.
    ForTests,
    /// Prisma's shadow database, which is emptied all the time.
    Shadow,
    /// Another Postgres: production, a replica, a container of this machine.
    OtherDatabase,
    /// Another kind of server or file, by the scheme of its value, else by the word in the key: `mysql`, `redis`, `sqlite`.
    OtherServer(String),
    /// A random value that the application itself makes use of: any will do.
    OwnSecret,
    /// A value that only a person can get: from another service, or from a team mate.
    OthersSecret,
    /// The example holds a mask or a placeholder, which must not be written as if it were a value.
    Placeholder,
    /// A text that can be copied as it is.
    Documented,
    /// The example gives no value, and the name tells nothing.
    Unsaid,
}

/// Secrets that an application makes up for itself. Each is taken by name: most keys with "SECRET" in them belong to others.
const OWN_SECRETS: &[&str] = &[
    "ADMIN_JWT_SECRET",
    "API_TOKEN_SALT",
    "APPLICATION_SECRET",
    "APP_SECRET",
    "APP_SECRET_KEY",
    "AUTH_CONFIRM_EMAIL_SECRET",
    "AUTH_FORGOT_SECRET",
    "AUTH_JWT_SECRET",
    "AUTH_REFRESH_SECRET",
    "AUTH0_SECRET",
    "AUTH_SECRET",
    "AUTH_SECRET_KEY",
    "BETTER_AUTH_SECRET",
    "COOKIE_SECRET",
    "CRON_SECRET",
    "CSRF_SECRET",
    "CSRF_SECRET_KEY",
    "DJANGO_SECRET_KEY",
    "ENCRYPTION_KEY",
    "ENCRYPTION_SECRET",
    "EXPRESS_SESSION_SECRET",
    "FLASK_SECRET_KEY",
    "HMAC_KEY",
    "HMAC_SECRET",
    "JWT_ACCESS_SECRET",
    "JWT_ACCESS_TOKEN_SECRET",
    "JWT_REFRESH_SECRET",
    "JWT_REFRESH_TOKEN_SECRET",
    "JWT_SECRET",
    "JWT_SECRET_KEY",
    "JWT_SIGNING_KEY",
    "JWT_TOKEN_SECRET",
    "JWTSECRET",
    "NEXTAUTH_SECRET",
    "NUXT_SESSION_PASSWORD",
    "PAYLOAD_SECRET",
    "REFRESH_TOKEN_SECRET",
    "SECRET",
    "SECRETKEY",
    "SECRET_KEY",
    "SECRET_KEY_BASE",
    "SESSION_KEY",
    "SESSION_SECRET",
    "SESSION_SECRET_KEY",
    "SIGNING_KEY",
    "TOKEN_SECRET",
    "TRANSFER_TOKEN_SALT",
];

/// Sections of nested settings (`AUTH__JWT_SECRET`) that are the application's own.
const OWN_SECTIONS: &[&str] = &[
    "API", "APP", "AUTH", "DJANGO", "FLASK", "JWT", "SECURITY", "SERVER", "SESSION", "SETTINGS",
];

/// Tells what one key is for, by its name and the value that documents it (empty where there is none).
///
/// Parts of a connection other than libpq's own need their neighbours: see [`purposes`].
pub(crate) fn purpose(key: &str, value: &str) -> KeyPurpose {
    let value = value.trim();
    let name = KeyName::new(key);
    if let Some(purpose) = of_connection(&name, value) {
        return purpose;
    }
    if is_own_secret(&name) {
        return KeyPurpose::OwnSecret;
    }
    if is_made_up(value) {
        return if sensitive::is_secret_key(key) {
            KeyPurpose::OthersSecret
        } else {
            KeyPurpose::Placeholder
        };
    }
    if let Some(server) = other_server(&name, value) {
        return KeyPurpose::OtherServer(server);
    }
    if sensitive::has_token_prefix(value) {
        return KeyPurpose::OthersSecret;
    }
    let plain = name.is_about_a_secret() || (!value.is_empty() && is_setting(value));
    if sensitive::is_secret_key(key) && !plain {
        return KeyPurpose::OthersSecret;
    }
    if !value.is_empty() {
        return KeyPurpose::Documented;
    }
    if name.is_issued() {
        KeyPurpose::OthersSecret
    } else {
        KeyPurpose::Unsaid
    }
}

/// Whether a key says of which kind a database is, and not where: `SQL_DIALECT`, `DB_CLIENT`.
pub(crate) fn names_a_kind(key: &str) -> bool {
    KeyName::new(key).is_kind()
}

/// Whether a key holds the host of a database, of whatever kind.
pub(crate) fn is_host(key: &str) -> bool {
    KeyName::new(key)
        .part()
        .is_some_and(|(_, part)| part == Part::Host)
}

/// Whether a key speaks of a database of Postgres, or of no kind that is named.
pub(crate) fn is_of_database(key: &str) -> bool {
    KeyName::new(key).is_of_database()
}

/// Whether the name of a URL has a word beside those for a database and for the way that leads there: `GEO_DATABASE_URL`.
pub(crate) fn is_qualified(key: &str) -> bool {
    KeyName::new(key).is_qualified()
}

/// Tells what the keys of one file are for: as [`purpose`] does, and with the parts of a connection, which count only where host and
/// password stand together, and the other one of a pair of URLs.
pub(crate) fn purposes(pairs: &[(&str, &str)]) -> Vec<KeyPurpose> {
    let names: Vec<_> = pairs.iter().map(|(key, _)| KeyName::new(key)).collect();
    let others = other_prefixes(pairs, &names);
    let part = |name: &KeyName| {
        let (prefix, part) = name.part()?;
        let ours = name.is_the_applications() && !others.contains(&prefix.to_owned());
        ours.then_some(part)
    };
    let there = |wanted: Part| names.iter().any(|name| part(name) == Some(wanted));
    let set = there(Part::Host) && there(Part::Password);
    // Java's data sources have an address, and beside it who logs in
    let beside_url = |name: &KeyName| {
        let (prefix, part) = name.part()?;
        let url = format!("{prefix}_URL");
        let has_url = pairs
            .iter()
            .any(|(key, value)| key.eq_ignore_ascii_case(&url) && is_ours(&purpose(key, value)));
        (has_url && matches!(part, Part::User | Part::Password)).then_some(part)
    };
    let refresh = pairs.iter().any(|(key, _)| *key == "REFRESH_TOKEN_SECRET");
    let mut found: Vec<_> = pairs
        .iter()
        .zip(&names)
        .map(|((key, value), name)| match part(name) {
            Some(part) if set || beside_url(name) == Some(part) => {
                KeyPurpose::Part(part, name.kind())
            }
            // what a container of this machine is given; a password there is as public as the example
            Some(_) if !value.is_empty() && !is_made_up(value) => KeyPurpose::Documented,
            _ if refresh && *key == "ACCESS_TOKEN_SECRET" => KeyPurpose::OwnSecret,
            _ => purpose(key, value),
        })
        .collect();
    let said = |kind: UrlKind| found.contains(&KeyPurpose::Url(Some(kind)));
    let rest = match (said(UrlKind::Direct), said(UrlKind::Pooled)) {
        (true, false) => Some(UrlKind::Pooled),
        (false, true) => Some(UrlKind::Direct),
        (true, true) | (false, false) => None,
    };
    for purpose in &mut found {
        if *purpose == KeyPurpose::Url(None) {
            *purpose = KeyPurpose::Url(rest);
        }
    }
    // the other one of a pair of hosts
    let host = |purpose: &KeyPurpose, kind| *purpose == KeyPurpose::Part(Part::Host, kind);
    let twins: Vec<_> = found
        .iter()
        .zip(&names)
        .filter(|(purpose, _)| host(purpose, Some(UrlKind::Direct)))
        .map(|(_, name)| name.without_kind().to_owned())
        .collect();
    for (purpose, name) in found.iter_mut().zip(&names) {
        if host(purpose, None) && twins.iter().any(|twin| twin == name.upper()) {
            *purpose = KeyPurpose::Part(Part::Host, Some(UrlKind::Pooled));
        }
    }
    found
}

const fn is_ours(purpose: &KeyPurpose) -> bool {
    matches!(purpose, KeyPurpose::Url(_))
}

/// The purpose of a key that has to do with a Postgres.
fn of_connection(name: &KeyName, value: &str) -> Option<KeyPurpose> {
    let read = recognize(value);
    let other = scheme(value).filter(|_| read.is_none());
    let libpq = Part::of_variable(name.without_kind());
    let is_url = (read.is_some() && libpq.is_none()) || (name.is_url() && !name.is_other_server());
    let is_part = libpq.is_some() || name.part().is_some();
    if !is_url && !is_part {
        return None;
    }
    if name.is_for_tests() {
        return Some(KeyPurpose::ForTests);
    }
    if name.is_shadow() {
        return Some(KeyPurpose::Shadow);
    }
    if let Some(part) = libpq {
        return Some(KeyPurpose::Part(part, name.kind()));
    }
    if !is_url {
        return None;
    }
    if let Some(scheme) = other {
        return Some(KeyPurpose::OtherServer(scheme));
    }
    if let Some(server) = name.other_server() {
        return Some(KeyPurpose::OtherServer(server));
    }
    if name.is_another_place() {
        return Some(KeyPurpose::OtherDatabase);
    }
    // it would be shipped to the browser
    if name.is_public() {
        return Some(KeyPurpose::OthersSecret);
    }
    let pooled = read.is_some_and(|read| read.kind() == UrlKind::Pooled || read.names_pgbouncer());
    let kind = name.kind().or_else(|| pooled.then_some(UrlKind::Pooled));
    Some(KeyPurpose::Url(kind))
}

/// The other kind of server that a value or a key names.
fn other_server(name: &KeyName, value: &str) -> Option<String> {
    let web = |scheme: &String| matches!(scheme.as_str(), "http" | "https" | "ws" | "wss");
    scheme(value)
        .filter(|scheme| !web(scheme))
        .or_else(|| name.other_server().filter(|_| name.ends_as_url()))
}

/// The scheme of a URL that is none of Postgres, in lower case: `mongodb`, `mysql`, `file`.
fn scheme(value: &str) -> Option<String> {
    let (scheme, rest) = value.split_once(':')?;
    let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    // SQLite's `file:./dev.db` has no slashes, and JDBC's scheme has two parts
    let scheme = scheme.to_ascii_lowercase();
    match scheme.as_str() {
        "jdbc" => rest.split(':').next().map(str::to_owned),
        "file" | "sqlite" => Some(scheme),
        _ => (valid && rest.starts_with("//")).then_some(scheme),
    }
    .filter(|scheme| !scheme.starts_with("postgres"))
}

/// Whether a value isn't a value: a mask, or made up in some place of it.
fn is_made_up(value: &str) -> bool {
    if sensitive::looks_masked(value) || sensitive::looks_like_placeholder(value) {
        return true;
    }
    // a secret that is cut off: `sk-...`
    let cut = value.strip_suffix("...").or(value.strip_suffix('…'));
    if cut.is_some_and(|start| !start.is_empty() && !start.contains(char::is_whitespace)) {
        return true;
    }
    // the rules for our own URLs hold for those of other servers
    value.split_once("://").is_some_and(|(_, rest)| {
        let alike = format!("postgresql://{rest}");
        sensitive::looks_masked(&alike) || sensitive::looks_like_placeholder(&alike)
    })
}

/// Whether a value is a number, a switch or nothing at all, and so no secret, whatever the key is called.
fn is_setting(value: &str) -> bool {
    let number = value.len() <= 12 && value.chars().all(|c| c.is_ascii_digit() || c == '.');
    let lower = value.to_ascii_lowercase();
    number
        || matches!(
            lower.as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "none"
        )
}

fn is_own_secret(name: &KeyName) -> bool {
    let upper = name.upper();
    if OWN_SECRETS.contains(&upper) {
        return true;
    }
    upper.rsplit_once("__").is_some_and(|(sections, last)| {
        OWN_SECRETS.contains(&last)
            && sections
                .split("__")
                .all(|section| OWN_SECTIONS.contains(&section))
    })
}

/// The prefixes of parts that belong to another kind of server: by its usual port, or by a neighbour that names it.
fn other_prefixes(pairs: &[(&str, &str)], names: &[KeyName]) -> Vec<String> {
    const PORTS: &[&str] = &["3306", "1433", "1521", "27017"];
    const KINDS: &[&str] = &[
        "mysql",
        "mariadb",
        "sqlite",
        "mssql",
        "sqlserver",
        "oracle",
        "mongo",
    ];
    pairs
        .iter()
        .zip(names)
        .filter_map(|((_, value), name)| {
            let lower = value.to_ascii_lowercase();
            match name.part() {
                Some((prefix, Part::Port)) => PORTS.contains(value).then(|| prefix.to_owned()),
                Some(_) => None,
                None => {
                    let prefix = name.prefix_of_kind()?;
                    let other = KINDS.iter().any(|kind| lower.contains(kind));
                    other.then(|| prefix.to_owned())
                }
            }
        })
        .collect()
}
