//! What the code of an application says, in whichever language it is written.

use crate::{
    domain::{
        javascript, prisma, python,
        reading::{EnvRead, Opening, Reading, Server, Spot},
        source::Files,
        url::Driver,
    },
    project::detect::{manifests::Language, package::Package, schema, tree::Tree},
};

/// Reads the code of the application in a folder.
pub(super) fn read(tree: &Tree<'_>, dir: &str, language: Option<Language>) -> Reading {
    let Some(language) = language else {
        return Reading::default();
    };
    let paths = tree.sources(dir, language);
    let files: Files<'_> = &|path| Ok(tree.read(path).map(String::into_bytes));
    match language {
        Language::Python => python::read(files, dir, &paths),
        Language::JavaScript => {
            let mut reading = javascript::read(files, dir, &paths);
            reading.join(of_prisma(tree, dir));
            reading
        }
    }
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
        Some("mysql") => Server::MySql,
        Some("sqlite") => Server::Sqlite,
        Some("mongodb") => Server::MongoDb,
        Some("sqlserver") => Server::MicrosoftSql,
        _ => Server::Postgres(Driver::Prisma),
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
        }));
        reading.opens.push(Opening {
            server,
            keys: url.key.clone().into_iter().collect(),
            parts: Vec::new(),
            at,
        });
    }
    reading
}

/// The database that an application uses, where it is not Postgres and none of its code opens one that may be.
pub(super) fn other_server(reading: &Reading) -> Option<(&'static str, Spot)> {
    let name = |opening: &Opening| match opening.server {
        Server::Postgres(_) | Server::ByUrl | Server::AsyncByUrl => None,
        Server::MySql => Some("MySQL"),
        Server::Sqlite => Some("SQLite"),
        Server::MongoDb => Some("MongoDB"),
        Server::MicrosoftSql => Some("SQL Server"),
    };
    if reading.opens.iter().any(|opening| name(opening).is_none()) {
        return None;
    }
    reading
        .opens
        .iter()
        .find_map(|opening| Some((name(opening)?, opening.at.clone())))
}
