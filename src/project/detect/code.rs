//! What the code of an application says, in whichever language it is written.

use std::collections::BTreeSet;

use crate::{
    domain::{
        javascript, own_address, prisma,
        python::{self, Dependencies},
        reading::{DatabaseKind, DatabaseOpening, EnvRead, Reading, Spot},
        source::{FileReader, join},
        url::Driver,
    },
    project::detect::{
        manifests::Language,
        package::Package,
        schema,
        tree::{Tree, is_below},
    },
};

/// Reads the code of the application in a folder.
pub(super) fn read(tree: &Tree<'_>, dir: &str, language: Option<Language>) -> Reading {
    let Some(language) = language else {
        return Reading::default();
    };
    let mut paths = tree.sources(dir, language);
    let files: FileReader<'_> = &|path| Ok(tree.read(path).map(String::into_bytes));
    match language {
        Language::Python => {
            for library in libraries(tree, dir) {
                paths.extend(tree.sources(library, language));
            }
            python::read(files, dir, &paths)
        }
        Language::JavaScript => {
            let mut reading = javascript::read(files, dir, &paths);
            reading.join(of_prisma(tree, dir));
            reading.join(of_sequelize(tree, dir));
            reading
        }
    }
}

/// The folders of the Python packages of this repository that an application depends on: a workspace of uv, a path of Poetry.
pub(super) fn libraries<'t>(tree: &'t Tree<'_>, dir: &str) -> Vec<&'t str> {
    let dependencies = Dependencies::read(&|path| tree.read(path), dir);
    tree.manifest_folders()
        .into_iter()
        .filter(|folder| *folder != dir && !is_below(dir, folder) && !is_below(folder, dir))
        .filter(|folder| package_name(tree, folder).is_some_and(|name| dependencies.has(&name)))
        .collect()
}

/// The name of the Python package in a folder.
fn package_name(tree: &Tree<'_>, dir: &str) -> Option<String> {
    let text = tree.read(&join(dir, "pyproject.toml"))?;
    let manifest: toml_edit::DocumentMut = text.parse().ok()?;
    let of = |table: Option<&toml_edit::Item>| Some(table?.get("name")?.as_str()?.to_owned());
    let name = of(manifest.get("project")).or_else(|| of(manifest.get("tool")?.get("poetry")))?;
    Some(name.to_ascii_lowercase().replace(['_', '.'], "-"))
}

/// Reads the code in a folder whose application is not known, in each language that has a manifest there.
pub(super) fn read_all(tree: &Tree<'_>, dir: &str) -> Reading {
    let mut reading = Reading::default();
    for language in [Language::Python, Language::JavaScript] {
        if tree.names_in(dir).any(|name| language.has_manifest(name)) {
            reading.join(read(tree, dir, Some(language)));
        }
    }
    reading
}

/// What the schema of a Prisma project says: its client opens the database with what stands there.
fn of_prisma(tree: &Tree<'_>, dir: &str) -> Reading {
    let mut reading = Reading::default();
    let depends = Package::read(tree, dir)
        .is_some_and(|package| package.has_any(&["prisma", "@prisma/client"]));
    let schema = schema::prisma_schema(tree, dir).filter(|_| depends);
    let Some((file, source)) = schema.and_then(|file| {
        let source = prisma::read(&tree.read(&file)?)?;
        Some((file, source))
    }) else {
        return reading;
    };
    let server = match source.provider.as_deref() {
        Some("mysql") => DatabaseKind::MySql,
        Some("sqlite") => DatabaseKind::Sqlite,
        Some("mongodb") => DatabaseKind::MongoDb,
        Some("sqlserver") => DatabaseKind::MicrosoftSql,
        _ => DatabaseKind::Postgres(Driver::Prisma),
    };
    for url in [&source.url, &source.direct_url].into_iter().flatten() {
        let at = Spot {
            file: file.clone(),
            line: url.line,
        };
        reading.reads.extend(url.key.clone().map(|key| EnvRead {
            key,
            at: at.clone(),
            required: true,
            goes_on: false,
        }));
        reading.opens.push(DatabaseOpening {
            server,
            keys: url.key.clone().into_iter().collect(),
            parts: Vec::new(),
            written: Vec::new(),
            at,
        });
    }
    reading
}

/// What `config/config.json` says, where Sequelize's tool keeps its settings by custom.
fn of_sequelize(tree: &Tree<'_>, dir: &str) -> Reading {
    let mut reading = Reading::default();
    let is_config = |path: &&str| {
        *path == join(dir, "config/config.json") || path.ends_with("/config/config.json")
    };
    let Some((file, text)) = tree
        .below(dir)
        .find(is_config)
        .and_then(|path| Some((path.to_owned(), tree.read(path)?)))
    else {
        return reading;
    };
    let json: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let development = json.as_ref().and_then(|json| json.get("development"));
    let word = |name: &str| development?.get(name)?.as_str();
    let Some(key) = word("use_env_variable") else {
        return reading;
    };
    let server = match word("dialect") {
        Some("postgres") => DatabaseKind::Postgres(Driver::NodePostgres),
        Some("mysql" | "mariadb") => DatabaseKind::MySql,
        Some("sqlite") => DatabaseKind::Sqlite,
        Some("mssql") => DatabaseKind::MicrosoftSql,
        _ => DatabaseKind::ByUrl,
    };
    let line = text
        .lines()
        .position(|line| line.contains("use_env_variable"));
    reading.opens.push(DatabaseOpening {
        server,
        keys: BTreeSet::from([key.to_owned()]),
        parts: Vec::new(),
        written: Vec::new(),
        at: Spot {
            file,
            line: line.map_or(1, |at| {
                u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1)
            }),
        },
    });
    reading
}

/// Where the code opens a Postgres at an address that it reads from nowhere: written down in it, or put together in a way that isn't read.
pub(super) fn fixed(reading: &Reading) -> Option<&Spot> {
    own_address::fixed(reading)
        .next()
        .map(|opening| &opening.at)
}

/// The database that an application uses, where it is not Postgres and none of its code opens one that may be.
pub(super) fn other_server(reading: &Reading) -> Option<(&'static str, Spot)> {
    let name = |opening: &DatabaseOpening| match opening.server {
        DatabaseKind::Postgres(_) | DatabaseKind::ByUrl | DatabaseKind::AsyncByUrl => None,
        DatabaseKind::MySql => Some("MySQL"),
        DatabaseKind::Sqlite => Some("SQLite"),
        DatabaseKind::MongoDb => Some("MongoDB"),
        DatabaseKind::MicrosoftSql => Some("SQL Server"),
    };
    if reading.opens.iter().any(|opening| name(opening).is_none()) {
        return None;
    }
    reading
        .opens
        .iter()
        .find_map(|opening| Some((name(opening)?, opening.at.clone())))
}
