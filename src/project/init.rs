//! Writes a new `neonup.toml`, with comments, from what was detected in the repository.

use std::fmt::Write as _;

use crate::domain::url::UrlKind;
use crate::project::{
    config::Config,
    detect::Detected,
    settings::{Encoding, EnvTarget, KeySpec, SchemaSettings},
};

/// Writes a configuration as a commented file for the folder `base`, which reads back as the same configuration with this name.
pub(crate) fn toml(detected: &Detected, name: &str, base: &str) -> String {
    let config = detected.config.clone().seen_from(base);
    let mut text = of_config(&config, name, detected.recognized);
    for (dir, stack) in &detected.others {
        let dir = if dir.is_empty() { "." } else { dir };
        // writing to a string cannot fail
        writeln!(
            text,
            "\n# Not set up here: {stack} in {}",
            name_in_comment(dir)
        )
        .ok();
    }
    if !detected.recognized {
        text.push_str(GUESS);
        if detected.config.backend.is_none() {
            text.push_str(GUESS_BACKEND);
        }
    }
    text
}

/// A name of the repository's as it may stand in a comment.
fn name_in_comment(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).collect()
}

/// What stands at the end where nothing shows which env file the app reads.
const GUESS: &str = "\n# Nothing here shows which file your app reads: check the name in [[env]] above, and uncomment it.\n";
/// What follows where nothing shows either how the app starts.
const GUESS_BACKEND: &str = "# Nothing shows how it starts: fill this in, and uncomment it.\n# \
[backend]\n# dir = \"\"\n# start = [\"npm\", \"start\"]\n# health = \"http://localhost:8000/health\"\n";

fn of_config(config: &Config, name: &str, recognized: bool) -> String {
    let project = &config.project;
    let mut out = String::from(
        "# What this project needs from its database. Commit it; it contains no secrets. The next developer runs: neonup\n\n[project]\n",
    );
    line(&mut out, "name", &text(name), "created once, then joined");
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
        let mut table = String::new();
        env(&mut table, target);
        if recognized {
            out.push_str(&table);
        } else {
            let commented = table.lines().map(|line| match line {
                "" => "\n".to_owned(),
                line => format!("# {line}\n"),
            });
            out.extend(commented);
        }
    }
    if let Some(schema) = &config.schema {
        schema_table(&mut out, schema);
    }
    if let Some(backend) = &config.backend {
        out.push_str("\n[backend]\n");
        line(&mut out, "dir", &text(&backend.dir), "");
        line(&mut out, "start", &list(&backend.start), "");
        if let Some(health) = &backend.health {
            line(&mut out, "health", &text(health), "");
        }
        if let Some(timeout) = backend.timeout {
            let seconds = timeout.as_secs().to_string();
            line(&mut out, "timeout", &seconds, "seconds to wait");
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
        line(out, "example", &text(example), "committed; lists every key");
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
                    "kept if it already exists",
                )
            }
            KeySpec::ByHand => (
                "{ fill = \"by hand\" }".to_owned(),
                "only a person can get it; neonup never writes it",
            ),
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

/// The table that says where the tables come from.
fn schema_table(out: &mut String, schema: &SchemaSettings) {
    out.push_str("\n[schema]\n");
    if !schema.files.is_empty() {
        line(out, "files", &list(&schema.files), "run in one transaction");
    }
    if !schema.command.is_empty() {
        line(out, "command", &list(&schema.command), "");
    }
    if let Some(dir) = &schema.dir {
        line(out, "dir", &text(dir), "where it runs");
    }
    if !schema.pending.is_empty() {
        line(
            out,
            "pending",
            &list(&schema.pending),
            "exits with 1 while a migration is pending",
        );
    }
    if schema.only_empty {
        line(
            out,
            "only_empty",
            "true",
            "it drops tables or adds rows: never run where there is a table",
        );
    }
    for (table, columns) in &schema.tables {
        line(out, &format!("tables.{}", key(table)), &list(columns), "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{
        detect::{self, Tree},
        sample,
    };

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
        let schema = config.schema.get_or_insert_default();
        schema.command = vec!["make".to_owned(), "migrate".to_owned()];
        schema.dir = Some("packages/db".to_owned());
        schema.pending = vec!["make".to_owned(), "is it \"done\"?".to_owned()];
        config.env.push(EnvTarget {
            file: "web/.env.local".to_owned(),
            example: None,
            keys: vec![
                ("A".to_owned(), KeySpec::SameAs("backend/.env".to_owned())),
                ("STRIPE_SECRET_KEY".to_owned(), KeySpec::ByHand),
                (
                    "B".to_owned(),
                    KeySpec::Literal("say \"hi\" \\ ä".to_owned()),
                ),
            ],
        });
        let written = of_config(&config, "aido-todo", true);
        assert_eq!(Config::parse(&written), Ok(config), "{written}");

        for name in ["plain", "it's \"odd\""] {
            let detected = detect::detect(&Tree::new(&[], &read), "");
            let written = toml(&detected, name, "");
            let mut expected = detected.config;
            expected.project.name = Some(name.to_owned());
            assert_eq!(Config::parse(&written), Ok(expected), "{written}");
        }
    }
    #[test]
    fn a_guess_is_written_as_a_comment() {
        let detected = detect::detect(&Tree::new(&[], &|_| None), "");
        let written = toml(&detected, "shelf", "");
        let read = Config::parse(&written).unwrap();
        assert_eq!(read.project.name.as_deref(), Some("shelf"));
        assert!(read.env.is_empty() && read.backend.is_none(), "{written}");
        // with the # taken away it is a configuration
        let (comments, tables) = written.split_at(written.find("# [[env]]").unwrap());
        let tables = tables.replace("# Nothing", "## Nothing");
        let tables: Vec<_> = tables
            .lines()
            .map(|line| line.strip_prefix("# ").unwrap_or(line))
            .collect();
        let read = Config::parse(&format!("{comments}{}", tables.join("\n"))).unwrap();
        assert!(!read.env.is_empty() && read.backend.is_some());
    }
}
