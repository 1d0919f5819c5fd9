//! Databases that were not reached, or refused.

use std::io;

use crate::{
    core::{code::Code, failure::Failure},
    domain::sql::UnreadableScript,
    ports::database::{DatabaseError, StatementError},
};

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        let what = error.to_string();
        match error {
            DatabaseError::Statement(statement) => refused_statement(what, *statement),
            DatabaseError::NotSent { why, .. } => Self::new(Code::SchemaSqlError, what)
                .why("nothing was run")
                .hint(not_sent(&why)),
            DatabaseError::StatementTimedOut { .. } => Self::new(Code::SchemaSqlError, what)
                .why("it was canceled on the server, and its connection was closed")
                .hint("run long statements by hand, with psql"),
            DatabaseError::StatementLocked { .. } => Self::new(Code::SchemaSqlError, what)
                .why("another session holds a lock on what it changes; it was canceled on the server, and its connection was \
                closed")
                .hint("end that session, or try again later"),
            DatabaseError::FileNotRun { reason, .. } => {
                Self::new(Code::SchemaSqlError, what).why(reason)
            }
            DatabaseError::QueryTimedOut => Self::new(Code::HealthQuery, what),
            DatabaseError::QueryFailed { reason } => Self::new(Code::HealthQuery, what)
                .why(reason)
                .hint("check the compute in the Neon console"),
            DatabaseError::NotResolved { reason, .. } => Self::new(Code::HealthDns, what)
                .why(reason)
                .hint("check the network and the host in the connection URL; if the compute was deleted, its name is gone too"),
            DatabaseError::NotConnected { source, .. } => Self::new(Code::HealthTcp, what)
                .why(source.to_string())
                .hint(if source.kind() == io::ErrorKind::ConnectionRefused {
                    "nothing is listening there: start the sandbox if this is one, otherwise check the host in the connection \
                    URL"
                } else {
                    "check the network: a firewall may block port 5432"
                }),
            DatabaseError::CutAtOnce(source) => {
                Self::new(Code::HealthTcp, what).why(source.to_string())
            }
            DatabaseError::Cut { source, .. } => Self::new(Code::HealthTcp, what)
                .why(source.to_string())
                .hint("try again; this can happen once while a compute wakes up"),
            DatabaseError::NoTls { reason, .. } => Self::new(Code::HealthTls, what)
                .why(reason)
                .hint("behind a company proxy, or with a private certificate authority, add its certificate with --ca-file"),
            DatabaseError::BadCertificate { fault, reason, .. } => Self::new(Code::HealthTls, what)
                .why(reason)
                .hint(fault.hint()),
            DatabaseError::Stalled { .. } => Self::new(Code::HealthQuery, what)
                .why("something in between accepts TCP but doesn't forward Postgres, or the server hangs")
                .hint("check the host in the connection URL, any VPN or firewall in between, and the compute in the Neon \
                console"),
            DatabaseError::NotProved { fault, .. } => Self::new(Code::HealthAuth, what)
                .why(format!("{fault}; the password was not sent"))
                .hint("someone may be intercepting the connection: check the network, the host in the connection URL, and \
                --ca-file"),
            DatabaseError::Misbehaves { fault, .. } => Self::new(Code::HealthQuery, what)
                .why(fault.to_string())
                .hint("check the host in the connection URL, and for something in between"),
            DatabaseError::UnusableRoot { reason } => Self::new(Code::HealthTls, what)
                .why(reason)
                .hint("give a PEM file with --ca-file"),
            DatabaseError::LoginTimedOut { .. } => Self::new(Code::HealthQuery, what)
                .why("the compute didn't wake up, or something in between doesn't forward Postgres")
                .hint("check the compute in the Neon console, then try again"),
            DatabaseError::WrongPassword { message, .. } => Self::new(Code::HealthAuth, what)
                .why(message)
                .hint("the password was probably rotated: run `neonup setup env` to write the current one"),
            DatabaseError::NoSuchDatabase { message, .. } => Self::new(Code::HealthDatabase, what)
                .why(message)
                .hint("check the last part of the URL, or set [project] database in neonup.toml"),
            DatabaseError::NoConnectionLeft { message, .. } => Self::new(Code::HealthLimit, what)
                .why(message)
                .hint("close some clients, or use the pooled URL"),
            DatabaseError::LoginRefused { message, .. } => Self::new(Code::HealthQuery, what)
                .why(message)
                .hint("check the compute in the Neon console"),
            DatabaseError::LoginFailed { reason, .. } => {
                Self::new(Code::HealthQuery, what).why(reason)
            }
        }
    }
}

fn not_sent(why: &UnreadableScript) -> &'static str {
    match why {
        UnreadableScript::PsqlCommand { .. } => {
            "remove it, and list each file it would include under [schema] files in neonup.toml"
        }
        UnreadableScript::Nul { .. } => "save the file as UTF-8 text",
        UnreadableScript::BackslashStrings { .. } => {
            "remove that line, and write E'…' for strings with backslashes"
        }
        UnreadableScript::OpenTransaction { .. } => "end it with `commit;`, or remove its `begin`",
    }
}

// SQLSTATEs; PostgreSQL, appendix A
const ALREADY_THERE: [&str; 6] = ["42P07", "42710", "42723", "42P06", "42701", "42P16"];
/// `insufficient_privilege` (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const NOT_ALLOWED: &str = "42501";
const LOCKED: &str = "55P03";
const TOOK_TOO_LONG: &str = "57014";

fn refused_statement(what: String, statement: StatementError) -> Failure {
    let StatementError {
        sqlstate,
        message,
        detail,
        hint,
        kept,
        ..
    } = statement;
    let detail = detail.map_or_else(String::new, |detail| format!("; {detail}"));
    let fate = if kept {
        "what ran before it stays"
    } else {
        "nothing was changed"
    };
    let way_out = match sqlstate.as_str() {
        code if ALREADY_THERE.contains(&code) => {
            "part of the schema already exists: write `if not exists` or `create or replace`, or put the missing part in a \
            separate file"
        }
        NOT_ALLOWED => {
            "the role in the connection URL may not do that: grant it the right, or remove `role` from [project] in neonup.toml, so \
            that the database's owner does it"
        }
        LOCKED => "another session holds a lock on it: end that session, or try again later",
        TOOK_TOO_LONG => "it exceeded the time limit for statements: run it by hand, with psql",
        _ => hint.as_deref().unwrap_or("fix the file"),
    };
    Failure::new(Code::SchemaSqlError, what)
        .why(format!("{message}{detail} ({sqlstate})"))
        .hint(format!("{way_out} ({fate})"))
}
