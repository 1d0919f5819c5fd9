//! Writes a new `neonup.toml`, with comments, from what was detected in the repository.

use std::fmt::Write as _;

use crate::domain::url::UrlKind;
use crate::project::{
    config::Config,
    settings::{Encoding, EnvTarget, KeySpec},
};

/// Writes a configuration as a commented file, which reads back as the same configuration with this name.
pub(crate) fn toml(config: &Config, name: &str) -> String {
    let project = &config.project;
    let mut out = String::from(
        "# What this project wants of its database. Committed; it holds no secret. The next developer runs: neonup\n\n[project]\n",
    );
    line(
        &mut out,
        "name",
        &text(name),
        "created once, joined ever after",
    );
    let optional = [
        ("id", &project.id),
        ("org", &project.org),
        ("region", &project.region),
        ("branch", &project.branch),
        ("database", &project.database),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            line(&mut out, key, &text(value), "");
        }
    }
    if let Some(version) = project.postgres {
        line(&mut out, "postgres", &version.to_string(), "");
    }
    for target in &config.env {
        env(&mut out, target);
    }
    if let Some(schema) = &config.schema {
        out.push_str("\n[schema]\n");
        if !schema.files.is_empty() {
            line(
                &mut out,
                "files",
                &list(&schema.files),
                "run in one transaction",
            );
        }
        if !schema.command.is_empty() {
            line(&mut out, "command", &list(&schema.command), "");
        }
        if let Some(dir) = &schema.dir {
            line(&mut out, "dir", &text(dir), "where it runs");
        }
        if !schema.pending.is_empty() {
            line(
                &mut out,
                "pending",
                &list(&schema.pending),
                "exits with 1 while a migration is pending",
            );
        }
        for (table, columns) in &schema.tables {
            line(
                &mut out,
                &format!("tables.{}", key(table)),
                &list(columns),
                "",
            );
        }
    }
    if let Some(backend) = &config.backend {
        out.push_str("\n[backend]\n");
        line(&mut out, "dir", &text(&backend.dir), "");
        line(&mut out, "start", &list(&backend.start), "");
        if let Some(health) = &backend.health {
            line(&mut out, "health", &text(health), "");
        }
        if !backend.expect.is_empty() {
            let pairs: Vec<_> = backend
                .expect
                .iter()
                .map(|(name, value)| format!("{} = {}", key(name), text(value)))
                .collect();
            line(
                &mut out,
                "expect",
                &format!("{{ {} }}", pairs.join(", ")),
                "",
            );
        }
    }
    out
}

fn env(out: &mut String, target: &EnvTarget) {
    out.push_str("\n[[env]]\n");
    line(out, "file", &text(&target.file), "");
    if let Some(example) = &target.example {
        line(
            out,
            "example",
            &text(example),
            "committed; documents every key",
        );
    }
    for (name, spec) in &target.keys {
        let (value, comment) = match spec {
            KeySpec::Url { kind, driver } => {
                let kind = match kind {
                    UrlKind::Direct => "direct",
                    UrlKind::Pooled => "pooled",
                };
                (format!("{{ url = \"{kind}\", driver = \"{driver}\" }}"), "")
            }
            KeySpec::Part { kind, part } => {
                let kind = match kind {
                    UrlKind::Direct => "direct",
                    UrlKind::Pooled => "pooled",
                };
                let part = part.name();
                (format!("{{ url = \"{kind}\", part = \"{part}\" }}"), "")
            }
            KeySpec::Generate { encoding, bytes } => {
                let encoding = match encoding {
                    Encoding::Hex => "hex",
                    Encoding::Base64 => "base64",
                };
                (
                    format!("{{ generate = \"{encoding}\", bytes = {bytes} }}"),
                    "kept where it exists already",
                )
            }
            KeySpec::SameAs(file) => (format!("{{ same_as = {} }}", text(file)), ""),
            KeySpec::Literal(value) => (text(value), ""),
        };
        line(out, &format!("keys.{}", key(name)), &value, comment);
    }
}

fn line(out: &mut String, name: &str, value: &str, comment: &str) {
    let comment = if comment.is_empty() {
        String::new()
    } else {
        format!("  # {comment}")
    };
    // writing to a string cannot fail
    writeln!(out, "{name} = {value}{comment}").ok();
}

/// A text in TOML's quotes.
fn text(value: &str) -> String {
    toml_edit::Value::from(value).to_string()
}

/// A key, in quotes where it needs them.
fn key(name: &str) -> String {
    toml_edit::Key::new(name).to_string()
}

fn list(values: &[String]) -> String {
    let values: Vec<_> = values.iter().map(|value| text(value)).collect();
    format!("[{}]", values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{detect, sample};

    #[test]
    fn written_configurations_read_back_the_same() {
        let read = |path: &str| {
            sample::FILES
                .iter()
                .find(|(name, _)| *name == path)
                .map(|(_, text)| (*text).to_owned())
        };
        let mut config = Config::parse(&read("neonup.toml").unwrap()).unwrap();
        config.project.region = Some("aws-us-east-2".to_owned());
        config.env.push(EnvTarget {
            file: "web/.env.local".to_owned(),
            example: None,
            keys: vec![
                ("A".to_owned(), KeySpec::SameAs("backend/.env".to_owned())),
                (
                    "B".to_owned(),
                    KeySpec::Literal("say \"hi\" \\ ä".to_owned()),
                ),
            ],
        });
        let written = toml(&config, "aido-todo");
        assert_eq!(Config::parse(&written), Ok(config), "{written}");

        for name in ["plain", "it's \"odd\""] {
            let detected = detect::detect(&read).config;
            let written = toml(&detected, name);
            let mut expected = detected;
            expected.project.name = Some(name.to_owned());
            assert_eq!(Config::parse(&written), Ok(expected), "{written}");
        }
    }
}
