//! A script of `package.json`, or a file that the README tells to run, that applies migrations though its name is none of the usual ones, or
//! that makes the tables by itself.

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
const CONNECTS: &[&str] = &["postgres(", "Pool(", "Client(", ".query("];

/// What makes new migrations or takes some back, in a script's name.
const OTHERS: &[&str] = &[
    "generate", "create", "new", "make", "down", "rollback", "undo", "reset", "drop", "seed",
    "test", "revert", "fresh",
];

/// Of these, what a program that makes the tables by its own statements may be called.
const MAKERS: &[&str] = &["create", "new", "make", "seed"];

/// The words that ask such a program to apply migrations.
const VERBS: &[&str] = &["migrate", "up", "latest", "run"];

/// What a program does to the tables when it is run; `None` where that is nothing that a new database needs.
type TableJudge = fn(&str) -> Option<TableEffect>;

/// What a program does to the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TableEffect {
    /// Brings them up to date, whatever is there.
    Applies,
    /// Makes what is not there.
    Makes,
    /// Takes tables away before it makes them, fails where they are there, or adds rows.
    MakesOnce,
}

/// The script that applies migrations, by what its file does; else such a file that the README tells to run.
pub(super) fn migration(
    tree: &Tree<'_>,
    dir: &str,
    package: &Package,
    runner: &Runner,
) -> Option<Migration> {
    found(tree, dir, package, runner, |code| {
        applies(code).then_some(TableEffect::Applies)
    })
}

/// The script that makes the tables with statements of its own; else such a file that the README tells to run.
pub(super) fn maker(
    tree: &Tree<'_>,
    dir: &str,
    package: &Package,
    runner: &Runner,
) -> Option<Migration> {
    found(tree, dir, package, runner, makes)
}

fn found(
    tree: &Tree<'_>,
    dir: &str,
    package: &Package,
    runner: &Runner,
    judge: TableJudge,
) -> Option<Migration> {
    let result = |command, file: &str, effect| Migration {
        command,
        dir: dir.to_owned(),
        seen: Some(join(dir, file)),
        only_empty: effect == TableEffect::MakesOnce,
    };
    for (name, text) in package.scripts() {
        let lower = name.to_ascii_lowercase();
        if text.contains("&&") {
            continue;
        }
        let Some((file, code, effect)) = file_of(tree, dir, &text, judge) else {
            continue;
        };
        // whoever makes the tables itself is called so
        let others = OTHERS
            .iter()
            .filter(|word| effect == TableEffect::Applies || !MAKERS.contains(word));
        if others.into_iter().any(|word| lower.contains(word)) {
            continue;
        }
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
        return Some(result(command, &file, effect));
    }
    let readme = tree.read(&join(dir, "README.md"))?;
    let (file, code, effect) = readme
        .lines()
        .find_map(|line| file_of(tree, dir, line, judge))?;
    let mut words = if file.ends_with("ts") {
        let tool = ["tsx", "ts-node"]
            .into_iter()
            .find(|tool| package.has_any(&[tool]))?;
        runner.command(&[tool, &file])
    } else {
        vec!["node".to_owned(), file.clone()]
    };
    words.extend(verb(&code).map(str::to_owned));
    Some(result(words, &file, effect))
}

/// The file that a line runs, with its text and what it does to the tables.
fn file_of(
    tree: &Tree<'_>,
    dir: &str,
    line: &str,
    judge: TableJudge,
) -> Option<(String, String, TableEffect)> {
    let found = RUN.as_ref()?.captures(line)?;
    let file = found.get(1)?.as_str().to_owned();
    let code = tree.read(&join(dir, &file))?;
    let itself = line.split_whitespace().next()?.trim_start_matches("./") == file;
    let effect = judge(&code).filter(|_| !(itself && cannot_start(&code)))?;
    Some((file, code, effect))
}

/// Whether a file's own first line gives `env` a program with options, which Linux takes for one name.
fn cannot_start(code: &str) -> bool {
    let first = code.lines().next().unwrap_or_default();
    first
        .strip_prefix("#!/usr/bin/env ")
        .is_some_and(|rest| !rest.starts_with("-S") && rest.split_whitespace().count() > 1)
}

/// What a program does that creates tables by statements of its own, and answers no requests.
fn makes(code: &str) -> Option<TableEffect> {
    const SERVES: &[&str] = &[".listen(", "serve(", "createServer("];
    const CHANGES: &[&str] = &[
        "drop table",
        "truncate",
        "insert into",
        "delete from",
        ".insert(",
    ];
    let lower = code.to_ascii_lowercase();
    let count = |words: &str| lower.matches(words).count();
    let creates = count("create table");
    if creates == 0 || takes_all_away(code) || SERVES.iter().any(|word| code.contains(word)) {
        return None;
    }
    let once = creates > count("create table if not exists")
        || CHANGES.iter().any(|word| lower.contains(word));
    Some(if once {
        TableEffect::MakesOnce
    } else {
        TableEffect::Makes
    })
}

/// Whether a program removes a whole database or schema.
fn takes_all_away(code: &str) -> bool {
    [
        "dropDatabase(",
        "DROP SCHEMA",
        "drop schema",
        "DROP DATABASE",
    ]
    .iter()
    .any(|word| code.contains(word))
}

/// Whether a program applies migrations when it is run: with a library's own means, or by running SQL files one after the other.
fn applies(code: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
    let by_itself = code.contains(".sql") && code.contains("readdir") && has(CONNECTS);
    !takes_all_away(code) && (has(APPLIES) || by_itself)
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

#[cfg(test)]
mod tests {
    use super::*;

    const MIGRATOR: &str = "import { migrate } from 'drizzle-orm/node-postgres/migrator';\n";

    fn found(scripts: &str, files: &[(&str, &str)]) -> String {
        let package =
            format!("{{\"scripts\":{{{scripts}}},\"devDependencies\":{{\"tsx\":\"4\"}}}}");
        let names: Vec<_> = files.iter().map(|(path, _)| (*path).to_owned()).collect();
        let read = |path: &str| {
            if path == "package.json" {
                return Some(package.clone());
            }
            let found = files.iter().find(|(name, _)| *name == path);
            found.map(|(_, text)| (*text).to_owned())
        };
        let tree = Tree::new(&names, &read);
        let package = Package::read(&tree, "").unwrap();
        let runner = Runner::of_node(&read, "");
        let found =
            migration(&tree, "", &package, &runner).or_else(|| maker(&tree, "", &package, &runner));
        found.map_or_else(String::new, |found| {
            let only = if found.only_empty {
                ", where empty"
            } else {
                ""
            };
            format!("{}{only}", found.command.join(" "))
        })
    }

    #[test]
    fn a_program_that_creates_tables_makes_them_and_one_that_adds_rows_only_where_there_are_none() {
        let makes = "await sql`CREATE TABLE IF NOT EXISTS flags (name text PRIMARY KEY)`\n";
        let adds = format!("{makes}await sql`INSERT INTO flags VALUES ('beta')`\n");
        let once = "await sql`create table flags (name text)`\n";
        let resets = format!("await sql`DROP SCHEMA public CASCADE`\n{makes}");
        let serves = format!("{makes}app.listen(3000);\n");
        for (scripts, code, command) in [
            (r#""db:setup":"tsx setup.ts""#, makes, "npm run db:setup"),
            (
                r#""db:setup":"tsx setup.ts""#,
                &adds,
                "npm run db:setup, where empty",
            ),
            (
                r#""create":"tsx setup.ts""#,
                once,
                "npm run create, where empty",
            ),
            (r#""db:reset":"tsx setup.ts""#, makes, ""),
            (r#""db:setup":"tsx setup.ts""#, &resets, ""),
            (r#""dev":"tsx setup.ts""#, &serves, ""),
        ] {
            assert_eq!(found(scripts, &[("setup.ts", code)]), command, "{scripts}");
        }
        let readme = [
            ("README.md", "```bash\nnode setup.js\n```\n"),
            ("setup.js", makes),
        ];
        assert_eq!(found("", &readme), "node setup.js");
    }

    #[test]
    fn what_a_script_does_decides_and_its_name_only_where_it_says_something_else() {
        let own = "import { readdirSync } from 'fs';\nimport pg from 'pg';\nconst pool = new pg.Pool();\n\
            if (process.argv[2] === 'up') for (const f of readdirSync('sql')) if (f.endsWith('.sql')) await run(f);\n";
        let direct = format!("#!/usr/bin/env node --loader ts-node/esm\n{MIGRATOR}");
        for (scripts, files, command) in [
            (
                r#""tables":"tsx src/tables.ts""#,
                vec![("src/tables.ts", MIGRATOR)],
                "npm run tables",
            ),
            (
                r#""tables":"node --env-file=.env ./tables.mjs""#,
                vec![("tables.mjs", MIGRATOR)],
                "npm run tables",
            ),
            (
                r#""sql":"node sql.js""#,
                vec![("sql.js", own)],
                "npm run sql -- up",
            ),
            (
                r#""sql":"node sql.js up""#,
                vec![("sql.js", own)],
                "npm run sql",
            ),
            (
                r#""db:reset":"tsx src/reset.ts""#,
                vec![("src/reset.ts", MIGRATOR)],
                "",
            ),
            (
                r#""dev":"tsx src/index.ts""#,
                vec![("src/index.ts", "app.listen(3000);\n")],
                "",
            ),
            // a file that Linux can't start by its first line
            (
                r#""tables":"./tables.ts""#,
                vec![("tables.ts", &direct)],
                "",
            ),
            // what the README tells
            (
                r#""dev":"vite dev""#,
                vec![
                    ("README.md", "Run `npx tsx scripts/tables.ts` once.\n"),
                    ("scripts/tables.ts", MIGRATOR),
                ],
                "npx --no-install tsx scripts/tables.ts",
            ),
        ] {
            assert_eq!(found(scripts, &files), command, "{scripts}");
        }
    }
}
