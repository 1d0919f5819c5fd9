//! Judges the value of a key by what the configuration wants.

use crate::{
    core::code::Code,
    domain::{
        dotenv::EnvEntry,
        sensitive,
        url::{Connection, Driver, Part, UrlKind, recognize},
    },
    project::settings::KeySpec,
};

/// Lists what is wrong with one value; nothing where it may stay.
pub(super) fn judge_value(
    key: &str,
    spec: &KeySpec,
    entry: &EnvEntry,
    connection: Option<&Connection>,
) -> Vec<(Code, String, String)> {
    let value = entry.value.expose();
    let same_text = matches!(spec, KeySpec::Literal(text) if text == value);
    if same_text {
        return Vec::new();
    }
    if *spec == KeySpec::ByHand {
        return left_open(key, value).into_iter().collect();
    }
    if value.is_empty() {
        return vec![(
            Code::EnvMissingKey,
            format!("`{key}` is empty"),
            String::new(),
        )];
    }
    if sensitive::looks_masked(value) {
        return vec![(
            Code::EnvMaskedValue,
            format!("`{key}` has a masked value"),
            "it was copied from a place that hides the real value".to_owned(),
        )];
    }
    if sensitive::looks_like_placeholder(value) {
        return vec![(
            Code::EnvPlaceholder,
            format!("`{key}` still has a placeholder value"),
            "it was copied from the example and never filled in".to_owned(),
        )];
    }
    match spec {
        KeySpec::Url { kind, driver } => judge_url(key, value, *kind, *driver, connection),
        KeySpec::Part { kind, part } => judge_part(key, value, *kind, *part, connection),
        KeySpec::Generate { .. } | KeySpec::SameAs(_) | KeySpec::ByHand | KeySpec::Literal(_) => {
            Vec::new()
        }
    }
}

/// Says that a key which only a person can fill is still open: it is empty, or holds what an example has in its place. Any other value is
/// right, since nobody here can tell what it has to be.
fn left_open(key: &str, value: &str) -> Option<(Code, String, String)> {
    let how = if value.is_empty() {
        "is empty"
    } else if sensitive::looks_masked(value) {
        "has a masked value"
    } else if sensitive::looks_like_placeholder(value) {
        "still has a placeholder value"
    } else {
        return None;
    };
    Some((
        Code::EnvLeftOpen,
        format!("`{key}` {how}: only you can fill it in"),
        LEFT_OPEN.to_owned(),
    ))
}

/// Why neonup does not fill a key in.
pub(super) const LEFT_OPEN: &str =
    "it comes from another service, or you choose it, so neonup never writes it";
/// The same for several.
pub(super) const ALL_LEFT_OPEN: &str =
    "they come from other services, or you choose them, so neonup never writes them";
/// So many keys and more are told together.
pub(super) const LEFT_OPEN_TOGETHER: usize = 3;

fn judge_part(
    key: &str,
    value: &str,
    kind: UrlKind,
    part: Part,
    connection: Option<&Connection>,
) -> Vec<(Code, String, String)> {
    if part == Part::SslMode {
        // the stricter ones are as good
        let asks = matches!(value, "require" | "verify-ca" | "verify-full");
        return (!asks)
            .then(|| {
                (
                    Code::EnvNoTls,
                    format!("`{key}` doesn't ask for TLS"),
                    "Neon refuses unencrypted connections, and a password must never be sent over one".to_owned(),
                )
            })
            .into_iter()
            .collect();
    }
    let right = connection.is_none_or(|connection| connection.part(kind, part).expose() == value);
    if right {
        return Vec::new();
    }
    vec![(
        Code::EnvStaleUrl,
        format!("`{key}` isn't this project's"),
        format!("the {} differs", part.name()),
    )]
}

fn judge_url(
    key: &str,
    value: &str,
    kind: UrlKind,
    driver: Driver,
    connection: Option<&Connection>,
) -> Vec<(Code, String, String)> {
    let Some(read) = recognize(value) else {
        return vec![(
            Code::EnvStaleUrl,
            format!("`{key}` isn't a Postgres connection URL"),
            format!("{driver} expects the form `{}…`", driver.prefix()),
        )];
    };
    let mut found = Vec::new();
    if let Err(why) = read.accepted_by(driver) {
        found.push((
            Code::EnvWrongDriver,
            format!("`{key}` isn't in the form {driver} expects"),
            why,
        ));
    }
    if !read.asks_for_tls() && driver.tls_in_url() && read.accepted_by(driver).is_ok() {
        found.push((
            Code::EnvNoTls,
            format!("`{key}` doesn't ask for TLS"),
            "Neon refuses unencrypted connections, and a password must never be sent over one"
                .to_owned(),
        ));
    }
    let Some(connection) = connection else {
        return found;
    };
    let differences = connection.differences(&read);
    if differences == [Part::Password] {
        found.push((
            Code::EnvStaleUrl,
            format!("`{key}` has an old password (changed in Neon)"),
            "the password in the file isn't the one Neon has now".to_owned(),
        ));
    } else if !differences.is_empty() {
        found.push((
            Code::EnvStaleUrl,
            format!("`{key}` isn't this project's connection URL"),
            format!("{} differs", list_parts(&differences)),
        ));
    } else if read.kind() != kind && connection.host != connection.pooled_host {
        let (is, wanted) = match kind {
            UrlKind::Direct => ("through the pooler", "directly to the compute"),
            UrlKind::Pooled => ("directly to the compute", "through the pooler"),
        };
        found.push((
            Code::EnvStaleUrl,
            format!("`{key}` connects {is}"),
            format!("neonup.toml wants it to connect {wanted}"),
        ));
    }
    found
}

/// Lists the parts in a sentence: `the host, the port and the role`.
fn list_parts(parts: &[Part]) -> String {
    let labels: Vec<_> = parts.iter().copied().map(Part::label).collect();
    match labels.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
