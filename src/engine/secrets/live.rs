//! The secrets that are known: what the env files hold, and the API key.

use crate::{
    detail::CheckState,
    domain::credentials::{self, Weight},
    engine::Cx,
    secret::Secret,
    settings::KeySpec,
};

/// The live secrets with their names.
pub(super) struct Live {
    secrets: Vec<(String, Secret)>,
    /// Files that could not be read.
    unread: Vec<String>,
}

impl Live {
    /// Reads the env files, and takes what this run has learned.
    pub(super) fn gather(cx: &Cx) -> Self {
        let mut live = Self {
            secrets: Vec::new(),
            unread: Vec::new(),
        };
        for target in &cx.settings.env {
            let text = match cx.ports.files.read(&cx.settings.path(&target.file)) {
                Ok(None) => continue,
                Ok(Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(_) => {
                    live.unread.push(target.file.clone());
                    continue;
                }
            };
            for (key, spec) in &target.keys {
                for value in values(&text, key) {
                    match spec {
                        KeySpec::Url { .. } => live.url(&value, key, &target.file),
                        KeySpec::Generate { .. } | KeySpec::SameAs(_) => {
                            // a key of a few characters is no key, and would be found everywhere
                            if value.len() >= 16 && !credentials::is_placeholder(&value) {
                                live.add(
                                    format!("the value of {key} in {}", target.file),
                                    Secret::new(value),
                                );
                            }
                        }
                        KeySpec::Literal(_) => {}
                    }
                }
            }
        }
        if let Some(project) = cx.project() {
            live.add(
                "the database password".to_owned(),
                project.connection.password,
            );
        }
        if let Some(key) = cx.known_key() {
            live.add("the Neon API key".to_owned(), key.key);
        }
        live
    }

    pub(super) fn secrets(&self) -> &[(String, Secret)] {
        &self.secrets
    }

    /// What was looked for, for a person.
    pub(super) fn summary(&self) -> (CheckState, String) {
        let names: Vec<_> = self.secrets.iter().map(|(name, _)| name.as_str()).collect();
        if let Some(file) = self.unread.first() {
            return (
                CheckState::Warning,
                format!("`{file}` could not be read, so its secrets were not looked for"),
            );
        }
        match names.as_slice() {
            [] => (
                CheckState::Skipped,
                "none is known yet: only other credentials were looked for".to_owned(),
            ),
            [only] => (CheckState::Ok, format!("looked for {only}")),
            [.., _] if names.len() <= 3 => {
                (CheckState::Ok, format!("looked for {}", names.join(", ")))
            }
            _ => (
                CheckState::Ok,
                format!("looked for {} secrets", names.len()),
            ),
        }
    }

    fn url(&mut self, value: &str, key: &str, file: &str) {
        for credential in credentials::find(value.as_bytes()) {
            if credential.weight == Weight::Real
                && let Some(password) = value.get(credential.secret)
            {
                self.add(
                    format!("the password of {key} in {file}"),
                    Secret::new(password),
                );
            }
        }
    }

    fn add(&mut self, name: String, secret: Secret) {
        if !secret.is_empty() && !self.secrets.iter().any(|(_, known)| *known == secret) {
            self.secrets.push((name, secret));
        }
    }
}

/// Every value that a key has in an env file, read as generously as any reader would.
fn values(text: &str, key: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| {
            let line = line.trim_start().trim_start_matches('\u{feff}');
            let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
            let value = line
                .strip_prefix(key)?
                .trim_start()
                .strip_prefix('=')?
                .trim();
            let bare = match value.chars().next() {
                Some(quote @ ('"' | '\'' | '`')) => {
                    let inner = value.get(1..)?;
                    inner.get(..inner.find(quote).unwrap_or(inner.len()))?
                }
                _ => value.split(" #").next()?.trim_end(),
            };
            (!bare.is_empty()).then(|| bare.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_with_and_without_quotes() {
        let text =
            "\u{feff}A=1\nexport A='two # x'\nA = \"three\" # x\nAB=no\nA=four # x\n#A=no\nA=\n";
        assert_eq!(values(text, "A"), ["1", "two # x", "three", "four"]);
    }
}
