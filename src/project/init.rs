//! Makes the `neonup.toml` that is proposed from what was detected in the repository, and changes its values.

use crate::{
    domain::{source::join, url::UrlKind},
    project::{
        config::{Config, ConfigError},
        detect::Detected,
        draft::{Draft, DraftTable, DraftValue, Origin},
        settings::{Encoding, EnvTarget, Evidence, KeySpec, SchemaSettings},
    },
};

/// The longest value that is taken, in bytes.
const VALUE_LIMIT: usize = 4096;

/// The file for what was detected, in the folder `base`, with this name for the project.
pub(super) fn draft(detected: &Detected, name: &str, base: &str) -> Draft {
    let config = detected.config.clone().seen_from(base);
    let mut draft = of_config(&config, name, detected.recognized);
    draft.others.clone_from(&detected.others);
    draft.starts_unknown = !detected.recognized && config.backend.is_none();
    show(&mut draft, detected, base);
    draft
}

fn of_config(config: &Config, name: &str, recognized: bool) -> Draft {
    let mut tables = vec![project_table(config, name)];
    tables.extend(config.env.iter().map(|target| DraftTable {
        is_guess: !recognized,
        ..env_table(target)
    }));
    tables.extend(config.schema.as_ref().map(schema_table));
    tables.extend(backend_table(config));
    Draft {
        tables,
        ..Draft::default()
    }
}

/// Notes what shows each value, and what else may be meant.
fn show(draft: &mut Draft, detected: &Detected, base: &str) {
    let origin = |what: &str| {
        let shown = |evidence: &&Evidence| evidence.what == what;
        let evidence = detected.evidence.iter().find(shown)?;
        Some(match &evidence.seen {
            Some(at) => Origin::Seen(at.clone()),
            None => Origin::Usual,
        })
    };
    let from_root = |value: &str| join(base, &unquoted(value));
    for table in &mut draft.tables {
        let is_guess = table.is_guess;
        for value in &mut table.values {
            let shown = match (value.table, value.key.as_str()) {
                ("env", "file") => {
                    let file = from_root(&value.value);
                    let others = detected.other_env_files.iter().filter(|other| **other != file);
                    let inner = others.filter_map(|other| below(other, base));
                    value.others = inner.map(text).collect();
                    origin(&file)
                }
                ("env", key) => key.strip_prefix("keys.").and_then(|key| origin(&unquoted(key))),
                ("schema", "files" | "command") => origin("schema"),
                ("backend", "dir") => origin(detected.stack),
                ("backend", "start") => origin("start"),
                ("backend", "health") => {
                    let other = |url: &&String| text(url) != value.value;
                    let others = detected.other_routes.iter().filter(other);
                    value.others = others.map(|url| text(url)).collect();
                    origin("health")
                }
                _ => None,
            };
            value.origin = match shown {
                Some(Origin::Usual) | None if is_guess => Origin::Guess,
                Some(shown) => shown,
                None => Origin::Derived,
            };
        }
    }
}

/// Gives a value in place of the present one: in TOML, or bare where the present one is a text or a list. Nothing is changed where the
/// file couldn't be read with it; then the reason is returned.
pub(crate) fn set_value(draft: &mut Draft, index: usize, typed: &str) -> Result<(), String> {
    let typed = typed.trim();
    if typed.len() > VALUE_LIMIT || typed.chars().any(char::is_control) {
        return Err(format!(
            "a value is one line of at most {VALUE_LIMIT} bytes"
        ));
    }
    let Some(present) = draft.value(index) else {
        return Ok(());
    };
    if present.value == typed && present.origin != Origin::Guess {
        return Ok(());
    }
    // a bare word for a key would be a fixed value, which is seldom meant
    let is_key = present.key.starts_with("keys.");
    let bare = match present.value.chars().next() {
        Some('"') if !is_key => Some(text(typed)),
        Some('[') => shlex::split(typed).map(|words| list(&words)),
        _ => None,
    };
    let as_typed = with(draft, index, typed);
    let changed = match (as_typed, bare) {
        (Err(error), Some(bare)) if !typed.starts_with(['"', '\'', '[', '{']) => {
            // what is wrong with a path is told of the path, not of its missing quotes
            with(draft, index, &bare).map_err(|inner| {
                if bare == typed { error } else { inner }
            })
        }
        (changed, _) => changed,
    };
    *draft = changed.map_err(|error| error.message)?;
    Ok(())
}

/// Takes the next of the values that may be meant, where there is another one.
pub(crate) fn take_next(draft: &mut Draft, index: usize) -> bool {
    let Some(value) = draft.value(index) else {
        return false;
    };
    let Some(next) = value.others.first().cloned() else {
        return false;
    };
    with(draft, index, &next).is_ok_and(|changed| {
        *draft = changed;
        true
    })
}

/// The same with another value, if the file can be read with it.
fn with(draft: &Draft, index: usize, value: &str) -> Result<Draft, ConfigError> {
    let changed = draft.with(index, value);
    Config::parse(&changed.text())?;
    Ok(changed)
}

fn project_table(config: &Config, name: &str) -> DraftTable {
    let project = &config.project;
    let value = |key, value, comment| DraftValue::new("project", key, value, comment);
    let mut values = vec![value("name", text(name), "created once, then joined")];
    let optional = [
        ("id", &project.id),
        ("org", &project.org),
        ("region", &project.region),
        ("branch", &project.branch),
        ("database", &project.database),
    ];
    for (key, wanted) in optional {
        values.extend(wanted.as_ref().map(|wanted| value(key, text(wanted), "")));
    }
    let version = project.postgres.map(|version| version.to_string());
    values.extend(version.map(|version| value("postgres", version, "")));
    DraftTable {
        header: "[project]",
        is_guess: false,
        values,
    }
}

fn env_table(target: &EnvTarget) -> DraftTable {
    let value = |key: &str, value, comment| DraftValue::new("env", key, value, comment);
    let mut values = vec![value("file", text(&target.file), "")];
    if let Some(example) = &target.example {
        values.push(value("example", text(example), "committed; lists every key"));
    }
    for (name, spec) in &target.keys {
        let (wanted, comment) = spec_text(spec);
        let mut of_key = value(&format!("keys.{}", key(name)), wanted, comment);
        of_key.others = other_specs(spec);
        values.push(of_key);
    }
    DraftTable {
        header: "[[env]]",
        is_guess: false,
        values,
    }
}

/// What a key holds, in TOML, with the comment beside it.
fn spec_text(spec: &KeySpec) -> (String, &'static str) {
    match spec {
        KeySpec::Url { kind, driver } => {
            let kind = kind_name(*kind);
            (
                format!("{{ url = \"{kind}\", driver = \"{driver}\" }}"),
                "",
            )
        }
        KeySpec::Part { kind, part } => {
            let (kind, part) = (kind_name(*kind), part.name());
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
    }
}

/// What a key may hold as well: the other way to the database, or a person's own value.
fn other_specs(spec: &KeySpec) -> Vec<String> {
    const fn other(kind: UrlKind) -> UrlKind {
        match kind {
            UrlKind::Direct => UrlKind::Pooled,
            UrlKind::Pooled => UrlKind::Direct,
        }
    }
    let others = match spec {
        KeySpec::Url { kind, driver } => vec![KeySpec::Url {
            kind: other(*kind),
            driver: *driver,
        }],
        KeySpec::Part { kind, part } => vec![KeySpec::Part {
            kind: other(*kind),
            part: *part,
        }],
        KeySpec::Generate { .. } | KeySpec::Literal(_) => vec![KeySpec::ByHand],
        KeySpec::ByHand | KeySpec::SameAs(_) => Vec::new(),
    };
    others.iter().map(|spec| spec_text(spec).0).collect()
}

const fn kind_name(kind: UrlKind) -> &'static str {
    match kind {
        UrlKind::Direct => "direct",
        UrlKind::Pooled => "pooled",
    }
}

/// Where the tables come from.
fn schema_table(schema: &SchemaSettings) -> DraftTable {
    let value = |key: &str, value, comment| DraftValue::new("schema", key, value, comment);
    let mut values = Vec::new();
    if !schema.files.is_empty() {
        values.push(value("files", list(&schema.files), "run in one transaction"));
    }
    if !schema.command.is_empty() {
        values.push(value("command", list(&schema.command), ""));
    }
    if let Some(dir) = &schema.dir {
        values.push(value("dir", text(dir), "where it runs"));
    }
    if !schema.pending.is_empty() {
        let comment = "exits with 1 while a migration is pending";
        values.push(value("pending", list(&schema.pending), comment));
    }
    if schema.only_empty {
        let comment = "it drops tables or adds rows: never run where there is a table";
        values.push(value("only_empty", "true".to_owned(), comment));
    }
    for (table, columns) in &schema.tables {
        values.push(value(&format!("tables.{}", key(table)), list(columns), ""));
    }
    DraftTable {
        header: "[schema]",
        is_guess: false,
        values,
    }
}

fn backend_table(config: &Config) -> Option<DraftTable> {
    let backend = config.backend.as_ref()?;
    let value = |key, value, comment| DraftValue::new("backend", key, value, comment);
    let mut values = vec![
        value("dir", text(&backend.dir), ""),
        value("start", list(&backend.start), ""),
    ];
    let health = backend.health.as_ref();
    values.extend(health.map(|health| value("health", text(health), "")));
    if let Some(timeout) = backend.timeout {
        let seconds = timeout.as_secs().to_string();
        values.push(value("timeout", seconds, "seconds to wait"));
    }
    if !backend.expect.is_empty() {
        let pairs: Vec<_> = backend
            .expect
            .iter()
            .map(|(name, value)| format!("{} = {}", key(name), text(value)))
            .collect();
        values.push(value("expect", format!("{{ {} }}", pairs.join(", ")), ""));
    }
    Some(DraftTable {
        header: "[backend]",
        is_guess: false,
        values,
    })
}

/// A path of the repository as it is seen from the folder `base`; `None` where it lies elsewhere.
fn below(path: &str, base: &str) -> Option<String> {
    if base.is_empty() {
        return Some(path.to_owned());
    }
    let inner = path.strip_prefix(base)?.strip_prefix('/')?;
    Some(inner.to_owned())
}

/// A text in TOML's quotes.
fn text(value: impl AsRef<str>) -> String {
    toml_edit::Value::from(value.as_ref()).to_string()
}

/// What a text in TOML's quotes, or a key, says.
fn unquoted(text: &str) -> String {
    let read = text.parse::<toml_edit::Value>().ok();
    read.as_ref()
        .and_then(toml_edit::Value::as_str)
        .map_or_else(|| text.to_owned(), str::to_owned)
}

/// A key, in quotes where it needs them.
fn key(name: &str) -> String {
    toml_edit::Key::new(name).to_string()
}

fn list(values: &[String]) -> String {
    let values: Vec<_> = values.iter().map(text).collect();
    format!("[{}]", values.join(", "))
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
        let written = of_config(&config, "aido-todo", true).text();
        assert_eq!(Config::parse(&written), Ok(config), "{written}");

        for name in ["plain", "it's \"odd\""] {
            let detected = detect::detect(&Tree::new(&[], &read), "");
            let written = draft(&detected, name, "").text();
            let mut expected = detected.config;
            expected.project.name = Some(name.to_owned());
            assert_eq!(Config::parse(&written), Ok(expected), "{written}");
        }
    }
    #[test]
    fn a_guess_is_written_as_a_comment() {
        let detected = detect::detect(&Tree::new(&[], &|_| None), "");
        let written = draft(&detected, "shelf", "").text();
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
