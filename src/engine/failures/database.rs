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
                .why("it was canceled on the server, and its connection closed")
                .hint("run what takes so long by hand, with psql"),
            DatabaseError::StatementLocked { .. } => Self::new(Code::SchemaSqlError, what)
                .why("another session holds a lock on what it changes; it was canceled on the server, and its connection closed")
                .hint("end that session, or try again later"),
            DatabaseError::FileNotRun { reason, .. } => {
                Self::new(Code::SchemaSqlError, what).why(reason)
            }
            DatabaseError::QueryTimedOut => Self::new(Code::HealthQuery, what),
            DatabaseError::QueryFailed { reason } => Self::new(Code::HealthQuery, what)
                .why(reason)
                .hint("look at the compute in the Neon console"),
            DatabaseError::NotResolved { reason, .. } => Self::new(Code::HealthDns, what)
                .why(reason)
                .hint("check the network, and the host in the connection URL; a deleted compute's name is gone too"),
            DatabaseError::NotConnected { source, .. } => Self::new(Code::HealthTcp, what)
                .why(source.to_string())
                .hint(if source.kind() == io::ErrorKind::ConnectionRefused {
                    "nothing listens there: start the sandbox if this is one, else check the host in the connection URL"
                } else {
                    "check the network: a firewall may block port 5432"
                }),
            DatabaseError::CutAtOnce(source) => {
                Self::new(Code::HealthTcp, what).why(source.to_string())
            }
            DatabaseError::Cut { source, .. } => Self::new(Code::HealthTcp, what)
                .why(source.to_string())
                .hint("try again; a compute that is just waking up may do this once"),
            DatabaseError::NoTls { reason, .. } => Self::new(Code::HealthTls, what)
                .why(reason)
                .hint("behind a company proxy, or with a private authority, name its certificate with --ca-file"),
            DatabaseError::BadCertificate { fault, reason, .. } => Self::new(Code::HealthTls, what)
                .why(reason)
                .hint(fault.hint()),
            DatabaseError::Stalled { .. } => Self::new(Code::HealthQuery, what)
                .why("something on the way passes TCP on and no Postgres, or the server hangs")
                .hint("check the host in the connection URL, a VPN or firewall on the way, and the compute in the Neon console"),
            DatabaseError::NotProved { fault, .. } => Self::new(Code::HealthAuth, what)
                .why(format!("{fault}; the password was not sent"))
                .hint("something may stand between you and the database: check the network, the host in the connection URL, and --ca-file"),
            DatabaseError::Misbehaves { fault, .. } => Self::new(Code::HealthQuery, what)
                .why(fault.to_string())
                .hint("check the host in the connection URL, and whether something stands in between"),
            DatabaseError::UnusableRoot { reason } => Self::new(Code::HealthTls, what)
                .why(reason)
                .hint("name a PEM file with --ca-file"),
            DatabaseError::LoginTimedOut { .. } => Self::new(Code::HealthQuery, what)
                .why("the compute did not wake up, or something between does not pass Postgres on")
                .hint("look at the compute in the Neon console, then try again"),
            DatabaseError::WrongPassword { message, .. } => Self::new(Code::HealthAuth, what)
                .why(message)
                .hint("the password was probably rotated: `neonup setup env` writes the current one"),
            DatabaseError::NoSuchDatabase { message, .. } => Self::new(Code::HealthDatabase, what)
                .why(message)
                .hint("check the URL's last part, or set [project] database in neonup.toml"),
            DatabaseError::NoConnectionLeft { message, .. } => Self::new(Code::HealthLimit, what)
                .why(message)
                .hint("close some clients, or use the pooled URL"),
            DatabaseError::LoginRefused { message, .. } => Self::new(Code::HealthQuery, what)
                .why(message)
                .hint("look at the compute in the Neon console"),
            DatabaseError::LoginFailed { reason, .. } => {
                Self::new(Code::HealthQuery, what).why(reason)
            }
        }
    }
}

fn not_sent(why: &UnreadableScript) -> &'static str {
    match why {
        UnreadableScript::PsqlCommand { .. } => {
            "take it out, and name each file that it would read under [schema] files in neonup.toml"
        }
        UnreadableScript::Nul { .. } => "save the file as UTF-8 text",
        UnreadableScript::BackslashStrings { .. } => {
            "take that line out, and write E'…' for strings with backslashes"
        }
        UnreadableScript::OpenTransaction { .. } => {
            "end it with `commit;`, or take its `begin` out"
        }
    }
}

// SQLSTATEs; PostgreSQL, appendix A
const ALREADY_THERE: [&str; 6] = ["42P07", "42710", "42723", "42P06", "42701", "42P16"];
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
            "a part of the schema is there already: write `if not exists` or `create or replace`, or put what is missing in a \
             file of its own"
        }
        LOCKED => "another session holds a lock on it: end that session, or try again later",
        TOOK_TOO_LONG => "it took longer than a statement may: run it by hand, with psql",
        _ => hint.as_deref().unwrap_or("mend the file"),
    };
    Failure::new(Code::SchemaSqlError, what)
        .why(format!("{message}{detail} ({sqlstate})"))
        .hint(format!("{way_out} ({fate})"))
}
