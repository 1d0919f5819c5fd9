//! The proof that the project's own driver connects with the URL that was written: a few lines for its own interpreter.
//!
//! The URL goes in through a variable, never through argv. What comes back is one line: `connected`, `missing:MODULE`, or
//! `failed:CLASS:MESSAGE`.

use crate::{
    core::secret::DOTS,
    domain::{python, redact, url::Driver},
};

/// The variable that hands the URL to the script.
pub(crate) const VARIABLE: &str = "NEONUP_PROOF_URL";

/// A script for an interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    /// The interpreter: `python` or `node`.
    pub interpreter: &'static str,
    /// Its arguments: switches, the one that takes a script, and the script.
    pub arguments: Vec<String>,
    /// The library that connects, for a person.
    pub library: &'static str,
}

/// What a script said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It connected and asked.
    Connected,
    /// A module is not installed; with the command that installs what the driver needs.
    Missing {
        /// The module.
        module: String,
        /// The command.
        install: &'static str,
    },
    /// The driver refused or was refused; its own words, without a password.
    Failed(String),
    /// It said something else.
    Unclear,
}

/// The script for a driver, or `None` where no interpreter runs it.
pub(crate) fn proof(driver: Driver) -> Option<Proof> {
    let (interpreter, switches, script, library) = match driver {
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
    let script = script.replace("@CONNECT_ARGS@", python::connect_args(driver));
    let switches = switches.iter().map(|switch| (*switch).to_owned());
    Some(Proof {
        interpreter,
        arguments: switches.chain([script]).collect(),
        library,
    })
}

/// Isolated: without it the working directory comes first on the search path, and a `psycopg.py` of the repository would be
/// loaded in place of the library, with the URL at hand.
const PYTHON: &[&str] = &["-I", "-c"];

const SQLALCHEMY: &str = include_str!("../../assets/proofs/sqlalchemy.py");
const SQLALCHEMY_ASYNC: &str = include_str!("../../assets/proofs/sqlalchemy_async.py");
const DJANGO: &str = include_str!("../../assets/proofs/django.py");
const NODE: &str = include_str!("../../assets/proofs/node.cjs");

/// Reads what a script said. `password` is taken out of the driver's words, should it ever stand there.
pub(crate) fn verdict(driver: Driver, output: &str, password: &str) -> Verdict {
    for line in output.lines().rev() {
        if line.trim() == "connected" {
            return Verdict::Connected;
        }
        if let Some(module) = line.strip_prefix("missing:") {
            return Verdict::Missing {
                module: module.trim().to_owned(),
                install: install(driver),
            };
        }
        if let Some(words) = line.strip_prefix("failed:") {
            let words = redact::text(words);
            return Verdict::Failed(if password.is_empty() {
                words
            } else {
                words.replace(password, DOTS)
            });
        }
    }
    Verdict::Unclear
}

/// What installs the driver's packages.
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
    fn one_line_says_it_all_and_no_password() {
        let say = |output: &str| verdict(Driver::Psycopg, output, "hunter2");
        assert_eq!(say("warning\nconnected\n"), Verdict::Connected);
        assert!(
            matches!(say("missing:psycopg\n"), Verdict::Missing { module, .. } if module == "psycopg")
        );
        assert_eq!(
            say("failed:OperationalError:no hunter2 at postgres://u:x@h/d\n"),
            Verdict::Failed("OperationalError:no •••• at postgres://u:••••@h/d".to_owned())
        );
        assert_eq!(say(""), Verdict::Unclear);
    }

    #[test]
    fn scripts_are_complete() {
        for driver in Driver::ALL {
            if let Some(proof) = proof(*driver) {
                let (script, switches) = proof.arguments.split_last().unwrap();
                assert!(!script.contains('@') || proof.interpreter == "node");
                assert!(script.contains(VARIABLE), "{driver}");
                match proof.interpreter {
                    "python" => assert_eq!(switches, ["-I", "-c"], "{driver}"),
                    _ => assert_eq!(switches, ["-e"], "{driver}"),
                }
            }
        }
    }
}
