//! Scripts of a repository that make its tables, where no tool of migrations does.
//!
//! One that takes tables away before, or adds rows, is proposed only for a database that has nothing in it yet: there it can do no harm.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    domain::{python, runner::Runner, source::join},
    project::detect::{
        manifests::Language,
        schema::{
            migration::Migration,
            reach::{self, MAKES},
        },
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

/// A command of Flask's, Click's: `@app.cli.command("create-db")`.
static COMMAND: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?m)^@[\w.]*\.command\(\s*(?:name\s*=\s*)?(?:["']([\w-]+)["'])?[^\n]*\)\s*\n(?:@[^\n]*\n)*def (\w+)\("#,
    )
    .ok()
});

/// What a shell script, a Dockerfile or a Procfile runs of Python: `python3 src/app/seed_data.py`, `python -m app.initial_data`.
static RUN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\bpython3?(?:\.\d+)?\s+(?:-m\s+([\w.]+)|(?:\./)?([\w./-]+\.py))").ok()
});

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
    let mut other = None;
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
            let reached = reach::of_body(tree, dir, path, &body);
            if !NAMES.contains(&plain.as_str()) || !reached.makes {
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
            let found = Migration {
                command: argv,
                dir: start.dir.clone(),
                seen: Some(path.to_owned()),
                only_empty: reached.changes,
            };
            // one that only makes them goes before one that drops them first
            if !reached.changes {
                return Some(found);
            }
            other.get_or_insert(found);
        }
    }
    other
}

/// A file with such a name, or that the project's own scripts run, that makes the tables when it is run.
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
    let named: Vec<String> = found.iter().map(|(.., path)| (*path).to_owned()).collect();
    let (path, reached) = named
        .into_iter()
        .chain(run_by_scripts(tree, dir))
        .find_map(|path| {
            let reached = reach::of_file(tree, dir, &path);
            let text = tree.read(&path)?;
            (reached.makes && !python::is_django_script(&text)).then_some((path, reached))
        })?;
    let place = place_of(tree, dir, &path);
    let inner = if place.is_empty() {
        path.as_str()
    } else {
        path.get(place.len() + 1..)?
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
        dir: place,
        seen: Some(path.clone()),
        only_empty: reached.changes,
    })
}

/// The folder where a script runs, so that Python finds the modules that it imports: `src` where they are below it.
fn place_of(tree: &Tree<'_>, dir: &str, path: &str) -> String {
    let below = join(dir, "src");
    let text = tree.read(path).unwrap_or_default();
    let is_there = path.starts_with(&format!("{below}/"))
        && reach::imported_packages(&text)
            .iter()
            .any(|package| tree.below(&join(&below, package)).next().is_some());
    if is_there { below } else { dir.to_owned() }
}

/// The files of Python below a folder that the project's shell scripts, Dockerfiles and Procfile run, unless they answer requests.
fn run_by_scripts(tree: &Tree<'_>, dir: &str) -> Vec<String> {
    let is_script = |path: &&str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let shell = name.rsplit_once('.').is_some_and(|(_, end)| end == "sh");
        shell || name.starts_with("Dockerfile") || name == "Procfile"
    };
    let mut found = Vec::new();
    for script in tree
        .below("")
        .filter(is_script)
        .filter(|path| !lies_aside(path))
    {
        let text = tree.read(script).unwrap_or_default();
        let runs = RUN
            .as_ref()
            .into_iter()
            .flat_map(|run| run.captures_iter(&text));
        for run in runs {
            let file = match (run.get(1), run.get(2)) {
                (Some(module), _) => format!("{}.py", module.as_str().replace('.', "/")),
                (None, Some(file)) => file.as_str().to_owned(),
                (None, None) => continue,
            };
            let end = format!("/{file}");
            let path = tree
                .below(dir)
                .find(|path| *path == file || path.ends_with(&end));
            let answers = |path: &str| {
                tree.read(path)
                    .is_some_and(|text| text.contains("uvicorn.run(") || text.contains("app.run("))
            };
            if let Some(path) = path.filter(|path| !answers(path))
                && !found.iter().any(|known| known == path)
            {
                found.push(path.to_owned());
            }
        }
    }
    found
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
    fn a_script_that_makes_the_tables_is_run_and_one_that_takes_them_away_only_where_there_are_none()
     {
        let makes = "from app import Base, engine\n\nBase.metadata.create_all(engine)\n";
        let drops = "Base.metadata.drop_all(engine)\nBase.metadata.create_all(engine)\n";
        let function = "def init_db():\n    Base.metadata.create_all(engine)\n";
        let calls = "from app.db import init_db\n\nif __name__ == \"__main__\":\n    init_db()\n";
        let seeds = "from shop import models\n\ndef load():\n    models.init_db()\n    session.add(Ship())\n\nif __name__ == \"__main__\":\n    load()\n";
        for (files, command) in [
            (vec![("create_db.py", makes)], "python create_db.py"),
            (vec![("app/init_db.py", makes)], "python -m app.init_db"),
            (
                vec![("create_db.py", drops)],
                "python create_db.py, where empty",
            ),
            // what nothing calls does no harm
            (
                vec![(
                    "create_db.py",
                    &format!("def reset():\n    Base.metadata.drop_all(engine)\n\n{makes}"),
                )],
                "python create_db.py",
            ),
            // run by the project's own script, with a function of another module
            (
                vec![
                    (
                        "entrypoint.sh",
                        "set -e\npython3 shop/seed_data.py\ngunicorn shop:app\n",
                    ),
                    ("shop/seed_data.py", seeds),
                    ("shop/models.py", function),
                ],
                "python -m shop.seed_data, where empty",
            ),
            (
                vec![("shop/seed_data.py", seeds), ("shop/models.py", function)],
                "",
            ),
            (vec![("create_db.py", function)], ""),
            (vec![("tests/create_db.py", makes)], ""),
            (vec![("models.py", makes)], ""),
            (
                vec![("init_db.py", calls), ("app/db.py", function)],
                "python init_db.py",
            ),
            (
                vec![
                    ("init_db.py", calls),
                    (
                        "app/db.py",
                        "def init_db():\n    Base.metadata.drop_all(engine)\n    Base.metadata.create_all(engine)\n",
                    ),
                ],
                "python init_db.py, where empty",
            ),
        ] {
            assert_eq!(proposed(&files), command, "{files:?}");
        }
    }
}
