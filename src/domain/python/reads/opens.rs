//! The databases that an application opens: over which client, and with whose address.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{
    python::{
        code::{Place, PythonCode, Value},
        reads::{
            address::{Address, Addresses},
            fields::settings_class,
            follow::written,
            names::part_of,
            survey::{CodeSurvey, Seen},
            variables::variable,
        },
        syntax::{Argument, Expr, ExprKind, argument},
    },
    reading::{DatabaseKind, DatabaseOpening},
    url::{Driver, Part},
};

/// What opens a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    /// SQLAlchemy, or what stands on it: the URL's scheme decides.
    Alchemy,
    AsyncAlchemy,
    /// One that takes no other server.
    Only(DatabaseKind),
    /// One whose URL may name other servers too, but wants this form for Postgres.
    Mostly(Driver),
}

const LIBPQ: Client = Client::Only(DatabaseKind::Postgres(Driver::Libpq));

/// The package, the last name of what is called, and what that opens. An empty name stands for every one.
const CLIENTS: &[(&str, &str, Client)] = &[
    ("sqlalchemy", "create_async_engine", Client::AsyncAlchemy),
    ("sqlmodel", "create_async_engine", Client::AsyncAlchemy),
    ("sqlalchemy", "create_engine", Client::Alchemy),
    ("sqlmodel", "create_engine", Client::Alchemy),
    ("aiopg", "create_engine", LIBPQ),
    ("fastapi_sqlalchemy", "DBSessionMiddleware", Client::Alchemy),
    (
        "fastapi_async_sqlalchemy",
        "SQLAlchemyMiddleware",
        Client::AsyncAlchemy,
    ),
    (
        "advanced_alchemy",
        "SQLAlchemyAsyncConfig",
        Client::AsyncAlchemy,
    ),
    ("advanced_alchemy", "SQLAlchemySyncConfig", Client::Alchemy),
    ("psycopg", "connect", LIBPQ),
    ("psycopg_pool", "ConnectionPool", LIBPQ),
    ("psycopg_pool", "AsyncConnectionPool", LIBPQ),
    ("psycopg_pool", "NullConnectionPool", LIBPQ),
    ("psycopg_pool", "AsyncNullConnectionPool", LIBPQ),
    ("psycopg2", "connect", LIBPQ),
    ("psycopg2", "SimpleConnectionPool", LIBPQ),
    ("psycopg2", "ThreadedConnectionPool", LIBPQ),
    ("aiopg", "connect", LIBPQ),
    ("aiopg", "create_pool", LIBPQ),
    ("pg8000", "connect", LIBPQ),
    (
        "asyncpg",
        "connect",
        Client::Only(DatabaseKind::Postgres(Driver::AsyncpgPlain)),
    ),
    (
        "asyncpg",
        "create_pool",
        Client::Only(DatabaseKind::Postgres(Driver::AsyncpgPlain)),
    ),
    (
        "databases",
        "Database",
        Client::Mostly(Driver::AsyncpgPlain),
    ),
    ("tortoise", "init", Client::Mostly(Driver::AsyncpgPlain)),
    (
        "tortoise",
        "register_tortoise",
        Client::Mostly(Driver::AsyncpgPlain),
    ),
    (
        "tortoise",
        "RegisterTortoise",
        Client::Mostly(Driver::AsyncpgPlain),
    ),
    ("playhouse", "connect", Client::Mostly(Driver::Libpq)),
    ("peewee", "PostgresqlDatabase", LIBPQ),
    ("playhouse", "PostgresqlExtDatabase", LIBPQ),
    ("playhouse", "PooledPostgresqlDatabase", LIBPQ),
    ("peewee", "MySQLDatabase", Client::Only(DatabaseKind::MySql)),
    (
        "peewee",
        "SqliteDatabase",
        Client::Only(DatabaseKind::Sqlite),
    ),
    (
        "piccolo",
        "PostgresEngine",
        Client::Only(DatabaseKind::Postgres(Driver::AsyncpgPlain)),
    ),
    ("langgraph", "from_conn_string", LIBPQ),
    ("pymysql", "connect", Client::Only(DatabaseKind::MySql)),
    ("MySQLdb", "connect", Client::Only(DatabaseKind::MySql)),
    ("mysql", "connect", Client::Only(DatabaseKind::MySql)),
    ("aiomysql", "connect", Client::Only(DatabaseKind::MySql)),
    ("aiomysql", "create_pool", Client::Only(DatabaseKind::MySql)),
    ("asyncmy", "connect", Client::Only(DatabaseKind::MySql)),
    ("asyncmy", "create_pool", Client::Only(DatabaseKind::MySql)),
    ("flask_mysqldb", "MySQL", Client::Only(DatabaseKind::MySql)),
    ("sqlite3", "connect", Client::Only(DatabaseKind::Sqlite)),
    ("aiosqlite", "connect", Client::Only(DatabaseKind::Sqlite)),
    (
        "pymongo",
        "MongoClient",
        Client::Only(DatabaseKind::MongoDb),
    ),
    (
        "pymongo",
        "AsyncMongoClient",
        Client::Only(DatabaseKind::MongoDb),
    ),
    (
        "motor",
        "AsyncIOMotorClient",
        Client::Only(DatabaseKind::MongoDb),
    ),
    (
        "mongoengine",
        "connect",
        Client::Only(DatabaseKind::MongoDb),
    ),
    (
        "flask_pymongo",
        "PyMongo",
        Client::Only(DatabaseKind::MongoDb),
    ),
    (
        "pyodbc",
        "connect",
        Client::Only(DatabaseKind::MicrosoftSql),
    ),
    (
        "aioodbc",
        "connect",
        Client::Only(DatabaseKind::MicrosoftSql),
    ),
    (
        "pymssql",
        "connect",
        Client::Only(DatabaseKind::MicrosoftSql),
    ),
];

/// The names under which a client is given its address.
const ADDRESSES: &[&str] = &[
    "url",
    "dsn",
    "conninfo",
    "db_url",
    "database_url",
    "name_or_url",
    "connection_string",
    "conn_string",
    "uri",
    "host_uri",
];

/// The option of Flask-SQLAlchemy.
const FLASK: &str = "SQLALCHEMY_DATABASE_URI";

/// libpq's own variables, which are read where nothing else is said.
const LIBPQ_VARIABLES: &[(&str, Part)] = &[
    ("PGHOST", Part::Host),
    ("PGPORT", Part::Port),
    ("PGDATABASE", Part::Database),
    ("PGUSER", Part::User),
    ("PGPASSWORD", Part::Password),
    ("PGSSLMODE", Part::SslMode),
];

struct OpeningCall<'c, 'a> {
    code: &'c PythonCode<'a>,
    addresses: Addresses<'c, 'a>,
    flask: bool,
    tortoise: bool,
    django: bool,
    found: BTreeMap<(String, u32, usize), DatabaseOpening>,
}

/// The databases that are opened.
pub(super) fn openings<'a>(
    code: &PythonCode<'a>,
    names: &BTreeSet<String>,
    survey: &CodeSurvey<'a>,
    packages: &BTreeSet<String>,
) -> Vec<DatabaseOpening> {
    let has = |package: &str| packages.contains(package);
    let mut opens = OpeningCall {
        code,
        addresses: Addresses::new(code, names),
        flask: has("flask_sqlalchemy") || has("flask_migrate") || has("flask_appbuilder"),
        tortoise: has("tortoise"),
        django: has("django") || has("environ") || has("dj_database_url") || has("configurations"),
        found: BTreeMap::new(),
    };
    for seen in &survey.exprs {
        if let ExprKind::Call(callee, arguments) = &seen.expr.kind {
            opens.call(seen, callee, arguments);
        }
        opens.django_url(seen, names);
    }
    for given in &survey.given {
        let is_called = |name: &str| {
            given.target.last_name() == Some(name)
                || matches!(&given.target.kind, ExprKind::Subscript(_, keys)
                    if keys.first().and_then(Expr::text) == Some(name))
        };
        if is_called(FLASK) {
            opens.flask_option(&given.place, given.value);
        }
        if is_called("DATABASES") {
            opens.django_databases(&given.place, given.value, 0);
        } else if let ExprKind::Subscript(of, _) = &given.target.kind
            && of.last_name() == Some("DATABASES")
        {
            opens.django_database(&given.place, given.value);
        }
    }
    for (place, dict) in &survey.dicts {
        opens.dict(place, dict);
    }
    opens.found.into_values().collect()
}

impl<'a> OpeningCall<'_, 'a> {
    fn add(&mut self, place: &Place<'a>, expr: &Expr, server: DatabaseKind, address: Address) {
        let at = self.code.spot(place, expr);
        let key = (at.file.clone(), at.line, expr.span.start);
        let parts = address.parts;
        self.found.entry(key).or_insert(DatabaseOpening {
            server,
            keys: address.keys,
            parts,
            written: address.written_down,
            at,
        });
    }

    fn call(&mut self, seen: &Seen<'a>, callee: &'a Expr, arguments: &'a [Argument]) {
        let Some(last) = callee.last_name() else {
            return;
        };
        if last == "set_main_option" {
            let option = argument(arguments, Some(0), "name").and_then(Expr::text);
            if option == Some("sqlalchemy.url")
                && let Some(value) = argument(arguments, Some(1), "value")
            {
                self.migrations(seen, value);
            }
            return;
        }
        if self.flask
            && let Some(value) = argument(arguments, None, FLASK)
        {
            self.flask_option(&seen.place, value);
            return;
        }
        let Some(client) = self.client(&seen.place, callee, last) else {
            return;
        };
        let address = self.address(&seen.place, arguments, client);
        let server = server(client, &address);
        self.add(&seen.place, seen.expr, server, address);
    }

    fn client(&self, place: &Place<'a>, callee: &'a Expr, last: &str) -> Option<Client> {
        let ends = |name: &str| last.ends_with(name);
        if !CLIENTS.iter().any(|(_, name, _)| ends(name)) && !self.code.renamed.contains(last) {
            return None;
        }
        let mut unknown = true;
        for value in self.code.values(place, callee) {
            let Value::Package(path) = value else {
                unknown &= matches!(value, Value::Unknown);
                continue;
            };
            unknown = false;
            let root = path.split(['.', '(']).next().unwrap_or(&path);
            let name = path.rsplit('.').next().unwrap_or(&path);
            if path.contains("()") {
                continue;
            }
            if let Some((.., client)) = CLIENTS
                .iter()
                .find(|(package, known, _)| *package == root && *known == name)
            {
                let other = root == "langgraph" && !path.to_ascii_lowercase().contains("postgres");
                return (!other).then_some(*client);
            }
        }
        match last {
            "create_engine" if unknown => Some(Client::Alchemy),
            "create_async_engine" if unknown => Some(Client::AsyncAlchemy),
            _ => None,
        }
    }

    fn address(&self, place: &Place<'a>, arguments: &'a [Argument], client: Client) -> Address {
        let mut address = Address::default();
        let libpq = matches!(
            client,
            Client::Only(DatabaseKind::Postgres(Driver::Libpq | Driver::AsyncpgPlain))
        );
        if libpq
            && arguments.iter().all(|argument| {
                argument
                    .name
                    .as_deref()
                    .is_some_and(|name| part_of(name).is_none() && !ADDRESSES.contains(&name))
            })
        {
            for (key, part) in LIBPQ_VARIABLES {
                address.add_part((*key).to_owned(), *part);
            }
            return address;
        }
        self.addresses.arguments(place, arguments, &mut address, 0);
        for given in arguments.iter().filter(|given| given.stars == 2) {
            self.spread(place, &given.value, &mut address, 0);
        }
        let first = ADDRESSES
            .iter()
            .find_map(|name| argument(arguments, None, name))
            .or_else(|| {
                arguments
                    .iter()
                    .find(|given| {
                        given.name.is_none()
                            && given.stars == 0
                            && !self.is_app(place, &given.value)
                    })
                    .map(|given| &given.value)
            });
        if let Some(first) = first {
            match &first.kind {
                ExprKind::Dict(_) => self.addresses.dict(place, first, &mut address),
                _ => self.addresses.whole(place, first, &mut address),
            }
        }
        if let Some(config) = argument(arguments, None, "config") {
            self.spread(place, config, &mut address, 0);
        }
        address
    }

    /// Whether an argument is the application that a library is registered with.
    fn is_app(&self, place: &Place<'a>, expr: &'a Expr) -> bool {
        expr.last_name().is_some_and(|name| name.contains("app"))
            || self
                .code
                .values(place, expr)
                .iter()
                .any(|value| matches!(value, Value::Made(path, _) if path.ends_with("FastAPI()")))
    }

    /// The parts in a dictionary that is spread into a call, wherever it was made.
    fn spread(&self, place: &Place<'a>, expr: &'a Expr, address: &mut Address, depth: usize) {
        match &expr.kind {
            ExprKind::Dict(_) => self.addresses.dict(place, expr, address),
            ExprKind::Call(callee, arguments) if callee.last_name() == Some("dict") => {
                self.addresses.arguments(place, arguments, address, 0);
            }
            _ if depth < 4 => {
                for (at, value) in written(self.code, place, expr) {
                    self.spread(&at, value, address, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// The address that alembic is given.
    fn migrations(&mut self, seen: &Seen<'a>, value: &'a Expr) {
        let mut address = Address::default();
        self.addresses.whole(&seen.place, value, &mut address);
        let asynchronous = self
            .code
            .sites_named("async_engine_from_config")
            .any(|site| site.place.module == seen.place.module);
        let client = if asynchronous {
            Client::AsyncAlchemy
        } else {
            Client::Alchemy
        };
        let server = server(client, &address);
        self.add(&seen.place, seen.expr, server, address);
    }

    fn flask_option(&mut self, place: &Place<'a>, value: &'a Expr) {
        let settings = place.class.is_some_and(|class| {
            let outer = place.outer.clone().unwrap_or_else(|| place.clone());
            settings_class(self.code, &outer, class).is_some()
        });
        if !self.flask || settings {
            return;
        }
        let mut address = Address::default();
        self.addresses.whole(place, value, &mut address);
        let server = server(Client::Alchemy, &address);
        self.add(place, value, server, address);
    }

    /// A URL that a reader of Django takes apart, wherever that is.
    fn django_url(&mut self, seen: &Seen<'a>, names: &BTreeSet<String>) {
        let reads = variable(self.code, names, &seen.place, seen.expr)
            .is_some_and(|variable| variable.django);
        let parses = matches!(&seen.expr.kind, ExprKind::Call(callee, _)
        if callee.last_name() == Some("parse")
            && self.code.values(&seen.place, callee).iter().any(|value| {
                matches!(value, Value::Package(path) if path == "dj_database_url.parse")
            }));
        if !reads && !parses {
            return;
        }
        let mut address = Address::default();
        self.addresses.whole(&seen.place, seen.expr, &mut address);
        self.add(
            &seen.place,
            seen.expr,
            DatabaseKind::Postgres(Driver::Django),
            address,
        );
    }

    fn django_databases(&mut self, place: &Place<'a>, value: &'a Expr, depth: usize) {
        if !self.django {
            return;
        }
        match &value.kind {
            ExprKind::Dict(pairs) => {
                for (_, database) in pairs {
                    self.django_database(place, database);
                }
            }
            _ if depth < 4 => {
                for (at, value) in written(self.code, place, value) {
                    self.django_databases(&at, value, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// One of Django's `DATABASES`, written as a dictionary.
    fn django_database(&mut self, place: &Place<'a>, value: &'a Expr) {
        let ExprKind::Dict(pairs) = &value.kind else {
            for (at, value) in written(self.code, place, value) {
                if matches!(value.kind, ExprKind::Dict(_)) {
                    self.django_database(&at, value);
                }
            }
            return;
        };
        let mut address = Address::default();
        self.addresses.dict(place, value, &mut address);
        let engine = pairs
            .iter()
            .find(|(key, _)| key.as_ref().and_then(Expr::text) == Some("ENGINE"))
            .map(|(_, engine)| engine);
        let Some(engine) = engine else { return };
        let engines = self.code.texts(place, engine);
        let is = |words: &[&str]| {
            engines
                .iter()
                .any(|engine| words.iter().any(|word| engine.contains(word)))
        };
        let server = if is(&["mysql"]) {
            DatabaseKind::MySql
        } else if is(&["mssql", "sql_server"]) {
            DatabaseKind::MicrosoftSql
        } else if is(&["djongo", "mongodb"]) {
            DatabaseKind::MongoDb
        } else if is(&["sqlite"]) {
            // a file's name isn't part of a connection
            address.parts.clear();
            DatabaseKind::Sqlite
        } else {
            DatabaseKind::Postgres(Driver::Django)
        };
        self.add(place, value, server, address);
    }

    /// Options that stand in dictionaries: Flask's, and the connections of Tortoise.
    fn dict(&mut self, place: &Place<'a>, dict: &'a Expr) {
        let ExprKind::Dict(pairs) = &dict.kind else {
            return;
        };
        for (key, value) in pairs {
            match key.as_ref().and_then(Expr::text) {
                Some(FLASK) => self.flask_option(place, value),
                Some("connections") if self.tortoise => {
                    if let ExprKind::Dict(connections) = &value.kind {
                        for (_, connection) in connections {
                            self.tortoise_connection(place, connection);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn tortoise_connection(&mut self, place: &Place<'a>, connection: &'a Expr) {
        let mut address = Address::default();
        if let ExprKind::Dict(pairs) = &connection.kind {
            for (key, value) in pairs {
                if key.as_ref().and_then(Expr::text) == Some("credentials") {
                    self.addresses.dict(place, value, &mut address);
                }
            }
        } else {
            self.addresses.whole(place, connection, &mut address);
        }
        let server = server(Client::Mostly(Driver::AsyncpgPlain), &address);
        self.add(place, connection, server, address);
    }
}

/// The kind of server of a scheme, with what SQLAlchemy opens it over.
fn of_scheme(scheme: &str) -> Option<DatabaseKind> {
    let (dialect, driver) = scheme.split_once('+').unwrap_or((scheme, ""));
    match dialect {
        "postgresql" | "postgres" | "postgis" | "asyncpg" => {
            Some(DatabaseKind::Postgres(match driver {
                "asyncpg" => Driver::Asyncpg,
                "psycopg" | "psycopg_async" => Driver::Psycopg,
                "pg8000" => Driver::Pg8000,
                _ => Driver::Psycopg2,
            }))
        }
        "mysql" | "mariadb" => Some(DatabaseKind::MySql),
        "sqlite" => Some(DatabaseKind::Sqlite),
        "mongodb" => Some(DatabaseKind::MongoDb),
        "mssql" => Some(DatabaseKind::MicrosoftSql),
        _ => None,
    }
}

/// What is opened, by what opens it and what the code shows of the address.
fn server(client: Client, address: &Address) -> DatabaseKind {
    let bare = |scheme: &str| !scheme.contains('+');
    let written: Vec<_> = address.written().collect();
    // what the code puts in front of the address it forces; a bare `postgresql` it only corrects
    let forced = written
        .iter()
        .filter(|scheme| !bare(scheme))
        .find_map(|scheme| of_scheme(scheme));
    let named = forced.or_else(|| written.iter().find_map(|scheme| of_scheme(scheme)));
    let defaults: Vec<_> = address
        .defaults
        .iter()
        .filter_map(|scheme| of_scheme(scheme))
        .collect();
    let from_outside = !address.keys.is_empty();
    let by_url = match client {
        Client::Only(server) => return server,
        Client::Mostly(driver) => {
            return match named.or_else(|| defaults.first().copied()) {
                Some(DatabaseKind::Sqlite) if !from_outside => DatabaseKind::Sqlite,
                Some(
                    other @ (DatabaseKind::MySql
                    | DatabaseKind::MongoDb
                    | DatabaseKind::MicrosoftSql),
                ) => other,
                _ => DatabaseKind::Postgres(driver),
            };
        }
        Client::Alchemy => DatabaseKind::ByUrl,
        Client::AsyncAlchemy => DatabaseKind::AsyncByUrl,
    };
    if !from_outside {
        return named.unwrap_or(by_url);
    }
    if let Some(expected) = address.expected.iter().find_map(|scheme| of_scheme(scheme)) {
        return expected;
    }
    match forced {
        Some(DatabaseKind::Postgres(Driver::Asyncpg)) if address.adds_driver => {
            DatabaseKind::Postgres(Driver::AsyncpgPlain)
        }
        Some(DatabaseKind::Postgres(_)) if address.adds_driver => {
            DatabaseKind::Postgres(Driver::Libpq)
        }
        Some(server) if server != DatabaseKind::Sqlite => server,
        // a fallback of another kind than SQLite says what the code is for
        _ => match defaults.first() {
            Some(server @ (DatabaseKind::MySql | DatabaseKind::MicrosoftSql))
                if defaults.len() == 1 =>
            {
                *server
            }
            _ => by_url,
        },
    }
}
