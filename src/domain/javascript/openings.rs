//! The databases that the code opens.

use crate::domain::{
    javascript::{
        address::AddressVariables,
        code::{FilePosition, Meaning, NodeCode},
        env::{object, returned, spot},
        tree::Id,
    },
    prisma,
    reading::{DatabaseKind, DatabaseOpening, Spot},
    source::join,
    url::{Driver, Part},
};

/// What node-postgres and postgres.js read where nothing is said.
const PG: &[(&str, Part)] = &[
    ("PGHOST", Part::Host),
    ("PGDATABASE", Part::Database),
    ("PGUSER", Part::User),
    ("PGPASSWORD", Part::Password),
];

/// Settings of one mode that a developer does not start.
const OTHER_MODES: &[&str] = &["test", "production", "staging"];

/// Where Prisma's schema usually is.
const SCHEMAS: &[&str] = &["prisma/schema.prisma", "schema.prisma"];

/// How a call opens a database.
enum Opens {
    As(DatabaseKind),
    /// What the settings in it name: `{ dialect: "postgres" }`.
    Named,
    /// As Prisma's schema says.
    Prisma,
}

/// Collects the databases that a file opens.
pub(super) fn opens(code: &NodeCode<'_>, dir: &str, file: &FilePosition) -> Vec<DatabaseOpening> {
    let tree = file.tree();
    let mut found = Vec::new();
    for id in 0..tree.len() {
        let opening = match tree.kind(id) {
            "call_expression" | "new_expression" => opening(code, dir, &file.at(id)),
            "object" => settings(code, &file.at(id)),
            "import_specifier" => itself(code, &file.at(id)),
            _ => None,
        };
        found.extend(opening);
    }
    found
}

impl AddressVariables {
    fn opening(self, server: DatabaseKind, at: Spot) -> DatabaseOpening {
        DatabaseOpening {
            server,
            keys: self.keys,
            parts: self.parts,
            written: self.written,
            at,
        }
    }
}

fn pg() -> DatabaseKind {
    DatabaseKind::Postgres(Driver::NodePostgres)
}

fn drizzle() -> DatabaseKind {
    DatabaseKind::Postgres(Driver::Drizzle)
}

fn opening(code: &NodeCode<'_>, dir: &str, place: &FilePosition) -> Option<DatabaseOpening> {
    let tree = place.tree();
    let callee = tree.callee(place.id)?;
    let new = tree.kind(place.id) == "new_expression";
    let (package, path) = match code.follow(&place.at(callee)) {
        Meaning::Outside(package, path) => (package, path),
        Meaning::Part(of, path) => made(code, &of, path)?,
        Meaning::Place(of) => made(code, &of, vec!["()".to_owned()])?,
        Meaning::Module(_) | Meaning::Unknown => return None,
    };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let how = how(&package, &path, new)?;
    let arguments = tree.arguments(place.id);
    let mut address = AddressVariables::default();
    // Sequelize takes the database, the role and its password one by one
    let listed = path.last() == Some(&"Sequelize") && arguments.len() > 2;
    for (argument, part) in arguments.iter().zip(
        [Part::Database, Part::User, Part::Password]
            .map(Some)
            .into_iter()
            .chain(std::iter::repeat(None)),
    ) {
        address.read(code, &place.at(*argument), part.filter(|_| listed));
    }
    let mut at = spot(place);
    let server = match how {
        Opens::As(server) => {
            if arguments.is_empty() && matches!(package.as_str(), "pg" | "postgres") {
                for (key, part) in PG {
                    address.add((*key).to_owned(), Some(*part));
                }
            }
            if arguments.is_empty() && package == "@vercel/postgres" {
                address.add(vercel(path.last().copied()).to_owned(), None);
            }
            server
        }
        Opens::Named => named(code, place).unwrap_or(DatabaseKind::ByUrl),
        Opens::Prisma => {
            let schema = schema(code, dir);
            let adapter = adapter(code, place);
            if address.is_empty()
                && adapter.is_none()
                && let Some((_, Some((key, spot)))) = &schema
            {
                address.add(key.clone(), None);
                at = spot.clone();
            }
            adapter
                .or(schema.map(|(server, _)| server))
                .unwrap_or(DatabaseKind::ByUrl)
        }
    };
    Some(address.opening(server, at))
}

/// What a thing is that a call of a package made: `pgp = require("pg-promise")()`, `app = express()`.
fn made(
    code: &NodeCode<'_>,
    of: &FilePosition,
    mut path: Vec<String>,
) -> Option<(String, Vec<String>)> {
    let tree = of.tree();
    if !tree.is_call(of.id) {
        return None;
    }
    match code.follow(&of.at(tree.callee(of.id)?)) {
        Meaning::Outside(package, mut whole) if package == "pg-promise" => {
            whole.append(&mut path);
            Some((package, whole))
        }
        _ => None,
    }
}

/// How what a package exports opens a database when it is called.
#[expect(
    clippy::match_same_arms,
    clippy::unnested_or_patterns,
    reason = "a table in the order of the packages"
)]
fn how(package: &str, path: &[&str], new: bool) -> Option<Opens> {
    let last = path.last().copied().unwrap_or_default();
    let server = match (package, last) {
        ("pg" | "pg-pool" | "pg-native", "Pool" | "Client" | "")
            if new || last.is_empty() && package != "pg" =>
        {
            pg()
        }
        ("pg-promise", "()") => pg(),
        ("postgres", "") => drizzle(),
        ("slonik", "createPool")
        | ("@payloadcms/db-postgres", "postgresAdapter")
        | ("@connect-repeat/pg" | "pg-boss", "PgBoss" | "")
        | ("postgraphile", "postgraphile" | "") => pg(),
        ("@neondatabase/serverless", "neon") => drizzle(),
        ("@neondatabase/serverless", "Pool" | "Client") if new => drizzle(),
        ("@vercel/postgres", "createPool" | "createClient")
        | ("@payloadcms/db-vercel-postgres", "vercelPostgresAdapter") => drizzle(),
        ("@prisma/adapter-pg", "PrismaPg") | ("@prisma/adapter-neon", "PrismaNeon") => {
            DatabaseKind::Postgres(Driver::Prisma)
        }
        ("@prisma/adapter-planetscale" | "@prisma/adapter-mariadb", _) if new => {
            DatabaseKind::MySql
        }
        ("@prisma/adapter-mssql", _) if new => DatabaseKind::MicrosoftSql,
        ("@prisma/adapter-libsql" | "@prisma/adapter-better-sqlite3" | "@prisma/adapter-d1", _)
            if new =>
        {
            DatabaseKind::Sqlite
        }
        (_, "PrismaClient") if new => return Some(Opens::Prisma),
        ("sequelize" | "sequelize-typescript" | "@sequelize/core", "Sequelize" | "") if new => {
            return Some(Opens::Named);
        }
        ("typeorm", "DataSource") if new => return Some(Opens::Named),
        ("typeorm", "createConnection" | "createConnections")
        | ("@nestjs/typeorm", "forRoot" | "forRootAsync")
        | ("@nestjs/sequelize", "forRoot" | "forRootAsync")
        | ("@mikro-orm/nestjs", "forRoot" | "forRootAsync")
        | ("knex", "" | "knex")
        | ("drizzle-kit", "defineConfig")
        | ("@mikro-orm/core", "init" | "initSync" | "defineConfig") => return Some(Opens::Named),
        ("@nestjs/mongoose" | "mongoose", "forRoot" | "forRootAsync")
        | ("mongoose", "connect" | "createConnection")
        | ("@payloadcms/db-mongodb", "mongooseAdapter") => DatabaseKind::MongoDb,
        ("mongodb", "MongoClient") if new => DatabaseKind::MongoDb,
        ("mongodb", "connect") => DatabaseKind::MongoDb,
        ("@mikro-orm/postgresql", "init" | "defineConfig") => pg(),
        ("@mikro-orm/mysql" | "@mikro-orm/mariadb", "init" | "defineConfig") => DatabaseKind::MySql,
        (
            "@mikro-orm/better-sqlite" | "@mikro-orm/sqlite" | "@mikro-orm/libsql",
            "init" | "defineConfig",
        ) => DatabaseKind::Sqlite,
        ("@mikro-orm/mongodb", "init" | "defineConfig") => DatabaseKind::MongoDb,
        (
            "mysql2" | "mysql2/promise" | "mysql" | "mariadb" | "promise-mysql",
            "createConnection" | "createPool" | "createPoolCluster",
        )
        | ("@planetscale/database", "connect" | "Client") => DatabaseKind::MySql,
        ("mssql", "connect" | "ConnectionPool") => DatabaseKind::MicrosoftSql,
        ("tedious", "Connection") if new => DatabaseKind::MicrosoftSql,
        ("better-sqlite3", "" | "Database") | ("sqlite3", "Database") => DatabaseKind::Sqlite,
        ("bun:sqlite", "Database") | ("node:sqlite" | "sqlite", "DatabaseSync") if new => {
            DatabaseKind::Sqlite
        }
        ("sqlite", "open")
        | ("expo-sqlite", "openDatabaseSync" | "openDatabaseAsync")
        | ("@payloadcms/db-sqlite", "sqliteAdapter") => DatabaseKind::Sqlite,
        (_, "createClient") if package.starts_with("@libsql/client") => DatabaseKind::Sqlite,
        ("bun", "SQL") if new => DatabaseKind::ByUrl,
        (_, "drizzle") => match package.strip_prefix("drizzle-orm/")? {
            "node-postgres" | "postgres-js" | "neon-http" | "neon-serverless"
            | "vercel-postgres" | "neon" | "pg-proxy" => drizzle(),
            "mysql2"
            | "planetscale-serverless"
            | "mysql-proxy"
            | "tidb-serverless"
            | "singlestore" => DatabaseKind::MySql,
            "better-sqlite3" | "bun-sqlite" | "d1" | "expo-sqlite" | "sqlite-proxy" | "sql-js"
            | "durable-sqlite" => DatabaseKind::Sqlite,
            other if other.starts_with("libsql") => DatabaseKind::Sqlite,
            "bun-sql" => DatabaseKind::ByUrl,
            _ => return None, // inside the program, such as PGlite
        },
        _ => return None,
    };
    Some(Opens::As(server))
}

/// The server that settings name, anywhere in them.
fn named(code: &NodeCode<'_>, call: &FilePosition) -> Option<DatabaseKind> {
    let tree = call.tree();
    let mut open: Vec<FilePosition> = tree
        .arguments(call.id)
        .iter()
        .map(|argument| call.at(*argument))
        .collect();
    // settings are small; a limit keeps what leads in a circle from going on
    for _ in 0..64 {
        let place = open.pop()?;
        let tree = place.tree();
        let id = tree.bare(place.id);
        if tree.is_function(id) {
            open.extend(returned(&place.at(id)));
            continue;
        }
        let Meaning::Place(of) = code.follow(&place) else {
            continue;
        };
        let tree = of.tree();
        match tree.kind(of.id) {
            "object" => {
                if let Some(server) = says(code, &of) {
                    return Some(server);
                }
                for name in ["useFactory", "development", "production", "default"] {
                    open.extend(tree.property_of(of.id, name).map(|value| of.at(value)));
                }
                open.extend(
                    tree.children(of.id)
                        .filter(|child| tree.kind(*child) == "spread_element")
                        .filter_map(|spread| tree.children(spread).next())
                        .map(|value| of.at(value)),
                );
            }
            "call_expression" | "new_expression" => {
                open.extend(
                    tree.arguments(of.id)
                        .iter()
                        .map(|argument| of.at(*argument)),
                );
            }
            _ if tree.is_function(of.id) => open.extend(returned(&of)),
            _ => {}
        }
    }
    None
}

/// The server that an object names.
fn says(code: &NodeCode<'_>, object: &FilePosition) -> Option<DatabaseKind> {
    let tree = object.tree();
    let text = |name: &str| {
        let value = tree.property_of(object.id, name)?;
        match code.follow(&object.at(value)) {
            Meaning::Place(value) => match value.tree().text(value.id) {
                Some(text) => Some(text),
                // `(env.TYPE as "postgres") || "postgres"`
                None => value
                    .tree()
                    .field(value.id, "right")
                    .and_then(|right| value.tree().text(right)),
            },
            Meaning::Outside(_, path) => path.last().cloned(),
            _ => None,
        }
    };
    let drizzle = tree.property_of(object.id, "dbCredentials").is_some();
    ["dialect", "type", "client", "driver"]
        .iter()
        .filter_map(|name| text(name))
        .find_map(|name| by_name(&name, drizzle))
}

/// The server of a dialect, a driver or a client, by its name.
fn by_name(name: &str, is_drizzle: bool) -> Option<DatabaseKind> {
    Some(match name.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" | "pg" | "pg-native" | "pgnative" | "aurora-postgres"
        | "postgresqldriver" | "postgresdialect" => {
            if is_drizzle {
                drizzle()
            } else {
                pg()
            }
        }
        "mysql" | "mysql2" | "mariadb" | "aurora-mysql" | "singlestore" | "mysqldriver"
        | "mariadbdriver" => DatabaseKind::MySql,
        "sqlite" | "sqlite3" | "better-sqlite3" | "better-sqlite" | "turso" | "libsql"
        | "sqljs" | "d1-http" | "expo" | "sqlitedriver" | "bettersqlitedriver" => {
            DatabaseKind::Sqlite
        }
        "mongo" | "mongodb" | "mongodriver" => DatabaseKind::MongoDb,
        "mssql" | "tedious" | "mssqldriver" => DatabaseKind::MicrosoftSql,
        _ => return None,
    })
}

/// Settings that a file exports by convention: `drizzle.config.ts`, `knexfile.js`, Kysely's dialect, Keystone's `db`.
fn settings(code: &NodeCode<'_>, place: &FilePosition) -> Option<DatabaseOpening> {
    let tree = place.tree();
    let name = place.file.path.rsplit('/').next().unwrap_or_default();
    let has = |name: &str| tree.property_of(place.id, name);
    if let Some(named) = has("use_env_variable") {
        return sequelize(place, named);
    }
    let called = tree.above(place.id).any(|above| tree.is_call(above));
    let conventional = if name.starts_with("drizzle") && name.contains("config") {
        !called && (has("dbCredentials").is_some() || has("dialect").is_some())
    } else if name.starts_with("knexfile") {
        has("client").is_some() && has("connection").is_some()
    } else if name.starts_with("ormconfig") || name.starts_with("mikro-orm.config") {
        !called && (has("type").is_some() || has("driver").is_some())
    } else {
        return keystone(code, place);
    };
    if !conventional {
        return None;
    }
    let mut address = AddressVariables::default();
    address.read(code, place, None);
    let server = says(code, place).unwrap_or(DatabaseKind::ByUrl);
    Some(address.opening(server, spot(place)))
}

/// The settings of Sequelize's tool for development: `development: { use_env_variable: "DATABASE_URL", dialect: "postgres" }`.
fn sequelize(place: &FilePosition, named: Id) -> Option<DatabaseOpening> {
    let tree = place.tree();
    let of = tree
        .parent(place.id)
        .and_then(|pair| tree.field(pair, "key"))
        .map_or("", |key| tree.source(key));
    if OTHER_MODES.contains(&of.trim_matches(['"', '\''])) {
        return None;
    }
    let mut address = AddressVariables::default();
    address.add(tree.text(named)?, None);
    let server = tree
        .property_of(place.id, "dialect")
        .and_then(|dialect| tree.text(dialect))
        .and_then(|dialect| by_name(&dialect, false));
    Some(address.opening(server.unwrap_or(DatabaseKind::ByUrl), spot(place)))
}

/// Keystone's `db: { provider: "postgresql", url }`.
fn keystone(code: &NodeCode<'_>, place: &FilePosition) -> Option<DatabaseOpening> {
    let tree = place.tree();
    let uses = |module: &str| {
        place
            .file
            .imports
            .iter()
            .any(|(imported, _)| imported == module)
    };
    if !uses("@keystone-6/core") {
        return None;
    }
    let provider = tree.text(tree.property_of(place.id, "provider")?)?;
    tree.property_of(place.id, "url")?;
    let server = match by_name(&provider, false)? {
        DatabaseKind::Postgres(_) => DatabaseKind::Postgres(Driver::Prisma),
        other => other,
    };
    let mut address = AddressVariables::default();
    address.read(code, place, None);
    Some(address.opening(server, spot(place)))
}

/// What opens its database by a variable of its own: `import { sql } from "@vercel/postgres"`.
fn itself(code: &NodeCode<'_>, place: &FilePosition) -> Option<DatabaseOpening> {
    let tree = place.tree();
    let name: Id = tree.field(place.id, "name")?;
    let alias = tree.field(place.id, "alias").unwrap_or(name);
    let found = code.follow(&place.at(alias));
    let key = match found.of("@vercel/postgres")? {
        [name] if matches!(name.as_str(), "sql" | "db") => vercel(Some(name)),
        _ => return None,
    };
    let mut address = AddressVariables::default();
    address.add(key.to_owned(), None);
    Some(address.opening(drizzle(), spot(place)))
}

/// The variable that `@vercel/postgres` reads: <https://www.npmjs.com/package/@vercel/postgres>.
fn vercel(function: Option<&str>) -> &'static str {
    match function {
        Some("createClient") => "POSTGRES_URL_NON_POOLING",
        _ => "POSTGRES_URL",
    }
}

/// The server of Prisma's driver adapter that is handed to its client.
fn adapter(code: &NodeCode<'_>, call: &FilePosition) -> Option<DatabaseKind> {
    let tree = call.tree();
    let options = object(code, &call.at(*tree.arguments(call.id).first()?))?;
    let adapter = options.tree().property_of(options.id, "adapter")?;
    let Meaning::Place(adapter) = code.follow(&options.at(adapter)) else {
        return None;
    };
    let callee = adapter.tree().callee(adapter.id)?;
    match code.follow(&adapter.at(callee)) {
        Meaning::Outside(package, path) => {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            match how(&package, &path, true)? {
                Opens::As(server) => Some(server),
                Opens::Named | Opens::Prisma => None,
            }
        }
        _ => None,
    }
}

type NamedVariable = (String, Spot);

/// What Prisma's schema beside the application says.
fn schema(code: &NodeCode<'_>, dir: &str) -> Option<(DatabaseKind, Option<NamedVariable>)> {
    SCHEMAS.iter().find_map(|path| {
        let path = join(dir, path);
        let datasource = prisma::read(&code.text(&path)?)?;
        let server = match datasource.provider.as_deref() {
            Some("cockroachdb") => DatabaseKind::ByUrl,
            provider => match by_name(provider.unwrap_or("postgresql"), false)? {
                DatabaseKind::Postgres(_) => DatabaseKind::Postgres(Driver::Prisma),
                DatabaseKind::MicrosoftSql => DatabaseKind::MicrosoftSql,
                other => other,
            },
        };
        let variable = datasource.url.and_then(|url| {
            let line = url.line;
            Some((url.key?, Spot { file: path, line }))
        });
        Some((server, variable))
    })
}
