//! What is reported of keys that every browser gets.

use crate::{
    core::{code::Code, failure::Failure, finding::Finding},
    engine::env::{
        inspection::TargetInspection,
        public_keys::{References, gets_secret, holds_secret, is_secret},
    },
    project::settings::EnvTarget,
};

impl TargetInspection {
    /// Finds the public keys that hold a secret, or would get one.
    pub(super) fn judge_public(&mut self, spec: &EnvTarget) {
        let mut refused = Vec::new();
        let references = References::of(&self.document, spec);
        for entry in self.document.entries() {
            if holds_secret(&entry.key, &entry.value) || references.expose_secret(entry) {
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
            format!("`{key}` exposes a secret to every browser"),
        )
        .why(format!(
            "`{key}` in `{file}` holds a secret, and a build copies the values of such keys into code that browsers load"
        ))
        .hint("use another name, such as `DATABASE_URL`, in the code and in neonup.toml, and read it on the server only; if \
        the app was ever deployed with this name: `neonup rotate`")
    }
}
