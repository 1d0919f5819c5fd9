//! Scripts of a repository that make its tables, where no tool of migrations does.
//!
//! One that could also take tables away is never proposed: it would be run again by the next setup.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    domain::{python, runner::Runner, source::join},
    project::detect::{
        manifests::Language,
        schema::migration::Migration,
        start::Start,
        tree::{Tree, lies_aside},
    },
};

/// The names of such scripts, the plainest first.
const NAMES: &[&str] = &[
    "create_tables",
    "create_db",
    "init_db",
    "initdb",
    "db_init",
    "setup_db",
    "create_database",
    "init_database",
    "database_setup",
    "setup_database",
    "create_schema",
];

/// What makes tables in Python.
const MAKES: &[&str] = &[
    ".create_all",
    "CREATE TABLE",
    "create table",
    ".create_tables(",
    "generate_schemas(",
];

/// What may take tables or their rows away.
const TAKES: &[&str] = &[
    "drop_all",
    "drop_tables",
    "DROP ",
    "drop table",
    "drop schema",
    "drop database",
    ".drop(",
    "TRUNCATE",
    "truncate",
    "DELETE FROM",
    "delete from",
    ".delete(",
];

/// The most modules that a script is followed into.
const FOLLOWED: usize = 8;

/// A command of Flask's, Click's: `@app.cli.command("create-db")`.
static COMMAND: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?m)^@[\w.]*\.command\(\s*(?:name\s*=\s*)?(?:["']([\w-]+)["'])?[^\n]*\)\s*\n(?:@[^\n]*\n)*def (\w+)\("#,
    )
    .ok()
});

/// What is run when the script is: a call that stands in no function.
static RUNS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?m)^(?:if __name__\s*==|with [\w.]+|async with |asyncio\.run\(|[A-Za-z_][\w.]*\()",
    )
    .ok()
});

/// A module of the same repository that a script takes a name of.
static IMPORT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^\s*from\s+([\w.]+)\s+import\s").ok());

/// A script that makes the tables, where the application doesn't when it starts: a command of Flask's, else a file with such a name.
pub(super) fn of_python(tree: &Tree<'_>, dir: &str, start: Option<&Start>) -> Option<Migration> {
    let started = start.and_then(|start| start.seen.as_ref());
    let makes_itself = started
        .and_then(|at| tree.read(&at.file))
        .is_some_and(|text| makes_when_started(&text));
    if makes_itself {
        return None;
    }
    command(tree, dir, start).or_else(|| script(tree, dir))
}

/// Whether the application's own module makes the tables, or calls what is named so.
fn makes_when_started(text: &str) -> bool {
    let made = |line: &str| {
        let calls = NAMES.iter().any(|name| line.contains(&format!("{name}(")));
        (calls || MAKES.iter().any(|word| line.contains(word))) && !line.contains("def ")
    };
    // below a command of its own it isn't run by the start
    !text.contains(".command(") && text.lines().any(made)
}

/// A command that the application brings: `flask create-db`, or one of a `manage.py` that is Flask's.
fn command(tree: &Tree<'_>, dir: &str, start: Option<&Start>) -> Option<Migration> {
    let start = start.filter(|start| start.command.iter().any(|word| word == "flask"))?;
    let pattern = COMMAND.as_ref()?;
    let sources = tree.below(dir).filter(|path| {
        Language::Python.is_source(path) && !lies_aside(path) && !path.contains("/migrations/")
    });
    for path in sources {
        let Some(text) = tree.read(path).filter(|text| text.contains(".command(")) else {
            continue;
        };
        for found in pattern.captures_iter(&text) {
            let (Some(whole), Some(function)) = (found.get(0), found.get(2)) else {
                continue;
            };
            let plain = function.as_str().replace('-', "_");
            let body: Vec<_> = text
                .get(whole.end()..)
                .unwrap_or_default()
                .lines()
                .skip(1)
                .take_while(|line| line.is_empty() || line.starts_with([' ', '\t']))
                .collect();
            let body = body.join("\n");
            if !NAMES.contains(&plain.as_str()) || !makes_only(&body) {
                continue;
            }
            let name = found
                .get(1)
                .map_or_else(|| plain.replace('_', "-"), |name| name.as_str().to_owned());
            let words = start.command.iter().map(String::as_str);
            let of_group = text.contains("FlaskGroup(") && path == join(dir, "manage.py");
            let argv: Vec<String> = if of_group {
                Runner::of_python(&|path| tree.read(path), dir).command(&[
                    "python",
                    "manage.py",
                    &name,
                ])
            } else {
                // what starts the server, up to its own command
                words
                    .take_while(|word| *word != "run")
                    .chain([name.as_str()])
                    .map(str::to_owned)
                    .collect()
            };
            return Some(Migration {
                command: argv,
                dir: start.dir.clone(),
                seen: Some(path.to_owned()),
            });
        }
    }
    None
}

/// A file with such a name that makes the tables when it is run, itself or by a function of another module.
fn script(tree: &Tree<'_>, dir: &str) -> Option<Migration> {
    let stem = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.strip_suffix(".py").map(str::to_owned)
    };
    let mut found: Vec<_> = tree
        .below(dir)
        .filter(|path| !lies_aside(path))
        .filter_map(|path| {
            let stem = stem(path)?;
            let rank = NAMES.iter().position(|name| *name == stem)?;
            Some((path.matches('/').count(), rank, path))
        })
        .collect();
    found.sort_unstable();
    let path = found
        .into_iter()
        .map(|(.., path)| path)
        .find(|path| is_maker(tree, dir, path))?;
    let inner = if dir.is_empty() {
        path
    } else {
        path.get(dir.len() + 1..)?
    };
    let runner = Runner::of_python(&|path| tree.read(path), dir);
    let module = inner.trim_end_matches(".py").replace('/', ".");
    // a module finds the others of the folder where it is run
    let command = if inner.contains('/') {
        runner.command(&["python", "-m", &module])
    } else {
        runner.command(&["python", inner])
    };
    Some(Migration {
        command,
        dir: dir.to_owned(),
        seen: Some(path.to_owned()),
    })
}

fn is_maker(tree: &Tree<'_>, dir: &str, path: &str) -> bool {
    let Some(text) = tree.read(path) else {
        return false;
    };
    let runs = RUNS.as_ref().is_some_and(|runs| runs.is_match(&text));
    if !runs || python::is_django_script(&text) {
        return false;
    }
    if makes_only(&text) {
        return true;
    }
    let calls = NAMES.iter().any(|name| text.contains(&format!("{name}(")));
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut modules = IMPORT.as_ref().into_iter().flat_map(|import| {
        let found = import.captures_iter(&text).take(FOLLOWED);
        found.filter_map(|found| Some(found.get(1)?.as_str().trim_matches('.').replace('.', "/")))
    });
    let makes_there = |module: String| {
        [dir, folder]
            .iter()
            .map(|place| join(place, &format!("{module}.py")))
            .filter_map(|file| tree.read(&file))
            .any(|text| makes_only(&text))
    };
    let takes = TAKES.iter().any(|word| text.contains(word));
    calls && !takes && modules.any(makes_there)
}

/// Whether a text makes tables, and takes none away.
fn makes_only(text: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    has(MAKES) && !has(TAKES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposed(files: &[(&str, &str)]) -> String {
        let names: Vec<_> = files.iter().map(|(path, _)| (*path).to_owned()).collect();
        let read = |path: &str| {
            let found = files.iter().find(|(name, _)| *name == path);
            found.map(|(_, text)| (*text).to_owned())
        };
        let found = of_python(&Tree::new(&names, &read), "", None);
        found.map_or_else(String::new, |found| found.command.join(" "))
    }

    #[test]
    fn a_script_that_makes_the_tables_is_run_and_one_that_takes_them_away_is_not() {
        let makes = "from app import Base, engine\n\nBase.metadata.create_all(engine)\n";
        let drops = "Base.metadata.drop_all(engine)\nBase.metadata.create_all(engine)\n";
        let function = "def init_db():\n    Base.metadata.create_all(engine)\n";
        let calls = "from app.db import init_db\n\nif __name__ == \"__main__\":\n    init_db()\n";
        for (files, command) in [
            (vec![("create_db.py", makes)], "python create_db.py"),
            (vec![("app/init_db.py", makes)], "python -m app.init_db"),
            (vec![("create_db.py", drops)], ""),
            (vec![("create_db.py", function)], ""),
            (vec![("tests/create_db.py", makes)], ""),
            (vec![("models.py", makes)], ""),
            (
                vec![("init_db.py", calls), ("app/db.py", function)],
                "python init_db.py",
            ),
            (vec![("init_db.py", calls), ("app/db.py", drops)], ""),
        ] {
            assert_eq!(proposed(&files), command, "{files:?}");
        }
    }
}
