//! Recognizes the errors of a Postgres connection in a log, and names the cause and the fix of each.
//!
//! Only messages with one meaning are here. Where a message has several, the text names them all, so that nobody is sent the wrong way.
//! The messages are those of Postgres 15 to 18, libpq, psycopg 3, psycopg2, asyncpg, SQLAlchemy 2, node-postgres 8, postgres.js 3,
//! Prisma 6 and Neon's proxy (<https://neon.com/docs/connect/connection-errors>).

use std::sync::LazyLock;

use regex::Regex;

/// The most lines of a log that are read: an error that counts is near its end.
pub(crate) const MOST_LINES: usize = 100_000;

/// An error that was recognized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConnectionError {
    /// A name that stays the same, for programs.
    pub kind: &'static str,
    /// The 1-based line of the log where it was seen last.
    pub line: usize,
    /// The line itself, as it is in the log: it may hold a secret.
    pub text: String,
    /// What went wrong, in a sentence without a full stop.
    pub cause: String,
    /// What to do about it.
    pub fix: String,
}

/// A message and what it means. In `cause` and `fix`, `{}` stands for what the message names.
struct MessageRule {
    kind: &'static str,
    pattern: &'static str,
    cause: &'static str,
    fix: &'static str,
}

const RULES: &[MessageRule] = &[
    MessageRule {
        kind: "asyncpg-sslmode",
        pattern: r"connect\(\) got an unexpected keyword argument '(sslmode|channel_binding)'",
        cause: "the URL has `{}`, a parameter of libpq that SQLAlchemy's asyncpg driver doesn't accept",
        fix: "write `?ssl=require` in the URL in place of `sslmode` and `channel_binding`; `neonup setup env` writes the URL in the form the driver expects",
    },
    MessageRule {
        kind: "unknown-option",
        pattern: r#"(?:invalid connection option|invalid URI query parameter:?) "(\w+)""#,
        cause: "the driver's libpq doesn't know the parameter `{}`: it is misspelled, or libpq is too old for it",
        fix: "update the driver (`channel_binding` needs libpq 13), or remove the parameter from the URL",
    },
    MessageRule {
        kind: "startup-parameter",
        pattern: r#"(?:unsupported startup parameter(?: in options)?: "?|unrecognized configuration parameter ")(channel_binding|sslmode)"#,
        cause: "the driver sends `{}` to the server as a setting, because it doesn't know this parameter of libpq",
        fix: "remove `{}` from the URL, and turn TLS on in the driver's own way; `neonup setup env` writes the URL in the form the driver expects",
    },
    MessageRule {
        kind: "pooler-startup-parameter",
        pattern: r#"unsupported startup parameter(?: in options)?: "?([\w.]+)"#,
        cause: "the pooled address goes through PgBouncer, which refuses `{}` when a connection starts",
        fix: "use the direct URL (the host without `-pooler`), or run `SET {} = …` after connecting",
    },
    MessageRule {
        kind: "prepared-statement",
        pattern: r#"prepared statement "([^"]*)" (?:already exists|does not exist)|(DuplicatePreparedStatementError)"#,
        cause: "the pooled address shares one server connection among clients, and a prepared statement clashed with another client's, or exists only on another connection",
        fix: "use the direct URL (the host without `-pooler`), or turn the driver's statement cache off: asyncpg `statement_cache_size=0`, psycopg `prepare_threshold=None`, Prisma `?pgbouncer=true`",
    },
    MessageRule {
        kind: "password-refused",
        pattern: r#"password authentication failed for user '?"?([^'"\s]+)"#,
        cause: "the database refuses the password for the role `{}`: it was changed, or the URL belongs to another branch or project",
        fix: "run `neonup check env` to see whether the env file has the current URL, and `neonup setup env` to write it; then restart the app",
    },
    MessageRule {
        kind: "endpoint-gone",
        pattern: r"(?i)the requested endpoint could not be found",
        cause: "Neon has no compute with the ID in the URL's host: its branch or project was deleted, or the host is misspelled",
        fix: "run `neonup check` to find the right branch, and `neonup setup env` to write its URL",
    },
    MessageRule {
        kind: "endpoint-unnamed",
        pattern: r"(?i)endpoint ID is not specified",
        cause: "the driver doesn't send the server's name when TLS starts (SNI), so Neon can't tell which compute is meant",
        fix: "update the driver (libpq 14 or later), or add `options=endpoint%3D<endpoint-id>` to the URL, where the ID is the first part of the host",
    },
    MessageRule {
        kind: "no-tls",
        pattern: r"(?i)connection is insecure|no pg_hba\.conf entry .*(?:no encryption|SSL off)",
        cause: "the connection isn't encrypted, and the server accepts only TLS",
        fix: "add `?sslmode=require` to the URL, or your driver's own option for TLS; `neonup setup env` writes it",
    },
    MessageRule {
        kind: "channel-binding",
        pattern: r"(?i)channel binding (?:is )?required,? but",
        cause: "the URL asks for channel binding, and what answered can't do it: another program is between the app and Neon, or the driver uses no TLS",
        fix: "connect to Neon's host without a proxy in between and with `sslmode=require`; only if the proxy is yours, drop `channel_binding=require`",
    },
    MessageRule {
        kind: "certificate",
        pattern: r#"root certificate file "([^"]+)" does not exist"#,
        cause: "`sslmode` asks for the server's certificate to be verified, but libpq finds no root certificates in `{}`",
        fix: "add `sslrootcert=system` to the URL (libpq 16 or later), or the path of your system's certificates",
    },
    MessageRule {
        kind: "asleep",
        pattern: r"(?i)couldn't connect to compute node|can't reach database server at `?([\w.-]+\.neon\.tech)",
        cause: "Neon's compute didn't answer in time: it sleeps when idle and takes a moment to wake, or your network blocks port 5432",
        fix: "try again; if that helps, add `connect_timeout=15` to the URL; if not, `neonup check health` tests each part of the connection",
    },
    MessageRule {
        kind: "suspended",
        pattern: r"terminating connection due to administrator command|\b57P01\b",
        cause: "the server ended a connection that the app still held: Neon suspends an idle compute, and a restart does the same",
        fix: "let the pool test a connection before use or drop it early: SQLAlchemy `pool_pre_ping=True` and `pool_recycle=300`, node-postgres `idleTimeoutMillis`",
    },
    MessageRule {
        kind: "stale-connection",
        pattern: r"SSL SYSCALL error: EOF detected|SSL connection has been closed unexpectedly|server closed the connection unexpectedly|Connection terminated unexpectedly|connection was closed in the middle of operation",
        cause: "the connection was closed from the other side: the compute was suspended or restarted, or the network cut an idle connection",
        fix: "let the pool test a connection before use: SQLAlchemy `pool_pre_ping=True`, node-postgres an `error` handler on the pool; if new connections fail too, run `neonup check health`",
    },
    MessageRule {
        kind: "too-many-connections",
        pattern: r"(?i)remaining connection slots are reserved|sorry, too many clients already|too many connections for (?:role|database)",
        cause: "all connections of the compute are taken",
        fix: "use the pooled URL (the host with `-pooler`), and close or limit the app's own pools",
    },
    MessageRule {
        kind: "too-many-computes",
        pattern: r"(?i)exceeded the limit of concurrently active endpoints",
        cause: "the account has as many active computes as its plan allows",
        fix: "wait until idle ones are suspended, or suspend one in the Neon console",
    },
    MessageRule {
        kind: "quota",
        pattern: r"(?i)exceeded the (?:compute time|data transfer|\w+) quota",
        cause: "the account or project has used up a quota of its plan",
        fix: "wait for the next billing period, or upgrade the plan in the Neon console",
    },
    MessageRule {
        kind: "read-only",
        pattern: r"cannot execute ([A-Z ]+) in a read-only transaction",
        cause: "the URL points to a read replica, or the session was set to read-only",
        fix: "use the URL of the branch's primary compute: `neonup setup env` writes it",
    },
    MessageRule {
        kind: "database-missing",
        pattern: r#"database "([^"]+)" does not exist"#,
        cause: "this branch has no database called `{}`: the name is wrong, or the URL belongs to another branch or project",
        fix: "run `neonup check env` to see whether the env file has this project's URL",
    },
    MessageRule {
        kind: "role-missing",
        pattern: r#"role "([^"]+)" does not exist"#,
        cause: "this branch has no role called `{}`: the name is wrong, or the URL belongs to another branch or project",
        fix: "run `neonup check env` to see whether the env file has this project's URL",
    },
    MessageRule {
        kind: "table-missing",
        pattern: r#"relation "([\w.]+)" does not exist"#,
        cause: "the database has no table `{}` that this role can see: the schema wasn't applied, or the URL points to another branch or database",
        fix: "run `neonup check env schema`: it shows which branch the URL points to and what is missing",
    },
    MessageRule {
        kind: "unresolved-host",
        pattern: r#"could not translate host name "([^"]+)"|getaddrinfo (?:ENOTFOUND|EAI_AGAIN) ([\w.-]+)|failed to resolve host '([^']+)'|(\[Errno -[235]\])|nodename nor servname provided"#,
        cause: "the name of the database's host can't be looked up: there is no network, or the host in the URL is wrong",
        fix: "run `neonup check env health`: it compares the URL with the project and looks the name up",
    },
    MessageRule {
        kind: "localhost",
        pattern: r#"(?:server at "(?:localhost|127\.0\.0\.1|::1)".*(?:failed|refused)|ECONNREFUSED (?:127\.0\.0\.1|::1):5432|Connect call failed \('(?:127\.0\.0\.1|::1)', 5432|could not connect to server: Connection refused.*localhost|can't reach database server at `?(?:localhost|127\.0\.0\.1):5432)"#,
        cause: "the app connects to Postgres on this machine, and none is running: the env file isn't loaded, or it has a local URL",
        fix: "run `neonup check env backend`: it shows what the env file holds and whether the code loads it",
    },
    MessageRule {
        kind: "url-unset",
        pattern: r"KeyError: '([A-Z][A-Z0-9_]*(?:URL|DSN|URI))'|Environment variable not found: (\w+)|(Expected string or URL object, got None)|Could not parse SQLAlchemy URL from (?:given URL string|string '(?:None)?'$)",
        cause: "the variable with the connection URL isn't set when the code reads it",
        fix: "load the env file before the line that reads it (`load_dotenv()`, `import \"dotenv/config\"`); `neonup check env backend` shows where",
    },
    MessageRule {
        kind: "dialect",
        pattern: r"Can't load plugin: sqlalchemy\.dialects:postgres\b",
        cause: "SQLAlchemy doesn't know the scheme `postgres://`",
        fix: "write `postgresql://`, or with the driver's name `postgresql+psycopg://`; `neonup setup env` does it",
    },
    MessageRule {
        kind: "async-driver",
        pattern: r"The asyncio extension requires an async driver to be used\. The loaded '(\w+)' is not async",
        cause: "an async engine was created with `{}`, which isn't an async driver",
        fix: "write `postgresql+asyncpg://` or `postgresql+psycopg://` in the URL, and install that driver",
    },
];

/// The rules, ready to search with.
static PATTERNS: LazyLock<Vec<(Regex, &'static MessageRule)>> = LazyLock::new(|| {
    RULES
        .iter()
        .filter_map(|rule| Some((Regex::new(rule.pattern).ok()?, rule)))
        .collect()
});

/// Every kind of error that a log names, the last one first, each once. A line counts for the first rule that fits it.
pub(crate) fn find(log: &str) -> Vec<ConnectionError> {
    let mut found: Vec<ConnectionError> = Vec::new();
    let lines = log.lines().count();
    for (number, line) in (1..)
        .zip(log.lines())
        .skip(lines.saturating_sub(MOST_LINES))
    {
        let matched = PATTERNS
            .iter()
            .find_map(|(pattern, rule)| Some((pattern.captures(line)?, rule)));
        let Some((captures, rule)) = matched else {
            continue;
        };
        let named = captures.iter().skip(1).flatten().next();
        let named = named.map_or("", |name| name.as_str());
        found.retain(|known| known.kind != rule.kind);
        found.push(ConnectionError {
            kind: rule.kind,
            line: number,
            text: line.trim().to_owned(),
            cause: rule.cause.replace("{}", named),
            fix: rule.fix.replace("{}", named),
        });
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Lines of real programs, each with the kind of error that it is.
    const REAL: &[(&str, &str)] = &[
        (
            "TypeError: connect() got an unexpected keyword argument 'sslmode'",
            "asyncpg-sslmode",
        ),
        (
            "TypeError: connect() got an unexpected keyword argument 'channel_binding'",
            "asyncpg-sslmode",
        ),
        (
            "psycopg2.ProgrammingError: invalid dsn: invalid connection option \"channel_binding\"",
            "unknown-option",
        ),
        (
            "psycopg.ProgrammingError: invalid URI query parameter: \"ssl\"",
            "unknown-option",
        ),
        (
            "asyncpg.exceptions.UndefinedObjectError: unrecognized configuration parameter \"channel_binding\"",
            "startup-parameter",
        ),
        (
            "PostgresError: unsupported startup parameter: channel_binding",
            "startup-parameter",
        ),
        (
            "ERROR: unsupported startup parameter in options: search_path",
            "pooler-startup-parameter",
        ),
        (
            "asyncpg.exceptions.DuplicatePreparedStatementError: prepared statement \"__asyncpg_stmt_1__\" already exists",
            "prepared-statement",
        ),
        (
            "Error: prepared statement \"s0\" does not exist",
            "prepared-statement",
        ),
        (
            "psycopg.OperationalError: connection failed: FATAL:  password authentication failed for user \"neondb_owner\"",
            "password-refused",
        ),
        (
            "error: password authentication failed for user 'neondb_owner'",
            "password-refused",
        ),
        (
            "ERROR:  The requested endpoint could not be found, or you don't have access to it. Please check the provided ID and try again.",
            "endpoint-gone",
        ),
        (
            "ERROR:  Endpoint ID is not specified. Either please upgrade the postgres client library (libpq) for SNI support",
            "endpoint-unnamed",
        ),
        (
            "error: connection is insecure (try using `sslmode=require`)",
            "no-tls",
        ),
        (
            "FATAL:  no pg_hba.conf entry for host \"10.0.0.1\", user \"a\", database \"b\", no encryption",
            "no-tls",
        ),
        (
            "psycopg.OperationalError: channel binding is required, but server did not offer an authentication method that supports channel binding",
            "channel-binding",
        ),
        (
            "root certificate file \"/root/.postgresql/root.crt\" does not exist",
            "certificate",
        ),
        ("ERROR: Couldn't connect to compute node", "asleep"),
        (
            "Can't reach database server at `ep-cool-darkness-123456.us-east-2.aws.neon.tech`:`5432`",
            "asleep",
        ),
        (
            "psycopg.errors.AdminShutdown: terminating connection due to administrator command",
            "suspended",
        ),
        (
            "psycopg2.OperationalError: SSL SYSCALL error: EOF detected",
            "stale-connection",
        ),
        (
            "Error: Connection terminated unexpectedly",
            "stale-connection",
        ),
        (
            "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
            "too-many-connections",
        ),
        (
            "FATAL: sorry, too many clients already",
            "too-many-connections",
        ),
        (
            "You have exceeded the limit of concurrently active endpoints.",
            "too-many-computes",
        ),
        (
            "ERROR: Your account or project has exceeded the compute time quota. Upgrade your plan to increase limits.",
            "quota",
        ),
        (
            "ERROR:  cannot execute INSERT in a read-only transaction",
            "read-only",
        ),
        (
            "FATAL:  database \"todo\" does not exist",
            "database-missing",
        ),
        ("FATAL:  role \"alex\" does not exist", "role-missing"),
        (
            "psycopg.errors.UndefinedTable: relation \"task\" does not exist",
            "table-missing",
        ),
        (
            "could not translate host name \"ep-x.aws.neon.tech\" to address: Name or service not known",
            "unresolved-host",
        ),
        (
            "Error: getaddrinfo ENOTFOUND ep-x.aws.neon.tech",
            "unresolved-host",
        ),
        (
            "psycopg.OperationalError: failed to resolve host 'ep-x': [Errno -2] Name or service not known",
            "unresolved-host",
        ),
        (
            "socket.gaierror: [Errno -2] Name or service not known",
            "unresolved-host",
        ),
        (
            "connection to server at \"localhost\" (::1), port 5432 failed: Connection refused",
            "localhost",
        ),
        ("Error: connect ECONNREFUSED 127.0.0.1:5432", "localhost"),
        (
            "OSError: Multiple exceptions: [Errno 111] Connect call failed ('::1', 5432, 0, 0)",
            "localhost",
        ),
        ("KeyError: 'DATABASE_URL'", "url-unset"),
        (
            "error: Environment variable not found: DATABASE_URL.",
            "url-unset",
        ),
        (
            "sqlalchemy.exc.ArgumentError: Expected string or URL object, got None",
            "url-unset",
        ),
        (
            "sqlalchemy.exc.NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:postgres",
            "dialect",
        ),
        (
            "sqlalchemy.exc.InvalidRequestError: The asyncio extension requires an async driver to be used. The loaded 'psycopg2' is not async.",
            "async-driver",
        ),
    ];

    #[test]
    fn each_real_message_is_recognized_and_each_rule_has_one() {
        for (line, kind) in REAL {
            let found = find(line);
            let kinds: Vec<_> = found.iter().map(|error| error.kind).collect();
            assert_eq!(kinds, [*kind], "{line}");
            for error in &found {
                let text = format!("{} {}", error.cause, error.fix);
                assert!(!text.contains("{}") && !text.contains("``"), "{text}");
            }
        }
        let tried: BTreeSet<_> = REAL.iter().map(|(_, kind)| *kind).collect();
        let known: BTreeSet<_> = RULES.iter().map(|rule| rule.kind).collect();
        assert_eq!(tried, known);
        assert_eq!(PATTERNS.len(), RULES.len(), "a pattern is broken");
    }

    #[test]
    fn what_is_no_error_of_a_connection_is_left_alone() {
        for line in [
            "",
            "INFO:     Application startup complete.",
            "ModuleNotFoundError: No module named 'fastapi'",
            "Error: connect ECONNREFUSED 127.0.0.1:6379",
            "GET /api/v1/projects?sslmode=require 200",
            "the role of the database does not exist yet",
            "KeyError: 'user'",
            "redis: connection refused",
        ] {
            assert_eq!(find(line), [], "{line}");
        }
    }

    #[test]
    fn the_last_error_comes_first_and_each_kind_once() {
        let log = "relation \"a\" does not exist\nfine\nFATAL: password authentication failed for user \"o\"\nrelation \"b\" does not exist\n";
        let found = find(log);
        let shown: Vec<_> = found.iter().map(|error| (error.kind, error.line)).collect();
        assert_eq!(shown, [("table-missing", 4), ("password-refused", 3)]);
        assert!(found[0].cause.contains("`b`"), "{}", found[0].cause);
    }
}
