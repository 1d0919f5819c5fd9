//! Keys whose values reach every browser: no secret may be in one.

use crate::{
    core::secret::Secret,
    domain::{
        credentials::{self, Weight},
        sensitive::{is_public_key, is_secret_value},
        url::{Part, recognize},
    },
    project::settings::{EnvTarget, KeySpec},
};

/// Whether the settings put a secret into a public key.
pub(super) fn gets_secret(key: &str, spec: &KeySpec) -> bool {
    is_public_key(key) && is_secret(spec)
}

/// Whether a key gets the value of a secret one in another file.
pub(super) fn is_secret_of(specs: &[EnvTarget], file: &str, key: &str) -> bool {
    is_public_key(key)
        && specs
            .iter()
            .filter(|spec| spec.file == file)
            .flat_map(|spec| &spec.keys)
            .any(|(name, spec)| name == key && is_secret(spec))
}

/// Whether a public key has a value that is a connection URL with its password, or another secret.
pub(super) fn holds_secret(key: &str, value: &Secret) -> bool {
    let text = value.expose();
    let url = || {
        recognize(text).is_some_and(|url| {
            !url.password.is_empty() && !credentials::is_placeholder(url.password.expose())
        })
    };
    let credential = || {
        credentials::find(text.as_bytes())
            .iter()
            .any(|found| found.weight == Weight::Real)
    };
    let of_neon = text.starts_with("npg_") || text.starts_with("napi_");
    is_public_key(key) && (url() || credential() || of_neon && is_secret_value(text))
}

/// Whether a key gets a secret.
pub(super) const fn is_secret(spec: &KeySpec) -> bool {
    match spec {
        KeySpec::Url { .. }
        | KeySpec::Generate { .. }
        | KeySpec::Part {
            part: Part::Password,
            ..
        } => true,
        KeySpec::Part { .. } | KeySpec::Literal(_) | KeySpec::SameAs(_) | KeySpec::ByHand => false,
    }
}
