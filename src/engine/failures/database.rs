//! Databases that were not reached, or refused.

use std::io;

use crate::{
    core::{code::Code, failure::Failure},
    ports::database::{DatabaseError, StatementError},
};

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        let what = error.to_string();
        match error {
            DatabaseError::Statement(statement) => refused_statement(what, *statement),
            DatabaseError::EndsTransaction { .. } => Self::new(Code::SchemaSqlError, what)
                .why("nothing was run: an error after it could not be taken back")
                .hint("remove the transaction's statements from the file: all files run in one transaction anyway"),
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

fn refused_statement(what: String, statement: StatementError) -> Failure {
    let StatementError {
        sqlstate,
        message,
        detail,
        hint,
        ..
    } = statement;
    let detail = detail.map_or_else(String::new, |detail| format!("; {detail}"));
    Failure::new(Code::SchemaSqlError, what)
        .why(format!("{message}{detail} ({sqlstate})"))
        .hint(hint.map_or_else(
            || "mend the file; nothing was changed".to_owned(),
            |hint| format!("{hint} (nothing was changed)"),
        ))
}
