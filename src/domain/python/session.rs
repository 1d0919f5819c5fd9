//! Writes a new session module, and judges an existing one.

use crate::domain::{
    python::{
        app::PythonApp,
        dependencies::PythonDriver,
        source::{code_lines, first_line},
    },
    sensitive,
    source::join,
    url::{Driver, recognize},
};

/// Something that is wrong with a session module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionIssue {
    /// The 1-based line.
    pub line: Option<u32>,
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

/// Connection arguments on which a driver fails.
const fn refused(driver: Driver) -> &'static [&'static str] {
    match PythonDriver::of(driver) {
        PythonDriver::Asyncpg => &[
            "connect_timeout",
            "sslmode",
            "channel_binding",
            "check_same_thread",
            "options",
            "application_name",
            "ssl_context",
        ],
        PythonDriver::Pg8000 => &[
            "connect_timeout",
            "sslmode",
            "channel_binding",
            "check_same_thread",
            "ssl",
            "options",
            "server_settings",
        ],
        PythonDriver::Psycopg | PythonDriver::Psycopg2 => &[
            "timeout",
            "ssl",
            "command_timeout",
            "check_same_thread",
            "ssl_context",
            "server_settings",
            "statement_cache_size",
        ],
    }
}

/// Judges a session module. With `loaded_before`, the application loads the `.env` before it imports this module.
pub(crate) fn judge_session(
    text: &str,
    driver: Driver,
    key: &str,
    loaded_before: bool,
) -> Vec<SessionIssue> {
    let mut issues = Vec::new();
    hard_coded(text, &mut issues);
    let reads = code_lines(text)
        .find(|(_, line)| {
            (line.contains("environ") || line.contains("getenv(")) && line.contains(key)
        })
        .map(|(number, _)| number);
    let loads = first_line(
        text,
        &["load_dotenv(", "dotenv_values(", "env_file", "read_env("],
    );
    if let Some(reads) = reads
        && !loaded_before
        && loads.is_none_or(|loads| loads > reads)
    {
        issues.push(SessionIssue {
            line: Some(reads),
            title: format!("`{key}` is read before the .env is loaded"),
            detail: match loads {
                Some(loads) => format!(
                    "load_dotenv() comes only on line {loads}, when the engine is made already"
                ),
                None => "nothing calls load_dotenv(), so it is found only where the shell has it"
                    .to_owned(),
            },
            breaks: true,
        });
    }
    for (line, name) in connect_arguments(text) {
        if refused(driver).contains(&name.as_str()) {
            let instead = match (PythonDriver::of(driver), name.as_str()) {
                (PythonDriver::Asyncpg | PythonDriver::Pg8000, "connect_timeout") => {
                    "; it is called timeout there"
                }
                (_, "timeout") => "; it is called connect_timeout there",
                (_, "check_same_thread") => "; it is an argument of SQLite",
                _ => "",
            };
            issues.push(SessionIssue {
                line: Some(line),
                title: format!("connect_args has `{name}`, which {driver} does not know"),
                detail: format!("every connection fails with it{instead}"),
                breaks: true,
            });
        }
    }
    let engine = first_line(text, &["create_engine(", "create_async_engine("]);
    if engine.is_none() {
        issues.push(SessionIssue {
            line: None,
            title: "no engine is made".to_owned(),
            detail: "the module calls neither create_engine() nor create_async_engine()".to_owned(),
            breaks: true,
        });
    } else if first_line(text, &["pool_pre_ping", "NullPool"]).is_none() {
        issues.push(SessionIssue {
            line: engine,
            title: "the engine does not try a connection before it uses it".to_owned(),
            detail: "a Neon compute that fell asleep has closed it: set pool_pre_ping=True"
                .to_owned(),
            breaks: false,
        });
    }
    let fallback =
        code_lines(text).find(|(_, line)| line.contains(key) && line.contains("sqlite:"));
    if let Some((line, _)) = fallback {
        issues.push(SessionIssue {
            line: Some(line),
            title: format!("without `{key}` it falls back to SQLite"),
            detail: "a missing variable goes unnoticed; better fail at once".to_owned(),
            breaks: false,
        });
    }
    issues
}

/// Finds connection URLs with a password in the source.
fn hard_coded(text: &str, issues: &mut Vec<SessionIssue>) {
    for (number, line) in code_lines(text) {
        let strings = line.split(['"', '\'']).skip(1).step_by(2);
        for string in strings {
            let Some(read) = recognize(string) else {
                continue;
            };
            let template = string.contains('{') || string.contains('%') && string.contains("%s");
            if !read.password.is_empty() && !template && !sensitive::looks_like_placeholder(string)
            {
                issues.push(SessionIssue {
                    line: Some(number),
                    title: "a connection URL with its password stands in the source".to_owned(),
                    detail: "it goes wherever the code goes, and never changes with the .env"
                        .to_owned(),
                    breaks: true,
                });
            }
        }
    }
}

/// The names in `connect_args={…}` or `connect_args=dict(…)`, with their lines.
fn connect_arguments(text: &str) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    let mut depth: i32 = 0;
    let mut inside = false;
    for (number, line) in code_lines(text) {
        let mut rest = line;
        if !inside {
            let Some((_, after)) = line.split_once("connect_args") else {
                continue;
            };
            inside = true;
            depth = 0;
            rest = after;
        }
        // only what stands inside the braces
        let mut inner = String::new();
        for c in rest.chars() {
            match c {
                '{' | '(' => depth += 1,
                '}' | ')' => depth -= 1,
                _ if depth == 1 => inner.push(c),
                _ => {}
            }
            if depth < 0 || (depth == 0 && matches!(c, '}' | ')')) {
                inside = false;
                break;
            }
        }
        for part in inner.split(',') {
            let name = part
                .split_once(':')
                .map(|(name, _)| name.trim().trim_matches(['"', '\'']))
                .or_else(|| part.split_once('=').map(|(name, _)| name.trim()));
            if let Some(name) = name.filter(|name| !name.is_empty()) {
                found.push((number, name.to_owned()));
            }
        }
    }
    found
}
