//! Keys whose values reach every browser: no secret may be in one.

use crate::{
    core::{code::Code, failure::Failure, finding::Finding, secret::Secret},
    domain::{
        credentials::{self, Weight},
        sensitive::{is_public_key, is_secret_value},
        url::{Part, recognize},
    },
    engine::env::inspection::TargetInspection,
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

const fn is_secret(spec: &KeySpec) -> bool {
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

impl TargetInspection {
    /// Finds the public keys that hold a secret, or would get one.
    pub(super) fn judge_public(&mut self, spec: &EnvTarget) {
        let mut refused = Vec::new();
        for entry in self.document.entries() {
            if holds_secret(&entry.key, &entry.value) {
                refused.push((entry.key.clone(), Some(entry.line)));
            }
        }
        for (key, key_spec) in &spec.keys {
            if gets_secret(key, key_spec) && !refused.iter().any(|(known, _)| known == key) {
                refused.push((key.clone(), None));
            }
        }
        for (key, line) in refused {
            let mut finding = self.public(&key).finding().path(&self.file);
            finding.line = line;
            self.findings.push(finding);
            if spec
                .keys
                .iter()
                .any(|(name, spec)| *name == key && is_secret(spec))
            {
                self.problem = Some(self.public(&key));
            }
        }
    }

    /// Writes nothing, since a public key would get a secret.
    pub(super) fn refuse_public(&mut self, key: &str) {
        let failure = self.public(key);
        let known = |finding: &Finding| {
            finding.code == Code::EnvPublicSecret && finding.title == failure.finding().title
        };
        if !self.findings.iter().any(known) {
            self.findings.push(failure.finding().path(&self.file));
        }
        self.problem = Some(failure);
    }

    fn public(&self, key: &str) -> Failure {
        let file = &self.file;
        Failure::new(
            Code::EnvPublicSecret,
            format!("`{key}` gives a secret to every browser"),
        )
        .why(format!(
            "`{key}` in `{file}` is for a secret, and a build copies the values of such keys into what browsers load"
        ))
        .hint("give it another name, such as `DATABASE_URL`, in the code and in neonup.toml, and read it on the server only; if the app was ever deployed with it: `neonup rotate`")
    }
}
