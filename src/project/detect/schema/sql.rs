//! Tables that plain SQL makes.

use crate::{
    domain::source::join,
    project::detect::{
        schema::migration::Migration,
        tree::{Tree, lies_aside},
    },
};

/// Files that hold the whole schema, by their usual names.
const WHOLE: &[&str] = &[
    "schema.sql",
    "db/schema.sql",
    "sql/schema.sql",
    "database/schema.sql",
    "assets/schema.sql",
    "db/init.sql",
    "sql/init.sql",
    "database/init.sql",
    "init.sql",
    "db/structure.sql",
    "src/db/schema.sql",
    "src/schema.sql",
    "app/schema.sql",
];

/// Folders of files that are run one after the other.
const IN_ORDER: &[&str] = &[
    "migrations",
    "db/migrations",
    "database/migrations",
    "sql/migrations",
    "sql",
    "db/sql",
    "db/init",
    "src/db/migrations",
    "src/migrations",
];

/// What the files of tools say: such a file isn't plain SQL, or keeps its own history.
const OF_A_TOOL: &[&str] = &[
    "-- migrate:up",
    "-- +goose Up",
    "-- +migrate Up",
    "-- name:",
];

/// The SQL files that make the tables of an application, in their order; empty where there are none.
pub(super) fn files(tree: &Tree<'_>, dir: &str) -> Vec<String> {
    let places = [dir, ""];
    let whole = places
        .iter()
        .flat_map(|place| WHOLE.iter().map(|name| join(place, name)))
        .find(|path| tree.has(path));
    if let Some(path) = whole.or_else(|| only_one(tree, dir)) {
        return vec![path];
    }
    places
        .iter()
        .flat_map(|place| IN_ORDER.iter().map(|name| join(place, name)))
        .find_map(|folder| in_order(tree, &folder))
        .unwrap_or_default()
}

/// The one `schema.sql` of an application, wherever it lies; `None` where there are several.
fn only_one(tree: &Tree<'_>, dir: &str) -> Option<String> {
    let mut found = tree
        .below(dir)
        .filter(|path| path.ends_with("/schema.sql") && !lies_aside(path));
    let first = found.next()?;
    found.next().is_none().then(|| first.to_owned())
}

/// The files of a folder that are numbered, where none of them belongs to a tool or takes back what another one did.
pub(super) fn in_order(tree: &Tree<'_>, folder: &str) -> Option<Vec<String>> {
    let mut names: Vec<_> = tree
        .names_in(folder)
        .filter(|name| name.rsplit_once('.').is_some_and(|(_, end)| end == "sql"))
        .collect();
    names.sort_unstable();
    let numbered =
        |name: &&str| name.starts_with(|c: char| c.is_ascii_digit() || matches!(c, 'V' | 'v'));
    let directed = |name: &&str| {
        [".up.", ".down.", "_down.", "_up."]
            .iter()
            .any(|word| name.contains(word))
    };
    if names.is_empty() || !names.iter().all(numbered) || names.iter().any(directed) {
        return None;
    }
    let paths: Vec<_> = names.into_iter().map(|name| join(folder, name)).collect();
    let of_a_tool = |path: &String| {
        tree.read(path)
            .is_none_or(|text| OF_A_TOOL.iter().any(|mark| text.contains(mark)))
    };
    (!paths.iter().any(of_a_tool)).then_some(paths)
}

/// dbmate's migrations, which begin with a mark of its own.
pub(super) fn dbmate(tree: &Tree<'_>, dir: &str) -> Option<Migration> {
    let usual = join(dir, "db/migrations");
    let marked = tree
        .names_in(&usual)
        .map(|name| join(&usual, name))
        .find(|path| {
            tree.read(path)
                .is_some_and(|text| text.contains("-- migrate:up"))
        });
    marked.map(|file| Migration {
        command: ["dbmate", "--no-dump-schema", "up"]
            .map(str::to_owned)
            .to_vec(),
        dir: dir.to_owned(),
        seen: Some(file),
        only_empty: false,
    })
}
