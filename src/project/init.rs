//! Makes the `neonup.toml` that is proposed from what was detected in the repository, and changes its values.

use crate::{
    domain::{source::join, url::UrlKind},
    project::{
        config::{Config, ConfigError},
        detect::Detected,
        draft::{Draft, DraftTable, DraftValue, ValueOrigin},
        settings::{Encoding, EnvTarget, Evidence, KeySpec, RepositoryFacts, SchemaSettings},
    },
};

/// The longest value that is taken, in bytes.
const VALUE_LIMIT: usize = 4096;

/// What was found in a repository, with the configuration that is proposed for the folder `base`; `cut` is why there may be more.
pub(crate) fn facts(
    detected: &Detected,
    name: &str,
    base: &str,
    cut: Option<&'static str>,
) -> RepositoryFacts {
    RepositoryFacts {
        stack: detected.stack,
        dir: detected.dir.clone(),
        others: detected.others.clone(),
        evidence: detected.evidence.clone(),
        fixed: detected.fixed.clone(),
        cut,
        draft: draft(detected, name, base),
    }
}

/// The file for what was detected, in the folder `base`, with this name for the project.
fn draft(detected: &Detected, name: &str, base: &str) -> Draft {
    let config = detected.config.clone().seen_from(base);
    let mut draft = of_config(&config, name, detected.recognized);
    draft.others.clone_from(&detected.others);
    draft.starts_unknown = !detected.recognized && config.backend.is_none();
    show(&mut draft, detected, base);
    draft
}

fn of_config(config: &Config, name: &str, recognized: bool) -> Draft {
    let mut tables = tables(config, !recognized);
    tables.insert(0, project_table(config, name));
    Draft::new(tables)
}

/// The tables of a configuration but for `[project]`. `is_guess`: nothing shows which env file the application reads.
pub(super) fn tables(config: &Config, is_guess: bool) -> Vec<DraftTable> {
    let mut tables: Vec<_> = config
        .env
        .iter()
        .map(|target| DraftTable {
            is_guess,
            ..env_table(target)
        })
        .collect();
    tables.extend(config.schema.as_ref().map(schema_table));
    tables.extend(backend_table(config));
    tables
}

/// Notes what shows each value, and what else may be meant.
fn show(draft: &mut Draft, detected: &Detected, base: &str) {
    let shown_in = |what: &str, env_file: Option<&str>| {
        let shown = |evidence: &&Evidence| {
            evidence.what == what && evidence.env_file.as_deref() == env_file
        };
        let evidence = detected.evidence.iter().find(shown)?;
        Some(match &evidence.seen {
            Some(at) => ValueOrigin::Seen(at.clone()),
            None => ValueOrigin::Usual,
        })
    };
    let origin = |what: &str| shown_in(what, None);
    let from_root = |value: &str| join(base, &unquoted(value));
    let proposed: Vec<_> = detected.config.env.iter().map(|env| &env.file).collect();
    for table in &mut draft.tables {
        let is_guess = table.is_guess;
        let mut env_file = String::new();
        for value in &mut table.values {
            let shown = match (value.table, value.key.as_str()) {
                ("env", "file") => {
                    env_file = from_root(&value.value);
                    let others = detected.other_env_files.iter();
                    let others = others.filter(|other| !proposed.contains(other));
                    let inner = others.filter_map(|other| below(other, base));
                    value.others = inner.map(text).collect();
                    origin(&env_file)
                }
                ("env", key) => key
                    .strip_prefix("keys.")
                    .and_then(|key| shown_in(&unquoted(key), Some(&env_file))),
                ("schema", "files" | "command") => origin("schema"),
                ("backend", "dir") => origin(detected.stack),
                ("backend", "start") => origin("start"),
                ("backend", "health") => {
                    let other = |url: &&String| text(url) != value.value;
                    let others = detected.other_routes.iter().filter(other);
                    value.others = others.map(text).collect();
                    origin("health")
                }
                _ => None,
            };
            value.origin = match shown {
                Some(ValueOrigin::Usual) | None if is_guess => ValueOrigin::Guess,
                Some(shown) => shown,
                None => ValueOrigin::Derived,
            };
        }
    }
}

/// Gives a value, as a person types it, in place of the present one. Nothing is changed where the file couldn't be read with it; then the
/// reason is returned.
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
    if present.editable() == typed && present.origin != ValueOrigin::Guess {
        return Ok(());
    }
    let value = present.in_toml(typed)?;
    *draft = with(draft, index, &value).map_err(|error| error.message)?;
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
    let text = changed.text();
    Config::parse(&text)?;
    let present = draft.value(index).map(|present| present.value.as_str());
    if draft.source().is_some() && present != Some(value) && text == draft.text() {
        let message = "the file has this value in a table of its own: change it in an editor";
        return Err(ConfigError {
            line: 0,
            message: message.to_owned(),
        });
    }
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
        ("role", &project.role),
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
        values.push(value(
            "example",
            text(example),
            "committed; lists every key",
        ));
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
            (format!("{{ url = \"{kind}\", driver = \"{driver}\" }}"), "")
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
        values.push(value(
            "files",
            list(&schema.files),
            "run in one transaction",
        ));
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
pub(super) fn text(value: impl AsRef<str>) -> String {
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
    use crate::domain::reading::Spot;
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
    /// The draft for these files.
    fn of(files: &[(&str, &str)], base: &str) -> Draft {
        let names: Vec<_> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
        let read = |path: &str| {
            let file = files.iter().find(|(name, _)| *name == path);
            file.map(|(_, text)| (*text).to_owned())
        };
        draft(
            &detect::detect(&Tree::new(&names, &read), base),
            "shelf",
            base,
        )
    }

    const FLASK: &[(&str, &str)] = &[
        ("api/requirements.txt", "flask\npsycopg2-binary\n"),
        (
            "api/app.py",
            "import os\nfrom flask import Flask\nimport psycopg2\napp = Flask(__name__)\n\
             db = psycopg2.connect(os.environ['DATABASE_URL'])\n\
             @app.route('/health')\ndef health():\n    return 'ok'\n\
             @app.route('/books')\ndef books():\n    return 'ok'\n",
        ),
    ];

    fn place(draft: &Draft, key: &str) -> usize {
        let found = draft.values().position(|value| value.key == key);
        found.unwrap_or_else(|| panic!("no {key} in {}", draft.text()))
    }

    #[test]
    fn each_value_says_what_shows_it() {
        for base in ["", "api"] {
            let draft = of(FLASK, base);
            let origin = |key: &str| &draft.value(place(&draft, key)).unwrap().origin;
            let at = |line: u32| {
                ValueOrigin::Seen(Spot {
                    file: "api/app.py".to_owned(),
                    line,
                })
            };
            assert_eq!(origin("keys.DATABASE_URL"), &at(5), "{base}");
            assert_eq!(origin("health"), &at(6), "{base}");
            assert_eq!(origin("file"), &ValueOrigin::Usual, "{base}");
            assert_eq!(origin("name"), &ValueOrigin::Derived, "{base}");
        }
    }

    #[test]
    fn the_next_of_the_likely_values_comes_round_again() {
        let mut draft = of(FLASK, "");
        for (key, other) in [
            (
                "keys.DATABASE_URL",
                "{ url = \"pooled\", driver = \"libpq\" }",
            ),
            ("health", "\"http://localhost:8000/books\""),
            ("file", "\".env\""),
        ] {
            let index = place(&draft, key);
            let first = draft.value(index).unwrap().value.clone();
            assert!(take_next(&mut draft, index), "{key}");
            assert_eq!(draft.value(index).unwrap().value, other, "{key}");
            assert_eq!(draft.value(index).unwrap().origin, ValueOrigin::Chosen);
            for _ in 0..9 {
                if draft.value(index).unwrap().value != first {
                    assert!(take_next(&mut draft, index));
                }
            }
            assert_eq!(draft.value(index).unwrap().value, first, "{key}");
        }
        let name = place(&draft, "name");
        assert!(!take_next(&mut draft, name));
    }

    #[test]
    fn a_value_is_taken_bare_or_in_toml_and_a_wrong_one_changes_nothing() {
        let mut draft = of(FLASK, "");
        for (key, typed, written) in [
            ("name", "my shelf", "\"my shelf\""),
            ("name", "\"quoted\"", "\"quoted\""),
            ("file", "api/.env.local", "\"api/.env.local\""),
            (
                "start",
                "flask run --port 5001",
                "[\"flask\", \"run\", \"--port\", \"5001\"]",
            ),
            ("start", "['flask', 'run']", "['flask', 'run']"),
            ("start", "sh -c 'a b'", "[\"sh\", \"-c\", \"a b\"]"),
            (
                "health",
                "http://localhost:5001/up",
                "\"http://localhost:5001/up\"",
            ),
            (
                "keys.DATABASE_URL",
                "{ url = \"pooled\", driver = \"asyncpg\" }",
                "{ url = \"pooled\", driver = \"asyncpg\" }",
            ),
        ] {
            let index = place(&draft, key);
            assert_eq!(set_value(&mut draft, index, typed), Ok(()), "{key} {typed}");
            assert_eq!(draft.value(index).unwrap().value, written);
            Config::parse(&draft.text()).unwrap();
        }
        let before = draft.clone();
        for (key, typed) in [
            ("file", "../.env"),
            ("file", ".git/config"),
            ("file", ""),
            ("health", "localhost:8000/health"),
            ("name", ""),
            ("keys.DATABASE_URL", "pooled"),
            (
                "keys.DATABASE_URL",
                "{ url = \"pooled\", driver = \"asyncpgg\" }",
            ),
            ("start", "sh -c 'unclosed"),
            ("name", "a\nb"),
            ("name", "\"a\"\n[skip]\nsecrets = \"none\""),
        ] {
            let index = place(&draft, key);
            let refused = set_value(&mut draft, index, typed);
            assert!(refused.is_err_and(|why| !why.is_empty()), "{key} {typed}");
            assert_eq!(draft, before, "{key} {typed}");
        }
    }

    #[test]
    fn a_guess_that_was_looked_at_is_none_any_more() {
        let mut draft = of(&[("main.c", "")], "");
        assert!(!draft.is_certain() && !draft.is_changed());
        let file = place(&draft, "file");
        assert_eq!(draft.value(file).unwrap().origin, ValueOrigin::Guess);
        let same = draft.value(file).unwrap().value.clone();
        assert_eq!(set_value(&mut draft, file, &same), Ok(()));
        assert!(draft.is_certain() && draft.is_changed());
        let read = Config::parse(&draft.text()).unwrap();
        assert_eq!(
            read.env.first().map(|target| target.file.as_str()),
            Some(".env")
        );
        assert!(
            !draft.text().contains("uncomment it.\n# Nothing"),
            "{}",
            draft.text()
        );
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
