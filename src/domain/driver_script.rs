//! Scripts that prove that the project's own driver connects with the URL that was written: a few lines for its interpreter.
//!
//! The URL goes in through a variable, never through argv. What comes back is one line: `connected`, `missing:MODULE`, or
//! `failed:CLASS:MESSAGE`.

use crate::{
    core::secret::DOTS,
    domain::{python, redact, url::Driver},
};

/// The variable that hands the URL to the script.
pub(crate) const URL_VARIABLE: &str = "NEONUP_PROOF_URL";

/// A script for an interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DriverScript {
    /// `python` or `node`.
    pub interpreter: &'static str,
    /// Switches, the one that takes a script, and the script.
    pub arguments: Vec<String>,
    /// The library that connects, for a person.
    pub library: &'static str,
}

/// What a script printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DriverOutcome {
    Connected,
    /// A module is not installed; `install` is the command that installs what the driver needs.
    Missing {
        module: String,
        install: &'static str,
    },
    /// The driver refused or was refused; its own message, without a password.
    Failed(String),
    /// It printed something else.
    Unclear,
}

/// The script for a driver, or `None` where no interpreter runs it.
pub(crate) fn script(driver: Driver) -> Option<DriverScript> {
    let (interpreter, switches, source, library) = match driver {
        Driver::Psycopg => ("python", PYTHON, SQLALCHEMY, "psycopg"),
        Driver::Psycopg2 => ("python", PYTHON, SQLALCHEMY, "psycopg2"),
        Driver::Pg8000 => ("python", PYTHON, SQLALCHEMY, "pg8000"),
        Driver::Asyncpg => ("python", PYTHON, SQLALCHEMY_ASYNC, "asyncpg"),
        Driver::Django => ("python", PYTHON, DJANGO, "psycopg"),
        Driver::NodePostgres | Driver::Drizzle => ("node", &["-e"][..], NODE, "node-postgres"),
        Driver::Libpq
        | Driver::LibpqKeywords
        | Driver::AsyncpgPlain
        | Driver::Prisma
        | Driver::Jdbc
        | Driver::Npgsql
        | Driver::Pgx
        | Driver::Sqlx => return None,
    };
    let source = source.replace("@CONNECT_ARGS@", python::connect_args(driver));
    let switches = switches.iter().map(|switch| (*switch).to_owned());
    Some(DriverScript {
        interpreter,
        arguments: switches.chain([source]).collect(),
        library,
    })
}

/// `-I` isolates: without it the working directory comes first on the search path, and a `psycopg.py` of the repository would be
/// loaded in place of the library and get the URL.
const PYTHON: &[&str] = &["-I", "-c"];

const SQLALCHEMY: &str = include_str!("../../assets/proofs/sqlalchemy.py");
const SQLALCHEMY_ASYNC: &str = include_str!("../../assets/proofs/sqlalchemy_async.py");
const DJANGO: &str = include_str!("../../assets/proofs/django.py");
const NODE: &str = include_str!("../../assets/proofs/node.cjs");

/// Reads what a script printed. `password` is taken out of the driver's message, should it ever stand there.
pub(crate) fn outcome(driver: Driver, output: &str, password: &str) -> DriverOutcome {
    for line in output.lines().rev() {
        if line.trim() == "connected" {
            return DriverOutcome::Connected;
        }
        if let Some(module) = line.strip_prefix("missing:") {
            return DriverOutcome::Missing {
                module: module.trim().to_owned(),
                install: install(driver),
            };
        }
        if let Some(message) = line.strip_prefix("failed:") {
            let message = redact::text(message);
            return DriverOutcome::Failed(if password.is_empty() {
                message
            } else {
                message.replace(password, DOTS)
            });
        }
    }
    DriverOutcome::Unclear
}

/// The command that installs the driver's packages.
const fn install(driver: Driver) -> &'static str {
    match driver {
        Driver::Psycopg2 => "python -m pip install sqlalchemy psycopg2-binary",
        Driver::Pg8000 => "python -m pip install sqlalchemy pg8000",
        Driver::Asyncpg | Driver::AsyncpgPlain => {
            "python -m pip install \"sqlalchemy[asyncio]\" asyncpg"
        }
        Driver::NodePostgres | Driver::Drizzle | Driver::Prisma => "npm install pg",
        Driver::Libpq
        | Driver::LibpqKeywords
        | Driver::Psycopg
        | Driver::Django
        | Driver::Jdbc
        | Driver::Npgsql
        | Driver::Pgx
        | Driver::Sqlx => "python -m pip install sqlalchemy \"psycopg[binary]\"",
    }
}

#[cfg(test)]
mod real;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_hold_no_password() {
        let read = |output: &str| outcome(Driver::Psycopg, output, "hunter2");
        assert_eq!(read("warning\nconnected\n"), DriverOutcome::Connected);
        assert!(
            matches!(read("missing:psycopg\n"), DriverOutcome::Missing { module, .. } if module == "psycopg")
        );
        assert_eq!(
            read("failed:OperationalError:no hunter2 at postgres://u:x@h/d\n"),
            DriverOutcome::Failed("OperationalError:no •••• at postgres://u:••••@h/d".to_owned())
        );
        assert_eq!(read(""), DriverOutcome::Unclear);
    }

    #[test]
    fn every_script_is_complete_and_isolated() {
        for driver in Driver::ALL {
            if let Some(script) = script(*driver) {
                let (source, switches) = script.arguments.split_last().unwrap();
                assert!(!source.contains('@') || script.interpreter == "node");
                assert!(source.contains(URL_VARIABLE), "{driver}");
                match script.interpreter {
                    "python" => assert_eq!(switches, ["-I", "-c"], "{driver}"),
                    _ => assert_eq!(switches, ["-e"], "{driver}"),
                }
            }
        }
    }
}
