//! Stacks in languages whose code is not read: they are known by their manifests, and by the example of the env file.

use crate::{
    domain::{reading::Spot, source::join, url::Driver},
    project::detect::{
        proposal::{Proposal, words},
        stack::{Stack, stack},
        start,
        tree::Tree,
    },
};

pub(super) const STACKS: &[Stack] = &[
    stack("Rails", rails),
    stack("Go", go),
    stack("Rust", rust),
    stack("Elixir", elixir),
    stack("Laravel", laravel),
    stack("Java", java),
    stack(".NET", dotnet),
];

/// Whether a manifest has one of these words outside of its comments.
fn mentions(tree: &Tree<'_>, path: &str, comment: &str, words: &[&str]) -> bool {
    tree.read(path).is_some_and(|text| {
        text.lines()
            .map(|line| line.split(comment).next().unwrap_or(line))
            .any(|line| words.iter().any(|word| line.contains(word)))
    })
}

/// The database of an application that no stack knows, where its manifest asks for the client of another server alone.
pub(super) fn other_server(tree: &Tree<'_>, dir: &str) -> Option<(&'static str, Spot)> {
    const CLIENTS: &[(&str, &[&str], &str)] = &[
        (
            "package.json",
            &["\"mysql\"", "\"mysql2\"", "\"mariadb\""],
            "MySQL",
        ),
        (
            "package.json",
            &["\"sqlite3\"", "\"better-sqlite3\""],
            "SQLite",
        ),
        ("package.json", &["\"mongoose\"", "\"mongodb\""], "MongoDB"),
        ("Gemfile", &["\"mysql2\"", "'mysql2'"], "MySQL"),
        ("Gemfile", &["\"sqlite3\"", "'sqlite3'"], "SQLite"),
    ];
    const OURS: &[&str] = &["\"pg\"", "'pg'", "\"postgres\"", "neondatabase/serverless"];
    CLIENTS.iter().find_map(|(manifest, clients, server)| {
        let file = join(dir, manifest);
        if mentions(tree, &file, "#", OURS) {
            return None;
        }
        let text = tree.read(&file)?;
        let line = text.lines().position(|line| {
            let line = line.trim_start();
            !line.starts_with('#') && clients.iter().any(|client| line.contains(client))
        })?;
        let line = u32::try_from(line + 1).ok()?;
        Some((*server, Spot { file, line }))
    })
}

fn rails(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let gem = |name: &str| {
        let quoted = [format!("\"{name}\""), format!("'{name}'")];
        let words: Vec<_> = quoted.iter().map(String::as_str).collect();
        mentions(tree, &join(dir, "Gemfile"), "#", &words)
    };
    (gem("rails") && gem("pg")).then(|| Proposal {
        // it makes the database where there is none, loads the schema or runs what is pending
        migrate: Some(words("bin/rails db:prepare")),
        start: start::rails(&|path| tree.read(path), dir),
        ..Proposal::new(Driver::Libpq)
    })
}

fn go(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let clients = [
        "github.com/jackc/pgx",
        "github.com/lib/pq",
        "gorm.io/driver/postgres",
        "github.com/uptrace/bun/driver/pgdriver",
        "github.com/go-pg/pg",
    ];
    mentions(tree, &join(dir, "go.mod"), "//", &clients).then(|| Proposal {
        start: start::go(&|path| tree.read(path), tree.files(), dir),
        ..Proposal::new(Driver::Pgx)
    })
}

fn rust(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let text = tree.read(&join(dir, "Cargo.toml"))?;
    let manifest: toml_edit::DocumentMut = text.parse().ok()?;
    let has = |name: &str, feature: &str| {
        [
            manifest.get("dependencies"),
            manifest
                .get("workspace")
                .and_then(|workspace| workspace.get("dependencies")),
        ]
        .into_iter()
        .flatten()
        .filter_map(|table| table.get(name))
        .any(|item| feature.is_empty() || item.to_string().contains(feature))
    };
    let migrations = tree
        .below(dir)
        .any(|path| path.starts_with(&join(dir, "migrations/")));
    let (driver, migrate) = if has("sqlx", "postgres") {
        (Driver::Sqlx, "sqlx migrate run")
    } else if has("diesel", "postgres") {
        (Driver::Libpq, "diesel migration run")
    } else if has("sea-orm", "postgres") {
        (Driver::Sqlx, "")
    } else if has("tokio-postgres", "") || has("postgres", "") {
        (Driver::Pgx, "")
    } else {
        return None;
    };
    Some(Proposal {
        migrate: (migrations && !migrate.is_empty()).then(|| words(migrate)),
        start: start::rust(&|path| tree.read(path), tree.files(), dir),
        ..Proposal::new(driver)
    })
}

fn elixir(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    mentions(tree, &join(dir, "mix.exs"), "#", &[":postgrex"]).then(|| Proposal {
        migrate: Some(words("mix ecto.migrate")),
        ..Proposal::new(Driver::Libpq)
    })
}

fn laravel(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let composer = tree.read(&join(dir, "composer.json"))?;
    let composer: serde_json::Value = serde_json::from_str(&composer).ok()?;
    let depends = composer.get("require")?.get("laravel/framework").is_some();
    // its configuration knows all servers: only the example says which one is meant
    let postgres = [".env.example", ".env"]
        .iter()
        .any(|name| mentions(tree, &join(dir, name), "#", &["DB_CONNECTION=pgsql"]));
    (depends && postgres).then(|| Proposal {
        migrate: Some(words("php artisan migrate --force")),
        ..Proposal::new(Driver::Libpq)
    })
}

fn java(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    ["pom.xml", "build.gradle", "build.gradle.kts"]
        .iter()
        .any(|name| {
            mentions(
                tree,
                &join(dir, name),
                "//",
                &["org.postgresql", "quarkus-jdbc-postgresql"],
            )
        })
        .then(|| Proposal::new(Driver::Jdbc))
}

fn dotnet(tree: &Tree<'_>, dir: &str) -> Option<Proposal> {
    let projects: Vec<_> = tree
        .names_in(dir)
        .filter(|name| {
            name.rsplit_once('.')
                .is_some_and(|(_, end)| end == "csproj")
        })
        .map(|name| join(dir, name))
        .collect();
    projects
        .iter()
        .any(|path| mentions(tree, path, "<!--", &["\"Npgsql"]))
        .then(|| Proposal::new(Driver::Npgsql))
}
