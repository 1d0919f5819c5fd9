//! A script of `package.json`, or a file that the README tells to run, that applies migrations though its name is none of the usual ones.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    domain::{runner::Runner, source::join},
    project::detect::{package::Package, schema::migration::Migration, tree::Tree},
};

/// What runs a file of JavaScript or TypeScript.
static RUN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\s`])(?:(?:node|tsx|ts-node|bun|bun run|esno|vite-node)\s+(?:-[\w-]+(?:[= ][\w/.@-]+)?\s+)*)?(?:\./)?([\w./-]+\.(?:ts|js|mjs|cjs|mts))\b").ok()
});

/// What applies migrations, whatever library they are of.
const APPLIES: &[&str] = &[
    "/migrator\"",
    "/migrator'",
    "runMigrations(",
    "migrate.latest(",
    "new Umzug(",
    "migrateToLatest(",
];

/// What connects to Postgres, in a file that reads SQL files by itself.
const CONNECTS: &[&str] = &[
    "postgres(",
    "new Pool(",
    "new Client(",
    "Pool({",
    "Client({",
    ".query(",
];

/// What makes new migrations or takes some back, in a script's name.
const OTHERS: &[&str] = &[
    "generate", "create", "new", "make", "down", "rollback", "undo", "reset", "drop", "seed",
    "test", "revert", "fresh",
];

/// The words that ask such a program to apply migrations.
const VERBS: &[&str] = &["migrate", "up", "latest", "run"];

/// The script that applies migrations, by what its file does; else such a file that the README tells to run.
pub(super) fn migration(
    tree: &Tree<'_>,
    dir: &str,
    package: &Package,
    runner: &Runner,
) -> Option<Migration> {
    let seen = |file: &str| Some(join(dir, file));
    for (name, text) in package.scripts() {
        let lower = name.to_ascii_lowercase();
        if OTHERS.iter().any(|word| lower.contains(word)) || text.contains("&&") {
            continue;
        }
        let Some((file, code)) = file_of(tree, dir, &text) else {
            continue;
        };
        let mut command = runner.script(&name);
        match verb(&code) {
            Some(verb) if !text.split_whitespace().any(|word| word == verb) => {
                if command.first().is_some_and(|program| program == "npm") {
                    command.push("--".to_owned());
                }
                command.push(verb.to_owned());
            }
            Some(_) | None => {}
        }
        return Some(Migration {
            command,
            dir: dir.to_owned(),
            seen: seen(&file),
            only_empty: false,
        });
    }
    let readme = tree.read(&join(dir, "README.md"))?;
    let (file, code) = readme.lines().find_map(|line| file_of(tree, dir, line))?;
    let mut words = if file.ends_with("ts") {
        let tool = ["tsx", "ts-node"]
            .into_iter()
            .find(|tool| package.has_any(&[tool]))?;
        runner.command(&[tool, &file])
    } else {
        vec!["node".to_owned(), file.clone()]
    };
    words.extend(verb(&code).map(str::to_owned));
    Some(Migration {
        command: words,
        dir: dir.to_owned(),
        seen: seen(&file),
        only_empty: false,
    })
}

/// The file that a line runs, with its text, where it applies migrations.
fn file_of(tree: &Tree<'_>, dir: &str, line: &str) -> Option<(String, String)> {
    let found = RUN.as_ref()?.captures(line)?;
    let file = found.get(1)?.as_str().to_owned();
    let code = tree.read(&join(dir, &file))?;
    applies(&code).then_some((file, code))
}

/// Whether a program applies migrations when it is run: with a library's own means, or by running SQL files one after the other.
fn applies(code: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
    let takes_away = has(&[
        "dropDatabase(",
        "DROP SCHEMA",
        "drop schema",
        "DROP DATABASE",
    ]);
    let by_itself = code.contains(".sql") && code.contains("readdir") && has(CONNECTS);
    !takes_away && (has(APPLIES) || by_itself)
}

/// What a program that takes its own commands wants to hear.
fn verb(code: &str) -> Option<&'static str> {
    code.contains("process.argv").then_some(())?;
    VERBS.iter().copied().find(|verb| {
        ["'", "\""].iter().any(|quote| {
            [
                format!("case {quote}{verb}{quote}"),
                format!("== {quote}{verb}{quote}"),
            ]
            .iter()
            .any(|asks| code.contains(asks))
        })
    })
}
