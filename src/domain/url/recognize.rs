//! Recognizes connection URLs of any form, and takes them apart.

use percent_encoding::percent_decode_str;

use crate::{
    core::secret::Secret,
    domain::{
        url::{
            driver::{Driver, UrlShape},
            part::{Part, UrlKind},
            pooler::is_pooled,
            quote::keyword,
        },
        visible::is_hidden,
    },
};

/// How strongly a URL asks for TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tls {
    /// It says nothing.
    Silent,
    /// It allows plain text: `disable`, `allow`, `prefer`.
    Optional,
    /// It insists on TLS, but not on whom it talks to.
    Required,
    /// It insists on a certificate that is trusted.
    Verified,
}

/// What a connection URL of any form says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecognizedUrl {
    /// The scheme, such as `postgresql+psycopg`; `Host=` and `host=` stand for the forms that aren't URLs.
    pub scheme: String,
    /// In lower case; empty where there is none.
    pub host: String,
    pub port: Option<u16>,
    pub database: String,
    pub role: String,
    /// Empty where there is none.
    pub password: Secret,
    /// Whether the host is a pooler's.
    pub pooled: bool,
    /// Whether it demands channel binding.
    pub channel_binding: bool,
    pub(super) tls: Tls,
    shape: UrlShape,
    /// What is not the connection itself.
    pub(super) parameters: Vec<UrlParameter>,
}

/// A parameter of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UrlParameter {
    /// As it is written.
    pub(super) name: String,
    pub(super) value: Secret,
    /// The value as it stands in a URI, with its percent signs.
    pub(super) raw: Option<Secret>,
}

/// A name without case, spaces, `_` and `-`: so .NET compares them.
pub(super) fn canonical(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-'))
        .collect::<String>()
        .to_ascii_lowercase()
}

impl RecognizedUrl {
    /// Whether plain text is ruled out.
    pub(crate) fn asks_for_tls(&self) -> bool {
        self.tls >= Tls::Required
    }

    /// Whether it tells Prisma that a pooler stands between.
    pub(crate) fn names_pgbouncer(&self) -> bool {
        self.parameters
            .iter()
            .any(|parameter| parameter.name.eq_ignore_ascii_case("pgbouncer"))
    }

    pub(crate) const fn kind(&self) -> UrlKind {
        if self.pooled {
            UrlKind::Pooled
        } else {
            UrlKind::Direct
        }
    }

    /// Whether a driver accepts this form; if not, why, without a secret.
    pub(crate) fn accepted_by(&self, driver: Driver) -> Result<(), String> {
        self.accepted_form(driver)?;
        let form = driver.form();
        self.parameters
            .iter()
            .map(|parameter| parameter.name.to_ascii_lowercase())
            .find(|name| form.refuses.contains(&name.as_str()))
            .map_or(Ok(()), |name| {
                Err(format!("{driver} fails on the parameter `{name}`"))
            })
    }

    /// Whether a driver accepts this form, whatever its parameters; if not, why.
    pub(super) fn accepted_form(&self, driver: Driver) -> Result<(), String> {
        let form = driver.form();
        if form.shape != self.shape {
            return Err(format!("{driver} expects the form `{}…`", driver.prefix()));
        }
        if !form.schemes.is_empty() && !form.schemes.contains(&self.scheme.as_str()) {
            return Err(format!(
                "it starts with `{}://`, {driver} expects `{}`",
                self.scheme,
                driver.prefix()
            ));
        }
        Ok(())
    }
}

/// Recognizes a connection URL of any form; `None` where it is something else.
pub(crate) fn recognize(value: &str) -> Option<RecognizedUrl> {
    let value = value.trim();
    // a password among keywords may hold `://` too: what stands before it must be a scheme (RFC 3986, section 3.1)
    let uri = value.split_once("://").filter(|(scheme, _)| {
        scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | ':' | '_'))
    });
    if let Some((scheme, rest)) = uri {
        let scheme = scheme.to_ascii_lowercase();
        let family = scheme.strip_prefix("jdbc:").unwrap_or(&scheme);
        let family = family.split('+').next().unwrap_or(family);
        if !matches!(
            family,
            "postgresql" | "postgres" | "psql" | "pgsql" | "postgis"
        ) {
            return None;
        }
        return from_uri(&scheme, rest);
    }
    let lower = value.to_ascii_lowercase();
    if !lower.contains("host=") && !lower.contains("server=") && !lower.contains("host =") {
        return None;
    }
    // the two are told apart by what ends the first value
    let first = value.split_once('=')?.1.trim_start();
    if first.chars().find(|c| matches!(c, ';' | ' ')) == Some(';') {
        return from_ado(value);
    }
    from_keywords(value)
}

/// Recognizes a connection in parts, from those that are there.
pub(crate) fn recognize_parts(part: impl Fn(Part) -> Option<String>) -> Option<RecognizedUrl> {
    let pairs: Vec<_> = Part::ALL
        .into_iter()
        .filter_map(|name| Some(format!("{}={}", name.keyword(), keyword(&part(name)?))))
        .collect();
    from_keywords(&pairs.join(" "))
}

/// Whether a host is on another machine: neither this one nor a service beside the application, which has a name without a dot.
pub(crate) fn is_foreign(host: &str) -> bool {
    let host = host.trim().trim_matches(['[', ']']).trim_end_matches('.');
    if host.starts_with('/') {
        return false;
    }
    if let Ok(address) = host.parse::<std::net::IpAddr>() {
        return !(address.is_loopback() || address.is_unspecified());
    }
    let local = host == "host.docker.internal" || host.ends_with(".localhost");
    host.contains('.') && !local
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A URL while it is read, part by part.
struct UrlBuilder {
    read: RecognizedUrl,
}

impl UrlBuilder {
    fn new(scheme: &str, shape: UrlShape) -> Self {
        Self {
            read: RecognizedUrl {
                scheme: scheme.to_owned(),
                host: String::new(),
                port: None,
                database: String::new(),
                role: String::new(),
                password: Secret::new(""),
                tls: Tls::Silent,
                pooled: false,
                channel_binding: false,
                shape,
                parameters: Vec::new(),
            },
        }
    }

    /// Takes a named part in; `raw` is its value as it stands in a URI.
    fn set(&mut self, name: &str, value: &str, raw: Option<&str>) {
        let key = canonical(name);
        let read = &mut self.read;
        match key.as_str() {
            "host" | "hostaddr" | "server" => value.clone_into(&mut read.host),
            "port" => read.port = value.parse().ok().or(read.port),
            "dbname" | "database" | "db" => value.clone_into(&mut read.database),
            "user" | "username" | "userid" | "uid" => value.clone_into(&mut read.role),
            "password" | "pwd" => read.password = Secret::new(value),
            _ => {
                match (key.as_str(), value.to_ascii_lowercase().as_str()) {
                    (
                        "sslmode" | "ssl",
                        "verify-ca" | "verify-full" | "verifyca" | "verifyfull",
                    )
                    | ("sslaccept", "strict") => read.tls = Tls::Verified,
                    // node-postgres' `no-verify` is TLS with any certificate
                    ("sslmode", "require" | "no-verify")
                    | ("ssl", "require" | "true" | "1" | "no-verify")
                    | ("sslnegotiation", "direct") => read.tls = read.tls.max(Tls::Required),
                    ("channelbinding", value) => read.channel_binding = value == "require",
                    ("sslmode" | "ssl", _) => read.tls = read.tls.max(Tls::Optional),
                    _ => {}
                }
                read.parameters.push(UrlParameter {
                    name: name.to_owned(),
                    value: Secret::new(value),
                    raw: raw.map(Secret::new),
                });
            }
        }
    }

    /// `None` where the host can't be one.
    fn finish(self) -> Option<RecognizedUrl> {
        let mut read = self.read;
        read.host = read.host.trim_end_matches('.').to_ascii_lowercase();
        read.pooled = is_pooled(&read.host);
        may_be_host(&read.host).then_some(read)
    }
}

/// Whether a text may be a host: a name, an address, the folder of a socket, a list of those, a placeholder for one, or nothing.
fn may_be_host(text: &str) -> bool {
    let folder = text.starts_with('/');
    text.chars().all(|c| match c {
        '/' => folder,
        '"' | '\'' | '`' | '\\' | ';' | '=' | '@' | '?' | '#' | '&' | '|' => false,
        c => !c.is_whitespace() && !is_hidden(c),
    })
}

fn from_uri(scheme: &str, rest: &str) -> Option<RecognizedUrl> {
    let shape = if scheme.starts_with("jdbc:") {
        UrlShape::Jdbc
    } else {
        UrlShape::Uri
    };
    let mut url = UrlBuilder::new(scheme, shape);
    let rest = rest.split('#').next().unwrap_or(rest);
    let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, _) = rest.split_at_checked(authority_end).unwrap_or((rest, ""));
    // a password that was not encoded may hold `/` or `?`: then the last `@` of all counts
    let at = authority.rfind('@').or_else(|| rest.rfind('@'));
    let (credentials, rest) = match at.and_then(|at| rest.split_at_checked(at)) {
        Some((credentials, rest)) => (Some(credentials), rest.strip_prefix('@').unwrap_or(rest)),
        None => (None, rest),
    };
    if let Some(credentials) = credentials {
        let (role, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        url.read.role = decode(role);
        url.read.password = Secret::new(decode(password));
    }
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = address.split_once('/').unwrap_or((address, ""));
    url.read.database = decode(database);
    let (host, port) = match authority.rsplit_once(':') {
        // the colons of an IPv6 address stand inside brackets
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
        _ => (authority, None),
    };
    url.read.host = decode(host.trim_matches(['[', ']']));
    url.read.port = port;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        url.set(&decode(name), &decode(value), Some(value));
    }
    url.finish()
}

/// `Host=…;Database=…`, with values in single or double quotes where they need it.
fn from_ado(value: &str) -> Option<RecognizedUrl> {
    let mut url = UrlBuilder::new("Host=", UrlShape::Ado);
    let mut rest = value;
    while !rest.trim().is_empty() {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (text, next) = if let Some(quote) = quote {
            quoted(after, quote, QuoteEscape::Doubled)?
        } else {
            let (text, next) = after.split_once(';').unwrap_or((after, ""));
            (text.trim_end().to_owned(), next)
        };
        url.set(name.trim(), &text, None);
        rest = next.trim_start().trim_start_matches(';');
    }
    url.finish()
}

/// `host=… dbname=…`, with values in single quotes where they need it.
fn from_keywords(value: &str) -> Option<RecognizedUrl> {
    let mut url = UrlBuilder::new("host=", UrlShape::Keywords);
    let mut rest = value.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return None;
        }
        let after = after.trim_start();
        let (text, next) = if after.starts_with('\'') {
            quoted(after, '\'', QuoteEscape::Backslash)?
        } else {
            let (text, next) = after.split_once(char::is_whitespace).unwrap_or((after, ""));
            (text.to_owned(), next)
        };
        url.set(name, &text, None);
        rest = next.trim_start();
    }
    url.finish().filter(|read| !read.host.is_empty())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum QuoteEscape {
    Doubled,
    Backslash,
}

/// The text of a quoted value and what follows it.
fn quoted(text: &str, quote: char, escape: QuoteEscape) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.chars();
    chars.next()?;
    loop {
        match chars.next()? {
            '\\' if escape == QuoteEscape::Backslash => value.push(chars.next()?),
            c if c == quote => {
                let after = chars.as_str();
                if escape == QuoteEscape::Doubled && after.starts_with(quote) {
                    chars.next();
                    value.push(quote);
                } else {
                    return Some((value, after));
                }
            }
            c => value.push(c),
        }
    }
}
