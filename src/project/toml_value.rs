//! Changes one value in the text of a `neonup.toml`, and nothing else of it.

use toml_edit::{DocumentMut, Item, Key, Table, TableLike, Value};

/// The tables within a table, whose keys are written with a dot.
const INNER: [&str; 2] = ["keys", "tables"];

/// The text of `source` with another value, in TOML, at this key of a table: of the `at`th one where there are several. An empty value takes
/// the key out. `None` where the file is written in a way in which this can't be done.
pub(crate) fn with_value(
    source: &str,
    table: &str,
    at: usize,
    key: &str,
    value: &str,
) -> Option<String> {
    let mut document: DocumentMut = source.parse().ok()?;
    let outer: &mut dyn TableLike = match document.get_mut(table) {
        Some(Item::ArrayOfTables(tables)) => tables.get_mut(at)?,
        Some(Item::Value(Value::Array(tables))) => tables.get_mut(at)?.as_inline_table_mut()?,
        _ => document
            .entry(table)
            .or_insert_with(|| Item::Table(Table::new()))
            .as_table_like_mut()?,
    };
    let inner = key
        .split_once('.')
        .filter(|(inner, _)| INNER.contains(inner));
    let (target, key) = match inner {
        Some((inner, key)) => (outer.get_mut(inner)?.as_table_like_mut()?, key),
        None => (outer, key),
    };
    let key: Key = key.parse().ok()?;
    if value.is_empty() {
        target.remove(key.get());
        return Some(document.to_string());
    }
    let mut value: Value = value.parse().ok()?;
    match target.get_mut(key.get()) {
        Some(Item::Value(present)) => {
            // with the blanks and the comment around it
            *value.decor_mut() = present.decor().clone();
            *present = value;
        }
        // a table of its own, which isn't one line
        Some(Item::Table(_) | Item::ArrayOfTables(_)) => return None,
        Some(Item::None) | None => {
            value.decor_mut().clear();
            target.insert(key.get(), Item::Value(value));
        }
    }
    Some(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# ours\n[project]\nname = \"shelf\"   # the team's\n\n[[env]]\nfile = \".env\"\nkeys.PORT = \"8000\" # ours\n\
                        keys.DATABASE_URL = { url = \"direct\" }\n\n[[env]]\nfile = \"web/.env\"\n[env.keys]\n\"A.B\" = \"1\"\n\
                        [schema]\nfiles = ['a.sql']\n";

    #[test]
    fn one_value_changes_and_every_other_byte_stays() {
        let changed = |table, at, key, value| with_value(FILE, table, at, key, value).unwrap();
        for (after, from, to) in [
            (
                changed("project", 0, "name", "\"books\""),
                "\"shelf\"   # the team's",
                "\"books\"   # the team's",
            ),
            (
                changed("env", 0, "keys.PORT", "\"9000\""),
                "\"8000\" # ours",
                "\"9000\" # ours",
            ),
            (
                changed("env", 1, "file", "\"web/.env.local\""),
                "\"web/.env\"",
                "\"web/.env.local\"",
            ),
            (
                changed("env", 1, "keys.\"A.B\"", "\"2\""),
                "\"A.B\" = \"1\"",
                "\"A.B\" = \"2\"",
            ),
            (
                changed("schema", 0, "files", "[\"b.sql\"]"),
                "['a.sql']",
                "[\"b.sql\"]",
            ),
            (
                changed("project", 0, "branch", "\"dev/{user}\""),
                "# the team's\n",
                "# the team's\nbranch = \"dev/{user}\"\n",
            ),
        ] {
            assert_eq!(after, FILE.replace(from, to));
        }
    }

    #[test]
    fn an_empty_value_takes_the_key_out() {
        let with = with_value(FILE, "project", 0, "region", "\"aws-us-east-2\"").unwrap();
        assert_eq!(
            with_value(&with, "project", 0, "region", ""),
            Some(FILE.to_owned())
        );
        assert_eq!(
            with_value(FILE, "project", 0, "region", ""),
            Some(FILE.to_owned())
        );
    }

    #[test]
    fn a_table_that_is_missing_is_made() {
        let made = with_value("", "project", 0, "postgres", "18");
        assert_eq!(made.as_deref(), Some("[project]\npostgres = 18\n"));
        let inline = "env = [{ file = \".env\", keys = { A = \"1\" } }]\n";
        let changed = with_value(inline, "env", 0, "keys.A", "\"2\"");
        assert_eq!(
            changed.as_deref(),
            Some("env = [{ file = \".env\", keys = { A = \"2\" } }]\n")
        );
    }

    #[test]
    fn what_cannot_be_placed_changes_nothing() {
        let table = "[[env]]\nfile = \".env\"\n[env.keys.A]\nurl = \"direct\"\n";
        assert_eq!(with_value(table, "env", 0, "keys.A", "\"1\""), None);
        assert_eq!(with_value(FILE, "env", 7, "file", "\"x\""), None);
        assert_eq!(
            with_value("not toml [", "project", 0, "name", "\"x\""),
            None
        );
    }
}
