//! Reads from its log why an application did not start: the line that tells it, and what it means.
//!
//! Names only causes that are certain. The messages are those of the libraries themselves (SQLAlchemy 2, psycopg 3, psycopg2,
//! asyncpg, uvicorn), from their real output.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::connection_error;

/// A known cause, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    /// The problem, in one sentence without a full stop.
    pub what: String,
    pub hint: String,
}

/// Lines that stand beside an error and say nothing of it: addresses with more to read, notices of package managers, where a log lies,
/// that another program has failed. Without their surrounding blanks.
const NOISE: &[&str] = &[
    "(Background on this error at",
    "For further information visit",
    "For more information",
    "npm notice",
    "npm warn",
    "npm WARN",
    "npm error A complete log",
    "npm ERR! A complete log",
    "npm error Lifecycle script",
    "npm error To see a list of scripts",
    "npm error Run \"npm help",
    "[notice]",
    "WARNING: You are using pip",
    "DeprecationWarning",
    "ELIFECYCLE",
    "\u{2009}ELIFECYCLE",
    "ERR_PNPM_RECURSIVE_RUN_FIRST_FAIL",
    // pnpm's, above the reason
    "\u{d7} ",
    "error Command failed with exit code",
    "info Visit https://yarnpkg.com",
    "error: script \"",
    "make: ***",
    // what Next.js is doing
    "\u{2713} ",
    "\u{25cb} ",
    "GET /",
    "hint: ",
    "note: This error originates from a subprocess",
    "Node.js v",
    "^",
    "at ",
    "[Context:",
    "Validation Error Count:",
    // below uv's own `error:`
    "cause: ",
    "Caused by: ",
];

/// A property of an error of a driver, which Node prints as an object: `severity: 'ERROR',`.
static PROPERTY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:severity|severity_local|code|detail|hint|position|internalPosition|internalQuery|where|schema|table|column|dataType|constraint|file|line|routine|length|errno|syscall|address|port|query|params|parameters|driverError|args|types): ",
    )
});

/// The frames of a traceback and the marks below them, and what a server says when it gives up.
fn is_noise(line: &str) -> bool {
    NOISE.iter().any(|begin| line.starts_with(begin))
        || PROPERTY.is_match(line)
        || line.contains("Application startup failed")
        || line.starts_with("File \"")
        || is_spinner(line)
        || line.chars().all(|c| {
            matches!(
                c,
                '^' | '~' | '-' | '=' | ' ' | '[' | ']' | '{' | '}' | '(' | ')' | ',' | ';'
            )
        })
}

/// Whether a line shows that something is being done, as drizzle-kit's `[⣷] applying migrations...` does.
fn is_spinner(line: &str) -> bool {
    let first = line.trim_start_matches('[').chars().next();
    first.is_some_and(|char| ('\u{2800}'..='\u{28ff}').contains(&char))
}

/// What npm says before each line of an error of its own.
static NPM: LazyLock<Regex> = LazyLock::new(|| pattern(r"^npm (?:error|ERR!) ?"));
/// Lines of npm's error that name no reason: its code, a path, its own usage.
static NPM_BARE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:code|errno|syscall|path|dest|command|signal|workspace|location)\b|^(?:\d{3})?$")
});

/// Lines that only name an error, so that the reason is in the next one: `Error: P1012`, `ERROR:`, `error code: P1001`,
/// `Error: ERR_PNPM_BAD_CONFIG_DEP`.
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^(?:error|fatal|exception)(?: code)?:?\s*(?:P\d{4}|ERR_PNPM_\w+)?:?$")
});

/// pydantic's errors, one a field: `2 validation errors for Settings`.
static FIELDS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d+ validation errors? for "));

/// The most fields of one validation that are named.
const MOST_FIELDS: usize = 3;

/// The line of a log that tells why: the last one that names an error, else the last one that says something.
pub(crate) fn telling_line(output: &str) -> String {
    let lines: Vec<&str> = output
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let said: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| !is_noise(line))
        .collect();
    let own = |line: &str| NPM.is_match(line);
    let telling = |line: &str| {
        let lower = line.to_lowercase();
        !own(line)
            && [
                "error",
                "exception",
                "no module named",
                "cannot find module",
                "fatal",
                "unable to find installation candidates",
            ]
            .iter()
            .any(|word| lower.contains(word))
            && !BARE.is_match(line)
    };
    // Flask says so where the application couldn't be loaded, which it has told above
    let follows = |line: &str| line.starts_with("Error: No such command");
    let at = said
        .iter()
        .rposition(|line| telling(line) && !follows(line))
        .or_else(|| said.iter().rposition(|line| telling(line)));
    let bare = said.iter().rposition(|line| BARE.is_match(line));
    match (at, bare) {
        // the reason is below its name, unless something telling is
        (at, Some(bare)) if at.is_none_or(|at| at < bare) => {
            let next = said.get(bare + 1).filter(|next| !own(next));
            let name = said.get(bare).copied().unwrap_or_default();
            next.map_or_else(|| name.to_owned(), |next| joined(name, next))
        }
        (Some(at), _) => said.get(at).map_or_else(String::new, |line| {
            let cause = cause_above(line, &said, at, &telling);
            cause.unwrap_or_else(|| with_fields(line, &said, at))
        }),
        (None, _) => of_npm(&said)
            .or_else(|| said.last().or(lines.last()).map(|line| (*line).to_owned()))
            .unwrap_or_else(|| "it printed nothing".to_owned()),
    }
}

fn joined(name: &str, next: &str) -> String {
    // pnpm draws a line to the reason
    let next = next.trim_start_matches("\u{2570}\u{2500}\u{25b6} ");
    format!("{}: {next}", name.trim_end_matches(':'))
}

/// Python's error with the one that it was raised from, where that says more: `Unable to configure handler 'file'`.
fn cause_above(
    line: &str,
    said: &[&str],
    at: usize,
    telling: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let above = said.get(..at)?;
    let marker = above
        .iter()
        .rposition(|line| line.starts_with("The above exception was the direct cause"))?;
    let cause = above
        .get(..marker)?
        .iter()
        .rev()
        .find(|line| telling(line))?;
    let (_, message) = cause.split_once(": ")?;
    (!line.contains(message)).then(|| joined(line, cause))
}

/// The first line of npm's own error that gives a reason.
fn of_npm(said: &[&str]) -> Option<String> {
    said.iter()
        .filter_map(|line| NPM.find(line).and_then(|begin| line.get(begin.end()..)))
        .map(str::trim)
        .find(|line| !NPM_BARE.is_match(line))
        .map(str::to_owned)
}

/// pydantic tells the fields below: `database_url`, and in the next line what is wrong with it.
fn with_fields(line: &str, said: &[&str], at: usize) -> String {
    if !FIELDS.is_match(line) {
        return line.to_owned();
    }
    let below: Vec<&str> = said.iter().skip(at + 1).copied().collect();
    let fields: Vec<String> = below
        .chunks_exact(2)
        .take_while(|pair| pair.last().is_some_and(|why| why.contains("[type=")))
        .take(MOST_FIELDS)
        .filter_map(|pair| {
            let [field, why] = pair else { return None };
            // the value beside it may be a secret
            let why = why.split(" [type=").next().unwrap_or(why);
            Some(format!("{field}: {why}"))
        })
        .collect();
    if fields.is_empty() {
        return line.to_owned();
    }
    format!("{line}: {}", fields.join(", "))
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
/// Packages that a library asks for by name when it is used: pydantic's `EmailStr`, FastAPI's forms, SQLAlchemy's `asyncio`. Each with the
/// words of its error and the line that declares it.
const ASKED_FOR: &[(&str, &str, &str)] = &[
    (
        "email-validator is not installed",
        "email-validator",
        "email-validator>=2.0",
    ),
    (
        "Form data requires \"python-multipart\"",
        "python-multipart",
        "python-multipart>=0.0.9",
    ),
    (
        "the greenlet library is required",
        "greenlet",
        "greenlet>=3.0",
    ),
    (
        "`itsdangerous` must be installed",
        "itsdangerous",
        "itsdangerous>=2.1",
    ),
    (
        "SessionMiddleware requires itsdangerous",
        "itsdangerous",
        "itsdangerous>=2.1",
    ),
    ("jinja2 must be installed", "jinja2", "jinja2>=3.1"),
];

/// The package that a library asks for, with the line that declares it.
pub(crate) fn asked_for(output: &str) -> Option<(&'static str, &'static str)> {
    ASKED_FOR
        .iter()
        .find(|(words, ..)| output.contains(words))
        .map(|(_, package, line)| (*package, *line))
}

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
            "the application's port is already in use".to_owned(),
            "stop the program that uses that port, then run `neonup setup health`",
        );
    }
    if let Some((package, line)) = asked_for(output) {
        return Some(Cause {
            what: format!("the application needs the package `{package}`, which isn't installed"),
            hint: format!(
                "add the line `{line}` to its requirements and install it, then run `neonup setup health`"
            ),
        });
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
                "the engine is created before {key} is known: the env file is loaded too late, or not at all"
            ),
            "call load_dotenv() above the line that creates the engine, in the same module",
        );
    }
    if lower.contains("password authentication failed") {
        return cause(
            "the database rejects the password that the application sends".to_owned(),
            "check whether a shell variable overrides the env file: `neonup check env`; otherwise run `neonup setup env` to \
            write the current one",
        );
    }
    if let Some(found) = RELATION.captures(output) {
        let table = found.get(1).map_or("", |table| table.as_str());
        return cause(
            format!("the application needs the table `{table}`, which isn't in the database"),
            "run neonup setup schema, then `neonup setup health`",
        );
    }
    if lower.contains("could not translate host name")
        || lower.contains("name or service not known")
    {
        return cause(
            "the application can't find the database's host".to_owned(),
            "run `neonup check env` to see whether the URL is this project's",
        );
    }
    // what is said above knows the project's key and driver; the rest is as anybody's log
    let known = connection_error::find(output).into_iter().next()?;
    Some(Cause {
        what: known.cause,
        hint: known.fix,
    })
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
            "use connect_args={\"connect_timeout\": 10} instead".to_owned()
        }
        ("connect_timeout", true) => {
            "use connect_args={\"timeout\": 10} instead".to_owned()
        }
        ("sslmode" | "channel_binding", true) => {
            "asyncpg expects `ssl=require` instead: run `neonup setup env` to write the URL in its form"
                .to_owned()
        }
        ("ssl", false) => {
            "psycopg expects `sslmode=require` instead: run `neonup setup env` to write the URL in its form"
                .to_owned()
        }
        _ => format!("remove `{name}` from connect_args or from the URL"),
    };
    Cause {
        what: format!("{driver} doesn't support the connection argument `{name}`"),
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

    /// From real output of npm 10, Node 20, pip 24, pydantic 2, FastAPI, Prisma 6, pnpm 9 and Yarn 1.
    #[test]
    fn what_stands_beside_an_error_is_not_told() {
        for (log, told) in [
            (
                "Traceback (most recent call last):\n  File \"/x/logging/config.py\", line 565, in configure\nFileNotFoundError: [Errno 2] No such file or directory: '/x/logs/app.log'\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\nValueError: Unable to configure handler 'file'\n",
                "ValueError: Unable to configure handler 'file': FileNotFoundError: [Errno 2] No such file or directory: '/x/logs/app.log'",
            ),
            (
                "Traceback (most recent call last):\n  File \"/x/app.py\", line 9, in <module>\nKeyError: 'CLIENT_ID'\n\nUsage: python -m flask [OPTIONS] COMMAND [ARGS]...\nTry 'python -m flask --help' for help.\n\nError: No such command 'db'.\n",
                "KeyError: 'CLIENT_ID'",
            ),
            (
                "Usage: flask\n\nError: No such command 'db'.\n",
                "Error: No such command 'db'.",
            ),
            (
                "    | Unable to find installation candidates for mdurl (0.1.2)\n    |\n    | If neither works, please first check to verify that the mdurl has published wheels.\n",
                "| Unable to find installation candidates for mdurl (0.1.2)",
            ),
            (
                "npm error code E404\nnpm error 404 Not Found - GET https://registry.npmjs.org/nope\nnpm error 404\nnpm error 404  The requested resource could not be found\nnpm error A complete log of this run can be found in: /x.log\n",
                "404 Not Found - GET https://registry.npmjs.org/nope",
            ),
            (
                "npm error Missing script: \"nope\"\nnpm error\nnpm error To see a list of scripts, run:\nnpm error   npm run\nnpm error A complete log of this run can be found in: /x.log\n",
                "Missing script: \"nope\"",
            ),
            (
                "> x@1.0.0 mig\n> node m.js\n\n/x/m.js:1\nthrow new Error('no')\n^\n\nError: relation \"x\" does not exist\n    at Object.<anonymous> (/x/m.js:1:7)\n    at node:internal/main/run_main_module:28:49\n\nNode.js v20.20.2\nnpm notice New major version of npm available! 10 -> 11\nnpm error Lifecycle script `mig` failed with error:\nnpm error code 1\n",
                "Error: relation \"x\" does not exist",
            ),
            (
                "Error: Cannot find module 'missing-thing'\nRequire stack:\n- /x/server.js\n    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15) {\n  code: 'MODULE_NOT_FOUND',\n  requireStack: [ '/x/server.js' ]\n}\n\nNode.js v20.20.2\n",
                "Error: Cannot find module 'missing-thing'",
            ),
            (
                "ERROR: Could not find a version that satisfies the requirement nope (from versions: none)\nERROR: No matching distribution found for nope\n\n[notice] A new release of pip is available: 24.0 -> 25.1\n[notice] To update, run: pip install --upgrade pip\n",
                "ERROR: No matching distribution found for nope",
            ),
            (
                "pydantic_core._pydantic_core.ValidationError: 2 validation errors for S\ndatabase_url\n  Field required [type=missing, input_value={'jwt': 'abc'}, input_type=dict]\n    For further information visit https://errors.pydantic.dev/2.14/v/missing\njwt\n  Field required [type=missing, input_value={}, input_type=dict]\n    For further information visit https://errors.pydantic.dev/2.14/v/missing\n",
                "pydantic_core._pydantic_core.ValidationError: 2 validation errors for S: database_url: Field required, jwt: Field required",
            ),
            (
                "sqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n(Background on this error at: https://sqlalche.me/e/21/e3q8)\n",
                "sqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection failed: Connection refused",
            ),
            (
                "Error: P3009\n\nmigrate found failed migrations in the target database\nnpm notice\nnpm notice New minor version of npm available!\n",
                "Error: P3009: migrate found failed migrations in the target database",
            ),
            (
                "Error: Prisma schema validation - (get-config wasm)\nError code: P1012\nerror: Environment variable not found: DATABASE_URL.\n  -->  prisma/schema.prisma:10\n\nValidation Error Count: 1\n[Context: getConfig]\n",
                "error: Environment variable not found: DATABASE_URL.",
            ),
            (
                "error: no such table\n ELIFECYCLE  Command failed with exit code 1.\n",
                "error: no such table",
            ),
            (
                "Error: boom\nerror Command failed with exit code 1.\ninfo Visit https://yarnpkg.com/en/docs/cli/run for documentation about this command.\n",
                "Error: boom",
            ),
            (
                "error: relation \"a.b\" does not exist\n    at Parser.parse (/x/node_modules/pg-protocol/dist/parser.js:1:1) {\n  length: 109,\n  severity: 'ERROR',\n  code: '42P01',\n  detail: undefined,\n  position: '15',\n  routine: 'parserOpenTable'\n}\n",
                "error: relation \"a.b\" does not exist",
            ),
            (
                "error: Failed to fetch: `https://files.example.org/a.whl`\n  Caused by: error sending request\n  cause: error resolving DNS\n",
                "error: Failed to fetch: `https://files.example.org/a.whl`",
            ),
            (
                "Error: ERR_PNPM_IGNORED_BUILDS\n\n  \u{d7} installing dependencies\n  \u{2570}\u{2500}\u{25b6} Ignored build scripts: sharp@0.33.5\n  help: Run \"pnpm approve-builds\" to pick which dependencies should be allowed\n",
                "Error: ERR_PNPM_IGNORED_BUILDS: Ignored build scripts: sharp@0.33.5",
            ),
            (
                "Reading config file\n[\u{28f7}] applying migrations...\n[\u{28ef}] applying migrations...\nthe table is gone\n[\u{28f7}] applying migrations...\n",
                "the table is gone",
            ),
            (
                " \u{2a2f} Error: a key is missing\n    at x (y.js:1:1)\n \u{25cb} Compiling /_error ...\n \u{2713} Compiled /_error in 6.4s (191 modules)\n GET / 500 in 9ms\n",
                "\u{2a2f} Error: a key is missing",
            ),
            (
                "Traceback (most recent call last):\n  File \"x\"\nKeyError: 'IMAGE_TAG'\n",
                "KeyError: 'IMAGE_TAG'",
            ),
            (
                "npm notice\nnpm notice New version\n",
                "npm notice New version",
            ),
        ] {
            assert_eq!(telling_line(log), told, "{log}");
        }
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
                "the application's port is already in use",
            ),
            (
                "sqlalchemy.exc.ProgrammingError: (psycopg.ProgrammingError) invalid connection option \"timeout\"",
                "psycopg doesn't support the connection argument `timeout`",
            ),
            (
                "psycopg2.ProgrammingError: invalid dsn: invalid connection option \"timeout\"",
                "psycopg2 doesn't support the connection argument `timeout`",
            ),
            (
                "File \"asyncpg/connection.py\"\nTypeError: connect() got an unexpected keyword argument 'sslmode'",
                "asyncpg doesn't support the connection argument `sslmode`",
            ),
            (
                "KeyError: 'DATABASE_URL'",
                "the engine is created before DATABASE_URL is known: the env file is loaded too late, or not at all",
            ),
            (
                "sqlalchemy.exc.ArgumentError: Expected string or URL object, got None",
                "the engine is created before DATABASE_URL is known: the env file is loaded too late, or not at all",
            ),
            (
                "FATAL:  password authentication failed for user \"x\"",
                "the database rejects the password that the application sends",
            ),
            (
                "psycopg.errors.UndefinedTable: relation \"task\" does not exist",
                "the application needs the table `task`, which isn't in the database",
            ),
            (
                "could not translate host name \"ep-x\" to address",
                "the application can't find the database's host",
            ),
            (
                "RuntimeError: Form data requires \"python-multipart\" to be installed. \nYou can install \"python-multipart\" with: \n\npip install python-multipart\n",
                "the application needs the package `python-multipart`, which isn't installed",
            ),
            (
                "ImportError: email-validator is not installed, run `pip install 'pydantic[email]'`",
                "the application needs the package `email-validator`, which isn't installed",
            ),
            (
                "ValueError: the greenlet library is required to use this function. No module named 'greenlet'",
                "the application needs the package `greenlet`, which isn't installed",
            ),
            ("KeyError: 'SECRET'\n", ""),
            ("ValueError: no", ""),
        ] {
            assert_eq!(what(output), words, "{output}");
        }
    }
}
