//! Reads from its log why an application did not start: the line that tells it, and what it means.
//!
//! Names only causes that are certain. The messages are those of the libraries themselves (SQLAlchemy 2, psycopg 3, psycopg2,
//! asyncpg, uvicorn), from their real output.

use std::sync::LazyLock;

use regex::Regex;

/// A known cause, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    /// The problem, in one sentence without a full stop.
    pub what: String,
    pub hint: String,
}

/// The line of a log that tells why: the last one that names an error, else the last one.
pub(crate) fn telling_line(output: &str) -> &str {
    let lines: Vec<&str> = output
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let telling = |line: &&&str| {
        let lower = line.to_lowercase();
        lower.contains("error")
            || lower.contains("exception")
            || lower.contains("no module named")
            || lower.contains("fatal")
    };
    let noise = |line: &&&str| {
        !line.contains("Application startup failed")
            && !line.starts_with("(Background on this error")
    };
    lines
        .iter()
        .rev()
        .filter(noise)
        .find(telling)
        .or_else(|| lines.last())
        .copied()
        .unwrap_or("it printed nothing")
}

/// The package that Python did not find.
pub(crate) fn missing_module(output: &str) -> Option<String> {
    let (_, rest) = output.rsplit_once("No module named ")?;
    let name: String = rest
        .trim_start_matches(['\'', '"'])
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
        .collect();
    let module = name.split('.').next().unwrap_or_default().to_owned();
    Some(module).filter(|module| !module.is_empty())
}

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants, and the tests use every one of them"
)]
fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("a constant pattern")
}

/// libpq's and asyncpg's messages about an argument that they don't know.
static ARGUMENT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?:invalid connection option|invalid URI query parameter:?) "(\w+)"|connect\(\) got an unexpected keyword argument '(\w+)'"#,
    )
});
/// The errors that reading an unset variable ends in: `os.environ[…]`, SQLAlchemy's `create_engine(None)`, pydantic's settings.
static UNSET: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"KeyError: '([A-Z][A-Z0-9_]*(?:URL|DSN|URI))'|(Expected string or URL object, got None)|Could not parse SQLAlchemy URL from (?:given URL string|string '(?:None)?'$)",
    )
});
static RELATION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"relation "([\w.]+)" does not exist"#));

/// The cause of a failed start, where it is one of the common ones. `key` is the variable that holds the connection URL.
pub(crate) fn cause(output: &str, key: &str) -> Option<Cause> {
    let cause = |what: String, hint: &str| {
        Some(Cause {
            what,
            hint: hint.to_owned(),
        })
    };
    let lower = output.to_lowercase();
    if lower.contains("address already in use") {
        return cause(
            "the port that the application wants is in use by something else".to_owned(),
            "stop what listens on that port, then `neonup setup health`",
        );
    }
    if let Some(found) = ARGUMENT.captures(output) {
        let name = found
            .get(1)
            .or_else(|| found.get(2))
            .map_or("", |name| name.as_str());
        return Some(unknown_argument(name, output));
    }
    if UNSET.is_match(output) {
        return cause(
            format!(
                "the engine is made before {key} is known: the env file is not loaded yet, or not at all"
            ),
            "call load_dotenv() above the line that makes the engine, in the module that makes it",
        );
    }
    if lower.contains("password authentication failed") {
        return cause(
            "the database refuses the password that the application sends".to_owned(),
            "a variable of the shell may hide the env file: `neonup check env`; else `neonup setup env` writes the current one",
        );
    }
    if let Some(found) = RELATION.captures(output) {
        let table = found.get(1).map_or("", |table| table.as_str());
        return cause(
            format!("the application asks for the table `{table}`, which the database has not"),
            "neonup setup schema, then `neonup setup health`",
        );
    }
    if lower.contains("could not translate host name")
        || lower.contains("name or service not known")
    {
        return cause(
            "the application does not find the database's host".to_owned(),
            "`neonup check env` says whether the URL is this project's",
        );
    }
    None
}

/// Explains an argument that the driver doesn't know: the same thing has other names in other drivers.
fn unknown_argument(name: &str, output: &str) -> Cause {
    let asyncpg = output.contains("asyncpg");
    let driver = if asyncpg {
        "asyncpg"
    } else if output.contains("psycopg2") {
        "psycopg2"
    } else {
        "psycopg"
    };
    let hint = match (name, asyncpg) {
        ("timeout", false) => {
            "write connect_args={\"connect_timeout\": 10}: that is its name there".to_owned()
        }
        ("connect_timeout", true) => {
            "write connect_args={\"timeout\": 10}: that is its name there".to_owned()
        }
        ("sslmode" | "channel_binding", true) => {
            "asyncpg reads `ssl=require` instead: `neonup setup env` writes the URL in its form"
                .to_owned()
        }
        ("ssl", false) => {
            "psycopg reads `sslmode=require` instead: `neonup setup env` writes the URL in its form"
                .to_owned()
        }
        _ => format!("take `{name}` out of connect_args or of the URL"),
    };
    Cause {
        what: format!("{driver} does not know the connection argument `{name}`"),
        hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(output: &str) -> String {
        cause(output, "DATABASE_URL").map_or_else(String::new, |cause| cause.what)
    }

    #[test]
    fn the_line_that_tells_why_is_found() {
        let log = "Traceback (most recent call last):\n  File \"x\"\nsqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection failed\n(Background on this error at: https://sqlalche.me/e/20/e3q8)\nERROR:    Application startup failed. Exiting.\n";
        assert_eq!(
            telling_line(log),
            "sqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection failed"
        );
        assert_eq!(telling_line(""), "it printed nothing");
        assert_eq!(telling_line("a\nb\n"), "b");
    }

    #[test]
    fn the_missing_module_is_named() {
        assert_eq!(
            missing_module("/usr/bin/python3: No module named uvicorn\n").as_deref(),
            Some("uvicorn")
        );
        assert_eq!(
            missing_module("ModuleNotFoundError: No module named 'sqlmodel.ext'").as_deref(),
            Some("sqlmodel")
        );
        assert_eq!(
            missing_module("ModuleNotFoundError: No module named 'src.db'").as_deref(),
            Some("src")
        );
    }

    #[test]
    fn each_common_cause_is_one_sentence() {
        for (output, words) in [
            (
                "ERROR: [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use",
                "the port that the application wants is in use by something else",
            ),
            (
                "sqlalchemy.exc.ProgrammingError: (psycopg.ProgrammingError) invalid connection option \"timeout\"",
                "psycopg does not know the connection argument `timeout`",
            ),
            (
                "psycopg2.ProgrammingError: invalid dsn: invalid connection option \"timeout\"",
                "psycopg2 does not know the connection argument `timeout`",
            ),
            (
                "File \"asyncpg/connection.py\"\nTypeError: connect() got an unexpected keyword argument 'sslmode'",
                "asyncpg does not know the connection argument `sslmode`",
            ),
            (
                "KeyError: 'DATABASE_URL'",
                "the engine is made before DATABASE_URL is known: the env file is not loaded yet, or not at all",
            ),
            (
                "sqlalchemy.exc.ArgumentError: Expected string or URL object, got None",
                "the engine is made before DATABASE_URL is known: the env file is not loaded yet, or not at all",
            ),
            (
                "FATAL:  password authentication failed for user \"x\"",
                "the database refuses the password that the application sends",
            ),
            (
                "psycopg.errors.UndefinedTable: relation \"task\" does not exist",
                "the application asks for the table `task`, which the database has not",
            ),
            (
                "could not translate host name \"ep-x\" to address",
                "the application does not find the database's host",
            ),
            ("KeyError: 'SECRET'\n", ""),
            ("ValueError: no", ""),
        ] {
            assert_eq!(what(output), words, "{output}");
        }
    }
}
