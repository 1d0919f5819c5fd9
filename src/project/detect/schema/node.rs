//! Migration tools of Node.

use crate::{
    domain::{runner::Runner, source::join},
    project::detect::{
        package::{Package, workspace_root},
        schema::{migration::Migration, script, sql},
        tree::{Tree, lies_aside},
    },
};

/// Scripts that apply migrations, the plainest name first. Those that make new ones (`prisma migrate dev`) ask questions.
const MIGRATE: &[&str] = &[
    "db:migrate",
    "db:migrate:up",
    "db:migrate:deploy",
    "db:migrate:latest",
    "db:deploy",
    "migrate",
    "migrate:up",
    "migrate:latest",
    "migrate:deploy",
    "migration:run",
    "migrations:run",
    "migration:up",
    "typeorm:migration:run",
    "database:migrate",
];

/// Scripts that make the tables of the models without a history.
const PUSH: &[&str] = &["db:push", "db:sync", "prisma:push"];

/// Prisma's migrations, Drizzle's, a script's, or those of another tool.
pub(super) fn migration(tree: &Tree<'_>, dir: &str) -> Option<Migration> {
    let package = Package::read(tree, dir)?;
    if package.has_any(&["prisma", "@prisma/client"])
        && let Some(found) = prisma(tree, dir)
    {
        return Some(found);
    }
    let runner = Runner::of_node(&|path| tree.read(path), dir);
    let tool = |command: &str| {
        let words: Vec<_> = command.split(' ').collect();
        runner.command(&words)
    };
    let in_dir = |command: Vec<String>| Migration {
        command,
        dir: dir.to_owned(),
        seen: Some(join(dir, "package.json")),
        only_empty: false,
    };
    let drizzle = package.has_any(&["drizzle-kit", "drizzle-orm"]);
    if drizzle && let Some(config) = drizzle_config(tree, dir) {
        return drizzle_migration(tree, dir, &package, &runner, config);
    }
    if let Some(script) = package.script(&runner, MIGRATE) {
        return Some(in_dir(script));
    }
    if let Some(found) = script::migration(tree, dir, &package, &runner) {
        return Some(found);
    }
    if package.has_any(&["knex"])
        && let Some(below) = knexfile_below(tree, dir)
    {
        let words = ["knex", "migrate:latest", "--knexfile", &below];
        return Some(in_dir(runner.command(&words)));
    }
    let with = |names: &[&str]| {
        names
            .iter()
            .any(|name| tree.names_in(dir).any(|file| file.starts_with(name)))
    };
    let known = [
        ("knex", with(&["knexfile."]), "knex migrate:latest"),
        (
            "sequelize-cli",
            with(&[".sequelizerc"]) || tree.below(&join(dir, "migrations")).next().is_some(),
            "sequelize-cli db:migrate",
        ),
        (
            "node-pg-migrate",
            tree.below(&join(dir, "migrations")).next().is_some(),
            "node-pg-migrate up",
        ),
        (
            "@mikro-orm/cli",
            with(&["mikro-orm.config."]),
            "mikro-orm migration:up",
        ),
    ];
    known
        .into_iter()
        .find(|(name, there, _)| *there && package.has_any(&[name]))
        .map(|(_, _, command)| tool(command))
        .or_else(|| package.script(&runner, PUSH))
        .map(in_dir)
}

/// The migrations of another package of the same workspace: those that the root runs, else those of the only package that has some.
pub(super) fn of_workspace(tree: &Tree<'_>, dir: &str) -> Option<Migration> {
    let root = workspace_root(tree, dir)?;
    let of_root = migration(tree, root).filter(|_| root != dir);
    of_root.or_else(|| {
        let mut found = tree
            .below(root)
            .filter_map(|path| path.strip_suffix("/package.json"))
            .filter(|folder| *folder != dir && !lies_aside(folder))
            .filter_map(|folder| migration(tree, folder));
        found.next().filter(|_| found.next().is_none())
    })
}

/// The script that makes the tables by its own statements.
pub(super) fn maker(tree: &Tree<'_>, dir: &str) -> Option<Migration> {
    let package = Package::read(tree, dir)?;
    let runner = Runner::of_node(&|path| tree.read(path), dir);
    script::maker(tree, dir, &package, &runner)
}

/// Drizzle's migrations where their journal is committed and they are what the project runs, else a push of the models: what nobody has
/// generated yet can't be run. Before 0.21 its tool had neither command (<https://orm.drizzle.team/docs/drizzle-kit-push>), and before 0.20 no push to Postgres at all: then the
/// project's own script is what there is, or none.
fn drizzle_migration(
    tree: &Tree<'_>,
    dir: &str,
    package: &Package,
    runner: &Runner,
    config: String,
) -> Option<Migration> {
    let folder = config.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_journal = |path: &str| path.ends_with("meta/_journal.json");
    let before = |wanted: u32| {
        package
            .version("drizzle-kit")
            .is_some_and(|(major, minor)| major == 0 && minor < wanted)
    };
    // a push that asks first has had a way to be answered since 0.23
    let asks = tree
        .read(&config)
        .is_some_and(|text| text.contains("strict: true"));
    let pushes = !(asks && before(23)) && only_pushes(tree, dir, package);
    let journal = tree
        .below(dir)
        .chain(tree.below(folder))
        .find(|path| is_journal(path))
        .is_some_and(|path| !pushes && !is_introspected(tree, path));
    let is_old = before(21);
    let script = is_old
        .then(|| package.script(runner, if journal { MIGRATE } else { PUSH }))
        .flatten();
    if is_old && script.is_none() {
        let own = script::migration(tree, dir, package, runner).filter(|_| journal);
        if own.is_some() || before(20) {
            return own;
        }
    }
    let word = match (journal, is_old) {
        (true, false) => "migrate",
        (false, false) => "push",
        (_, true) => "push:pg",
    };
    // its paths are relative to where it runs, which is where its package is
    let below = config
        .strip_prefix(dir)
        .map(|rest| rest.trim_start_matches('/'))
        .filter(|rest| rest.contains('/') && !tree.has(&join(folder, "package.json")));
    let given = below.map(|rest| format!("--config={rest}"));
    let words: Vec<&str> = ["drizzle-kit", word]
        .into_iter()
        .chain(given.as_deref())
        .collect();
    let in_package = script.is_some() || given.is_some();
    Some(Migration {
        command: script.unwrap_or_else(|| runner.command(&words)),
        dir: if in_package { dir } else { folder }.to_owned(),
        seen: Some(config),
        only_empty: false,
    })
}

/// Whether the scripts of a package push its models, and neither they nor its code run its migrations: nobody tries these on a new database.
fn only_pushes(tree: &Tree<'_>, dir: &str, package: &Package) -> bool {
    const CODE: &[&str] = &[".ts", ".js", ".mts", ".mjs", ".cjs"];
    let scripts = package.scripts();
    let any = |words: &str| scripts.iter().any(|(_, script)| script.contains(words));
    let is_migrator = |path: &str| {
        let text = tree.read(path);
        text.is_some_and(|text| text.contains("drizzle-orm/") && text.contains("/migrator"))
    };
    any("drizzle-kit push")
        && !any("migrate")
        && !tree
            .below(dir)
            .filter(|path| CODE.iter().any(|end| path.ends_with(end)))
            .any(is_migrator)
}

/// Whether the first migration was read from a database that exists: it is a comment, which Drizzle cuts into pieces that no database runs
/// (<https://orm.drizzle.team/docs/drizzle-kit-pull>).
fn is_introspected(tree: &Tree<'_>, journal: &str) -> bool {
    let folder = journal.trim_end_matches("meta/_journal.json");
    let files = tree.names_in(folder.trim_end_matches('/'));
    let first = files.filter_map(|name| name.strip_suffix(".sql")).min();
    first
        .and_then(|name| tree.read(&format!("{folder}{name}.sql")))
        .is_some_and(|text| text.lines().any(|line| line.trim() == "/*"))
}

/// The one `knexfile` of a package that doesn't lie in its folder itself, relative to it.
fn knexfile_below(tree: &Tree<'_>, dir: &str) -> Option<String> {
    let is_knexfile = |path: &&str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        matches!(
            name,
            "knexfile.js" | "knexfile.ts" | "knexfile.cjs" | "knexfile.mjs"
        ) && !lies_aside(path)
    };
    let mut found = tree.below(dir).filter(is_knexfile);
    let inner = found
        .next()
        .filter(|_| found.next().is_none())?
        .strip_prefix(dir)?
        .trim_start_matches('/');
    inner.contains('/').then(|| inner.to_owned())
}

/// The schema that Prisma finds by itself, else the nearest one below: it is migrated where it has migrations, else made from its
/// models.
fn prisma(tree: &Tree<'_>, dir: &str) -> Option<Migration> {
    let schema = prisma_schema(tree, dir)?;
    let folder = schema.rsplit_once('/').map_or("", |(folder, _)| folder);
    let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
    let migrated = [folder, above].iter().any(|folder| {
        let migrations = join(folder, "migrations");
        tree.below(&migrations)
            .any(|path| path.ends_with("/migration.sql"))
    });
    let inner = schema
        .strip_prefix(dir)
        .unwrap_or(&schema)
        .trim_start_matches('/');
    let found = ["schema.prisma", "prisma/schema.prisma"].contains(&inner)
        || Package::read(tree, dir).is_some_and(|package| package.prisma_schema().is_some());
    let mut command = vec!["prisma"];
    command.extend(if migrated {
        ["migrate", "deploy"]
    } else {
        ["db", "push"]
    });
    if !found {
        // a schema in several files is named by its folder
        let place = if inner.ends_with("schema.prisma") {
            inner
        } else {
            inner.rsplit_once('/').map_or(inner, |(folder, _)| folder)
        };
        command.extend(["--schema", place]);
    }
    Some(Migration {
        command: Runner::of_node(&|path| tree.read(path), dir).command(&command),
        dir: dir.to_owned(),
        seen: Some(schema.clone()),
        only_empty: false,
    })
}

/// The file of a Prisma project that names the database.
pub(crate) fn prisma_schema(tree: &Tree<'_>, dir: &str) -> Option<String> {
    let is_schema = |path: &str| {
        path.rsplit_once('.')
            .is_some_and(|(_, end)| end == "prisma")
            && tree.read(path).is_some_and(|text| {
                text.lines()
                    .any(|line| line.trim_start().starts_with("datasource "))
            })
    };
    let first_below = |folder: &str| {
        let found = tree.below(folder).find(|path| is_schema(path));
        found.map(str::to_owned)
    };
    let package = Package::read(tree, dir);
    if let Some(named) = package.as_ref().and_then(Package::prisma_schema) {
        let path = join(dir, named);
        let found = Some(path.clone())
            .filter(|path| is_schema(path))
            .or_else(|| first_below(&path));
        if found.is_some() {
            return found;
        }
    }
    let usual = ["prisma/schema.prisma", "schema.prisma"]
        .iter()
        .map(|name| join(dir, name))
        .find(|path| tree.has(path));
    usual.or_else(|| first_below(dir))
}

/// The SQL files that Drizzle has generated, where its tool is too old to run them and no script of the project does.
pub(super) fn drizzle_files(tree: &Tree<'_>, dir: &str) -> Vec<String> {
    let is_old = Package::read(tree, dir)
        .and_then(|package| package.version("drizzle-kit"))
        .is_some_and(|(major, minor)| major == 0 && minor < 20);
    let mut journals = tree
        .below(dir)
        .filter_map(|path| path.strip_suffix("/meta/_journal.json"));
    let folder = journals.next();
    match (folder, journals.next()) {
        (Some(folder), None) if is_old => sql::in_order(tree, folder).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Drizzle's configuration: the one in the folder itself, else the nearest below it.
fn drizzle_config(tree: &Tree<'_>, dir: &str) -> Option<String> {
    let is_config = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.starts_with("drizzle.config.")
    };
    let own = [
        "drizzle.config.ts",
        "drizzle.config.js",
        "drizzle.config.mjs",
        "drizzle.config.json",
    ]
    .iter()
    .map(|name| join(dir, name))
    .find(|path| tree.has(path));
    own.or_else(|| {
        tree.below(dir)
            .find(|path| is_config(path))
            .map(str::to_owned)
    })
}
