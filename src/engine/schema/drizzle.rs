//! Whether a migration of Drizzle is pending: `drizzle-kit` has no question for it, so that its journal is compared with its table.
//!
//! Drizzle's migrator runs each entry of `meta/_journal.json` whose `when` is later than the latest `created_at` of its table; so
//! does this. It reads files and the database, and runs nothing of the clone.

use serde::Deserialize;

use crate::{
    core::{code::Code, finding::Finding},
    domain::{
        migrations::{Conflict, ToolAnswer, Unclear},
        source::join,
    },
    engine::{connection, context::Cx, schema::written},
    ports::database::{SchemaShape, Session},
};

/// The names that `drizzle-kit` looks for, in its order.
const CONFIGS: &[&str] = &[
    "drizzle.config.ts",
    "drizzle.config.js",
    "drizzle.config.json",
];
/// The folder, the schema and the table where the configuration names none.
const OUT: &str = "drizzle";
const SCHEMA: &str = "drizzle";
const TABLE: &str = "__drizzle_migrations";

#[derive(Deserialize)]
struct Journal {
    entries: Vec<JournalEntry>,
}

#[derive(Deserialize)]
struct JournalEntry {
    when: i64,
    tag: String,
}

/// Compares the journal with the table.
pub(super) async fn answer(
    cx: &Cx,
    session: &mut dyn Session,
    found: &SchemaShape,
    config: Option<&str>,
) -> Result<ToolAnswer, Box<Finding>> {
    let (name, text) = config_text(cx, config).ok_or_else(|| {
        unknown("can't find Drizzle's configuration, so neonup couldn't determine whether a migration is pending")
            .hint("set it in [schema] command in neonup.toml: drizzle-kit migrate --config=FILE")
    })?;
    let setting = |key: &str, usual: &str| {
        plain_setting(&text, key, usual).ok_or_else(|| {
            let title = format!("`{key}` in `{name}` depends on another file or the environment, so neonup couldn't determine whether a migration is pending");
            let hint = "write it as a string, or set [schema] pending in neonup.toml";
            Box::new(unknown(title).hint(hint))
        })
    };
    let out = setting("out", OUT)?;
    let table = format!(
        "{}.{}",
        setting("schema:migrations", SCHEMA)?,
        setting("table:migrations", TABLE)?
    );
    // relative to where it runs, wherever the configuration is
    let path = join(out.trim_start_matches("./"), "meta/_journal.json");
    let journal = read(cx, &path).ok_or_else(|| {
        unknown(format!(
            "`{path}` doesn't exist, so neonup couldn't determine whether a migration is pending"
        ))
        .hint("run `drizzle-kit generate` to create the migrations; a project that uses push has none")
    })?;
    let journal: Journal = serde_json::from_str(&journal)
        .map_err(|error| unknown(format!("can't understand `{path}`: {error}")))?;
    if journal.entries.is_empty() {
        return Ok(ToolAnswer::Unclear(Unclear::NoMigrations));
    }
    let table = table.strip_prefix("public.").unwrap_or(&table);
    let applied = if found.tables.iter().any(|there| there.name == table) {
        let times = session.values(table, "created_at").await.map_err(|error| {
            let why = connection::redact(&error.to_string(), &connection::secrets(cx));
            unknown("can't read the record of Drizzle's migrations").detail(why)
        })?;
        times
            .iter()
            .filter_map(|time| time.parse::<i64>().ok())
            .collect()
    } else {
        Vec::new()
    };
    Ok(compared(&journal.entries, &applied))
}

fn compared(entries: &[JournalEntry], applied: &[i64]) -> ToolAnswer {
    let last = applied.iter().max().copied();
    let newest = entries.iter().map(|entry| entry.when).max();
    if last > newest {
        let last = last.unwrap_or_default();
        return ToolAnswer::Conflict(Conflict::UnknownToFiles(format!("of time {last}")));
    }
    // the migrator looks at the latest alone, so that an older one that came with a merge would never run
    let missing = entries
        .iter()
        .filter(|entry| !applied.contains(&entry.when));
    let (names, passed): (Vec<_>, Vec<_>) = missing.partition(|entry| Some(entry.when) > last);
    let tags = |entries: &[&JournalEntry]| {
        entries
            .iter()
            .map(|entry| entry.tag.clone())
            .collect::<Vec<_>>()
    };
    if !passed.is_empty() {
        return ToolAnswer::Conflict(Conflict::Told(format!(
            "{} is older than the latest migration that ran, so Drizzle never runs it: generate it again",
            tags(&passed).join(", ")
        )));
    }
    if names.is_empty() {
        return ToolAnswer::Nothing {
            at: entries
                .iter()
                .max_by_key(|entry| entry.when)
                .map(|entry| entry.tag.clone()),
        };
    }
    ToolAnswer::Pending {
        names: tags(&names),
        at: None,
        reached: true,
    }
}

fn unknown(title: impl Into<String>) -> Finding {
    Finding::new(Code::SchemaNotDetermined, title)
}

/// Reads a file of the folder where the command runs.
fn read(cx: &Cx, path: &str) -> Option<String> {
    let path = join(cx.settings.schema_dir(), path);
    let bytes = cx.ports.files.read(&cx.settings.path(&path)).ok()??;
    String::from_utf8(bytes).ok()
}

fn config_text(cx: &Cx, named: Option<&str>) -> Option<(String, String)> {
    let named = named.map(|name| name.trim_start_matches("./"));
    let candidates = named.map_or_else(|| CONFIGS.to_vec(), |name| vec![name]);
    candidates
        .into_iter()
        .find_map(|name| Some((name.to_owned(), read(cx, name)?)))
}

/// A text of the configuration, by its key, or `key:within` for one of an inner object; `usual` where it names none. `None` where
/// what it names is not told by the file itself.
fn plain_setting(text: &str, key: &str, usual: &str) -> Option<String> {
    let (key, within) = key.split_once(':').unwrap_or((key, ""));
    let text = uncommented(text);
    let scope = if within.is_empty() {
        text.clone()
    } else {
        match after_key(&text, within) {
            None => return Some(usual.to_owned()),
            Some(rest) => {
                let inner = rest.strip_prefix('{')?;
                inner.split_once('}')?.0.to_owned()
            }
        }
    };
    let Some(value) = after_key(&scope, key) else {
        return Some(usual.to_owned());
    };
    let (value, rest) = written::text(value, &text)?;
    let rest = rest.trim_start();
    (rest.is_empty() || rest.starts_with([',', '}', ')'])).then_some(value)
}

/// What stands after `key:`.
fn after_key<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.match_indices(key).find_map(|(at, _)| {
        let before = text.get(..at)?.chars().next_back();
        let word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '$' | '.');
        if before.is_some_and(word) {
            return None;
        }
        let rest = text.get(at + key.len()..)?;
        let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest).trim_start();
        rest.strip_prefix(':').map(str::trim_start)
    })
}

/// A text without the comments that stand on lines of their own.
fn uncommented(text: &str) -> String {
    let lines = text.lines().filter(|line| {
        let line = line.trim_start();
        !line.starts_with("//") && !line.starts_with('*') && !line.starts_with("/*")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(times: &[i64]) -> Vec<JournalEntry> {
        let entry = |time: &i64| JournalEntry {
            when: *time,
            tag: format!("m{time}"),
        };
        times.iter().map(entry).collect()
    }

    #[test]
    fn the_journal_is_compared_as_the_migrator_does() {
        let answer = |journal: &[i64], applied: &[i64]| compared(&entries(journal), applied);
        assert_eq!(
            answer(&[1, 2], &[1, 2]),
            ToolAnswer::Nothing {
                at: Some("m2".to_owned())
            }
        );
        for applied in [&[][..], &[1]] {
            let ToolAnswer::Pending { names, .. } = answer(&[1, 2, 3], applied) else {
                panic!("{applied:?}");
            };
            assert_eq!(names.last().map(String::as_str), Some("m3"));
            assert_eq!(names.len(), 3 - applied.len());
        }
        for (journal, applied) in [(&[1, 2][..], &[1, 2, 3][..]), (&[1, 2, 3], &[1, 3])] {
            assert!(matches!(answer(journal, applied), ToolAnswer::Conflict(_)));
        }
    }

    #[test]
    fn a_configuration_is_read_only_where_it_is_plain() {
        let config = "// out: './old'\nexport default defineConfig({\n  schema: './src/schema.ts', out: \"./db/migrations\",\n  migrations: { table: 'journal', schema: 'public' },\n});";
        assert_eq!(
            plain_setting(config, "out", OUT).as_deref(),
            Some("./db/migrations")
        );
        assert_eq!(
            plain_setting(config, "table:migrations", TABLE).as_deref(),
            Some("journal")
        );
        assert_eq!(
            plain_setting(config, "schema:migrations", SCHEMA).as_deref(),
            Some("public")
        );
        let plain = "export default { dialect: 'postgresql', schema: 'x' }";
        assert_eq!(plain_setting(plain, "out", OUT).as_deref(), Some(OUT));
        let computed = "const dir = 'db';\nexport default { schema: './x', out: path.join(__dirname, dir, 'sql'), dialect: 'postgresql' };";
        assert_eq!(
            plain_setting(computed, "out", OUT).as_deref(),
            Some("db/sql")
        );
        assert_eq!(
            plain_setting(plain, "schema:migrations", SCHEMA).as_deref(),
            Some(SCHEMA)
        );
        for code in [
            "{ out: process.env.OUT }",
            "{ out: `${x}/y` }",
            "{ out: 'a' + b }",
        ] {
            assert_eq!(plain_setting(code, "out", OUT), None, "{code}");
        }
    }
}
