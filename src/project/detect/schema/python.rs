//! Migration tools of Python.

use crate::{
    domain::{python::Dependencies, runner::Runner, source::join},
    project::detect::{
        schema::migration::Migration,
        tree::{Tree, lies_aside, with_folders_above},
    },
};

/// Alembic's migrations, those of Flask-Migrate, or Tortoise's. `start` is the command that starts the application.
pub(super) fn migration(tree: &Tree<'_>, dir: &str, start: Option<&[String]>) -> Option<Migration> {
    flask_migrate(tree, dir, start.unwrap_or_default())
        .or_else(|| alembic(tree, dir))
        .or_else(|| aerich(tree, dir))
}

/// Flask-Migrate's folder holds an `alembic.ini` of its own, which Alembic alone cannot use.
fn flask_migrate(tree: &Tree<'_>, dir: &str, start: &[String]) -> Option<Migration> {
    let read = |path: &str| tree.read(path);
    let depends = Dependencies::nearest(&read, dir).has("flask-migrate");
    let usual = join(dir, "migrations/env.py");
    let is_its_own = |path: &str| {
        path.strip_suffix("/env.py").is_some_and(|folder| {
            let says =
                |path: &str, words: &str| tree.read(path).is_some_and(|text| text.contains(words));
            says(&format!("{folder}/alembic.ini"), "logger_flask_migrate")
                || depends && says(path, "current_app")
        })
    };
    let found = if depends && tree.has(&usual) {
        Some(usual.as_str())
    } else {
        tree.below(dir).find(|path| is_its_own(path))
    }?;
    let folder = found.trim_end_matches("/env.py");
    let inner = folder
        .strip_prefix(dir)
        .unwrap_or(folder)
        .trim_start_matches('/');
    let mut command = vec!["python", "-m", "flask"];
    // the application that the server is given, unless Flask finds it by itself
    let app = start.iter().skip_while(|word| *word != "--app");
    command.extend(app.take(2).map(String::as_str));
    command.extend(["db", "upgrade"]);
    if inner != "migrations" {
        command.extend(["-d", inner]);
    }
    Some(Migration {
        command: Runner::of_python(&read, dir).command(&command),
        dir: dir.to_owned(),
        seen: Some(found.to_owned()),
        only_empty: false,
    })
}

/// Alembic runs where its `alembic.ini` lies: the nearest below the application, else the nearest above it.
fn alembic(tree: &Tree<'_>, dir: &str) -> Option<Migration> {
    let is_config = |path: &str| path.rsplit('/').next() == Some("alembic.ini");
    let own = join(dir, "alembic.ini");
    let below = || {
        tree.below(dir)
            .find(|path| is_config(path))
            .map(str::to_owned)
    };
    let above = || {
        with_folders_above(dir)
            .into_iter()
            .map(|folder| join(folder, "alembic.ini"))
            .find(|path| tree.has(path))
    };
    // a library of the same repository may have the models and their migrations
    let only_one = || {
        let mut found = tree
            .below("")
            .filter(|path| is_config(path) && !lies_aside(path));
        let first = found.next()?;
        found.next().is_none().then(|| first.to_owned())
    };
    // since 1.16 its settings may be among those of the project
    let of_project = || {
        let mut folders = with_folders_above(dir).into_iter();
        folders
            .find(|folder| has_tool(tree, folder, "alembic"))
            .map(|folder| join(folder, "pyproject.toml"))
    };
    let found = Some(own)
        .filter(|path| tree.has(path))
        .or_else(below)
        .or_else(above)
        .or_else(of_project)
        .or_else(only_one)?;
    let folder = found.rsplit_once('/').map_or("", |(folder, _)| folder);
    // `env.py` imports the application: Alembic looks for it where its settings say, Python in the folder where it runs
    let is_found = tree.read(&found).is_some_and(|text| {
        let mut lines = text.lines();
        lines.any(|line| line.trim_start().starts_with("prepend_sys_path"))
    });
    let command: &[&str] = if is_found {
        &["alembic", "upgrade", "head"]
    } else {
        &["python", "-m", "alembic", "upgrade", "head"]
    };
    Some(Migration {
        command: Runner::of_python(&|path| tree.read(path), folder).command(command),
        dir: folder.to_owned(),
        seen: Some(found.clone()),
        only_empty: false,
    })
}

/// Whether `pyproject.toml` has the settings of a tool.
fn has_tool(tree: &Tree<'_>, dir: &str, tool: &str) -> bool {
    let settings = || {
        let text = tree.read(&join(dir, "pyproject.toml"))?;
        let manifest: toml_edit::DocumentMut = text.parse().ok()?;
        manifest.get("tool")?.get(tool).map(|_| ())
    };
    settings().is_some()
}

/// Tortoise's tool keeps its settings in `pyproject.toml`.
fn aerich(tree: &Tree<'_>, dir: &str) -> Option<Migration> {
    has_tool(tree, dir, "aerich").then(|| Migration {
        command: Runner::of_python(&|path| tree.read(path), dir).command(&["aerich", "upgrade"]),
        dir: dir.to_owned(),
        seen: Some(join(dir, "pyproject.toml")),
        only_empty: false,
    })
}
