//! Writes a new session module, and judges the engines that there are.

use crate::domain::{
    python::{
        app::PythonApp,
        code::{PythonCode, Value},
        dependencies::PythonDriver,
        engines::{EngineOption, SqlEngine},
        makers::EngineKind,
        syntax::{Expr, ExprKind},
    },
    reading::Spot,
    source::join,
    url::{Driver, recognize},
};

/// Something that is wrong with a session module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionIssue {
    pub spot: Spot,
    /// What is wrong, as a sentence fragment.
    pub title: String,
    /// Why it matters.
    pub detail: String,
    /// Whether it stops the application from working with this database; else it is advice.
    pub breaks: bool,
}

const SESSION: &str = include_str!("../../../assets/templates/session.py");
const SESSION_ASYNC: &str = include_str!("../../../assets/templates/session_async.py");
const INIT: &str = include_str!("../../../assets/templates/db_init.py");

/// The files of a new session module: paths relative to the root, and text. `env_file` is the env file's path.
pub(crate) fn session_files(
    app: &PythonApp,
    driver: Driver,
    key: &str,
    env_file: &str,
    sqlmodel: bool,
) -> Vec<(String, String)> {
    let dir = join(&app.package_dir, "db");
    let template = if driver == Driver::Asyncpg {
        SESSION_ASYNC
    } else {
        SESSION
    };
    let mut text = template
        .replace("@ENV_FILE@", &env_path(&dir, env_file))
        .replace("@KEY@", key)
        .replace("@CONNECT_ARGS@", connect_args(driver));
    if !sqlmodel {
        text = text
            .replace(
                "from sqlmodel import Session, create_engine",
                "from sqlalchemy import create_engine\nfrom sqlalchemy.orm import Session",
            )
            .replace(
                "from sqlmodel.ext.asyncio.session import AsyncSession",
                "from sqlalchemy.ext.asyncio import AsyncSession",
            );
    }
    vec![
        (join(&dir, "session.py"), text),
        (join(&dir, "__init__.py"), INIT.to_owned()),
    ]
}

/// The Python expression of the env file's path, seen from a module in `dir`.
fn env_path(dir: &str, env_file: &str) -> String {
    let (env_dir, name) = env_file.rsplit_once('/').unwrap_or(("", env_file));
    let parts = |path: &str| -> Vec<String> {
        path.split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (here, there) = (parts(dir), parts(env_dir));
    let common = here.iter().zip(&there).take_while(|(a, b)| a == b).count();
    let mut text = format!(
        "Path(__file__).resolve().parents[{}]",
        here.len().saturating_sub(common)
    );
    for part in there.iter().skip(common) {
        text.extend([" / \"", part, "\""]);
    }
    text.extend([" / \"", name, "\""]);
    text
}

/// The driver's own arguments that limit the time of connecting.
pub(crate) const fn connect_args(driver: Driver) -> &'static str {
    match PythonDriver::of(driver) {
        PythonDriver::Asyncpg => "{\"timeout\": 10}",
        // pg8000 takes TLS here and nowhere else
        PythonDriver::Pg8000 => "{\"timeout\": 10, \"ssl_context\": True}",
        PythonDriver::Psycopg | PythonDriver::Psycopg2 => "{\"connect_timeout\": 10}",
    }
}

/// What is found out where an application connects.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    pub issues: Vec<SessionIssue>,
    /// What could not be found out, and where.
    pub unsure: Vec<(String, Option<Spot>)>,
    /// The driver of the first engine, where the code tells.
    pub driver: Option<Driver>,
}

/// What the application is to connect to.
pub(crate) struct ConnectionTarget<'a> {
    pub driver: Driver,
    pub key: &'a str,
}

/// The arguments of a connection: asyncpg's, and those that SQLAlchemy takes out for itself.
const ASYNCPG: &[&str] = &[
    "dsn",
    "host",
    "port",
    "user",
    "password",
    "passfile",
    "service",
    "servicefile",
    "database",
    "loop",
    "timeout",
    "statement_cache_size",
    "max_cached_statement_lifetime",
    "max_cacheable_statement_size",
    "command_timeout",
    "ssl",
    "direct_tls",
    "connection_class",
    "record_class",
    "server_settings",
    "target_session_attrs",
    "krbsrvname",
    "gsslib",
    // SQLAlchemy's own
    "async_fallback",
    "async_creator_fn",
    "prepared_statement_cache_size",
    "prepared_statement_name_func",
];

/// The arguments of a connection: pg8000's.
const PG8000: &[&str] = &[
    "user",
    "host",
    "database",
    "port",
    "password",
    "source_address",
    "unix_sock",
    "ssl_context",
    "timeout",
    "tcp_keepalive",
    "application_name",
    "replication",
    "startup_params",
    "sock",
];

/// The arguments of a connection: libpq's, which psycopg hands on, and the drivers' own.
const LIBPQ: &[&str] = &[
    // libpq's
    "host",
    "hostaddr",
    "port",
    "dbname",
    "database",
    "user",
    "password",
    "passfile",
    "require_auth",
    "channel_binding",
    "connect_timeout",
    "client_encoding",
    "options",
    "application_name",
    "fallback_application_name",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "replication",
    "gssencmode",
    "sslmode",
    "requiressl",
    "sslnegotiation",
    "sslcompression",
    "sslcert",
    "sslkey",
    "sslkeylogfile",
    "sslpassword",
    "sslcertmode",
    "sslrootcert",
    "sslcrl",
    "sslcrldir",
    "sslsni",
    "requirepeer",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "min_protocol_version",
    "max_protocol_version",
    "krbsrvname",
    "gsslib",
    "gssdelegation",
    "scram_client_key",
    "scram_server_key",
    "service",
    "servicefile",
    "target_session_attrs",
    "load_balance_hosts",
    "oauth_issuer",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_scope",
    // the drivers' own
    "dsn",
    "conninfo",
    "autocommit",
    "prepare_threshold",
    "context",
    "row_factory",
    "cursor_factory",
    "connection_factory",
    "async",
    "async_",
];

/// The arguments that a driver's connection takes.
const fn known(driver: PythonDriver) -> &'static [&'static str] {
    match driver {
        PythonDriver::Asyncpg => ASYNCPG,
        PythonDriver::Pg8000 => PG8000,
        PythonDriver::Psycopg | PythonDriver::Psycopg2 => LIBPQ,
    }
}

/// Judges one engine: its arguments, its URL, its driver.
pub(super) fn judge_engine<'a>(
    code: &PythonCode<'a>,
    engine: &SqlEngine<'a>,
    target: &ConnectionTarget<'_>,
    into: &mut Connections,
) {
    let fixed = |text: &str| text.starts_with("sqlite");
    let sqlite = engine.url.texts.iter().find(|(text, _)| fixed(text));
    if let Some((_, spot)) = sqlite {
        if engine.url.keys.is_empty() {
            into.issues.push(SessionIssue {
                spot: spot.clone(),
                title: "the engine opens SQLite".to_owned(),
                detail: format!(
                    "it doesn't read `{}`, so it never reaches this database",
                    target.key
                ),
                breaks: true,
            });
            return;
        }
        let keys: Vec<_> = engine.url.keys.iter().map(String::as_str).collect();
        into.issues.push(SessionIssue {
            spot: spot.clone(),
            title: format!("without `{}` it falls back to SQLite", keys.join("`, `")),
            detail: "a missing variable goes unnoticed; it is better to fail immediately"
                .to_owned(),
            breaks: false,
        });
    }
    constant_url(engine, target, into);
    let Some((driver, python)) = driver_of(engine, target) else {
        return;
    };
    into.driver.get_or_insert(driver);
    asynchronous(engine, driver, python, into);
    url_parameters(engine, driver, python, into);
    connect_arguments(engine, driver, python, sqlite.is_some(), into);
    if matches!(engine.kind, EngineKind::Engine | EngineKind::AsyncEngine) {
        liveness(code, engine, into);
    }
}

/// What is said of a URL that is written into the code.
pub(crate) const HARD_CODED: &str = "the engine's URL is hard-coded in the source";

/// A URL that is written into the code, and is not read from the environment.
fn constant_url(engine: &SqlEngine<'_>, target: &ConnectionTarget<'_>, into: &mut Connections) {
    if !engine.url.keys.is_empty() {
        return;
    }
    let written = engine
        .url
        .texts
        .iter()
        .find(|(text, _)| recognize(text).is_some() && !text.contains(['{', '%']));
    if let Some((_, spot)) = written
        && engine.url.texts.len() == 1
    {
        into.issues.push(SessionIssue {
            spot: spot.clone(),
            title: HARD_CODED.to_owned(),
            detail: format!(
                "it doesn't read `{}`, so it never reaches this database",
                target.key
            ),
            breaks: true,
        });
    }
}

/// The driver that an engine connects with: the one that its URL names, else the one of the env file.
fn driver_of(
    engine: &SqlEngine<'_>,
    target: &ConnectionTarget<'_>,
) -> Option<(Driver, PythonDriver)> {
    match engine.kind {
        EngineKind::Psycopg => return Some((Driver::Psycopg, PythonDriver::Psycopg)),
        EngineKind::Psycopg2 => return Some((Driver::Psycopg2, PythonDriver::Psycopg2)),
        EngineKind::Asyncpg => return Some((Driver::AsyncpgPlain, PythonDriver::Asyncpg)),
        EngineKind::Pg8000 => return Some((Driver::Pg8000, PythonDriver::Pg8000)),
        EngineKind::Other => return None,
        EngineKind::Engine | EngineKind::AsyncEngine => {}
    }
    let named = engine.url.texts.iter().rev().find_map(|(text, _)| {
        let (_, rest) = text.split_once("postgres")?;
        let rest = rest.strip_prefix("ql").unwrap_or(rest).strip_prefix('+')?;
        Some(
            rest.split([':', '"', '\''])
                .next()
                .unwrap_or(rest)
                .to_owned(),
        )
    });
    Some(match named.as_deref() {
        Some("asyncpg") => (Driver::Asyncpg, PythonDriver::Asyncpg),
        Some("psycopg" | "psycopg_async") => (Driver::Psycopg, PythonDriver::Psycopg),
        Some("psycopg2" | "psycopg2cffi") => (Driver::Psycopg2, PythonDriver::Psycopg2),
        Some("pg8000") => (Driver::Pg8000, PythonDriver::Pg8000),
        Some(_) => return None,
        None => {
            let python = PythonDriver::of(target.driver);
            // an engine beside the one of the URL that is set up, with a URL of its own
            let other = match engine.kind {
                EngineKind::Engine => python == PythonDriver::Asyncpg,
                _ => matches!(python, PythonDriver::Psycopg2 | PythonDriver::Pg8000),
            };
            if other && !engine.url.keys.contains(target.key) {
                return None;
            }
            (target.driver, python)
        }
    })
}

/// An engine that waits and a driver that does not, or the other way round.
fn asynchronous(
    engine: &SqlEngine<'_>,
    driver: Driver,
    python: PythonDriver,
    into: &mut Connections,
) {
    let wrong = match (engine.kind, python) {
        (EngineKind::AsyncEngine, PythonDriver::Psycopg2 | PythonDriver::Pg8000) => {
            "create_async_engine() needs an asynchronous driver: psycopg or asyncpg"
        }
        (EngineKind::Engine, PythonDriver::Asyncpg) => "asyncpg needs create_async_engine()",
        _ => return,
    };
    into.issues.push(SessionIssue {
        spot: engine.spot.clone(),
        title: format!("the engine doesn't work with {driver}"),
        detail: wrong.to_owned(),
        breaks: true,
    });
}

/// Parameters that the code itself writes into the URL, and the driver does not know.
fn url_parameters(
    engine: &SqlEngine<'_>,
    driver: Driver,
    python: PythonDriver,
    into: &mut Connections,
) {
    if python != PythonDriver::Asyncpg || driver == Driver::AsyncpgPlain {
        return;
    }
    for (text, spot) in &engine.url.texts {
        let query = text
            .rsplit_once('?')
            .map_or(text.as_str(), |(_, query)| query);
        for parameter in query.split('&') {
            let name = parameter.split('=').next().unwrap_or_default();
            if parameter.contains('=')
                && matches!(name, "sslmode" | "channel_binding" | "connect_timeout")
            {
                into.issues.push(SessionIssue {
                    spot: spot.clone(),
                    title: format!("the URL gets `{name}`, which {driver} doesn't support"),
                    detail: "every connection fails because of it; use ssl=require for TLS"
                        .to_owned(),
                    breaks: true,
                });
            }
        }
    }
}

/// Arguments of the connection that the driver does not know.
fn connect_arguments(
    engine: &SqlEngine<'_>,
    driver: Driver,
    python: PythonDriver,
    sqlite: bool,
    into: &mut Connections,
) {
    for (name, entry) in &engine.arguments.by_name {
        if known(python).contains(&name.as_str()) {
            continue;
        }
        // where the URL may be one of SQLite, its arguments go with it
        if name == "check_same_thread" && (!entry.certain || sqlite) {
            continue;
        }
        let instead = match (python, name.as_str()) {
            (PythonDriver::Asyncpg | PythonDriver::Pg8000, "connect_timeout") => {
                "; use timeout instead"
            }
            (PythonDriver::Asyncpg, "sslmode") => "; use ssl instead",
            (PythonDriver::Asyncpg, "application_name" | "options") => {
                "; put it in server_settings instead"
            }
            (_, "timeout") => "; use connect_timeout instead",
            (_, "check_same_thread") => "; it is a SQLite argument",
            _ => "",
        };
        let always = if entry.certain {
            "every connection fails because of it"
        } else {
            "when it is set, every connection fails because of it"
        };
        into.issues.push(SessionIssue {
            spot: entry.spot.clone(),
            title: format!("connect_args has `{name}`, which {driver} doesn't support"),
            detail: format!("{always}{instead}"),
            breaks: entry.certain,
        });
    }
    for unknown in [&engine.arguments.unknown, &engine.options.unknown]
        .into_iter()
        .flatten()
    {
        into.unsure.push((
            "the engine's arguments are known only at run time".to_owned(),
            Some(unknown.clone()),
        ));
    }
}

/// Whether a connection is tried before it is used.
fn liveness<'a>(code: &PythonCode<'a>, engine: &SqlEngine<'a>, into: &mut Connections) {
    let options = &engine.options;
    let off = |entry: &EngineOption<'a>| {
        code.values(&entry.place, entry.value).iter().all(|value| {
            matches!(value, Value::Written(_, Expr { kind: ExprKind::Literal(text), .. }) if text == "False" || text == "None")
        })
    };
    let tries = options
        .by_name
        .get("pool_pre_ping")
        .is_some_and(|entry| !off(entry));
    let pool = options.by_name.get("poolclass").is_some_and(|entry| {
        entry
            .value
            .last_name()
            .is_some_and(|name| name.contains("NullPool"))
    });
    if !tries && !pool && options.unknown.is_none() {
        into.issues.push(SessionIssue {
            spot: engine.spot.clone(),
            title: "the engine doesn't test a connection before using it".to_owned(),
            detail: "a Neon compute that went to sleep has closed it: set pool_pre_ping=True"
                .to_owned(),
            breaks: false,
        });
    }
}
