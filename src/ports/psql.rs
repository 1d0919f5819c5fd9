//! psql in this terminal, on a database of ours: its password is neither on a command line nor in an environment.

use std::{
    io::{self, Write as _},
    path::Path,
};

use futures_util::Stream;
use tokio::process::Command;

use crate::{
    core::environment::Environment,
    domain::url::Connection,
    os::{files, folders, foreground::TerminalModes, signals::Signal},
    ports::foreground,
};

/// Why psql did not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PsqlError {
    #[error("psql isn't installed")]
    NotInstalled,
    #[error("can't start psql")]
    NotStarted(#[source] io::Error),
    #[error("can't write the password file for psql")]
    NoPasswordFile(#[source] io::Error),
}

/// Bundles of the certificates that a system trusts, as distributions place them. Only psql 16 and later finds them by itself
/// (`sslrootcert=system`, <https://www.postgresql.org/docs/16/release-16.html>).
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The exit code of a psql that something else has killed.
const KILLED: i32 = -1;

/// Runs psql until it ends, and gives its exit code: `None` after one of these signals. `authority` is an extra root certificate, and `environment` what
/// psql gets of ours, with the folders in which it is looked for.
pub(crate) async fn run(
    connection: &Connection,
    authority: Option<&Path>,
    environment: &Environment,
    arguments: &[String],
    signals: &mut (impl Stream<Item = Signal> + Unpin),
) -> Result<Option<i32>, PsqlError> {
    // it is gone with this value, also where psql is killed
    let folder = folders::create_temporary("neonup-psql-").map_err(PsqlError::NoPasswordFile)?;
    let passwords = folder.path().join("passwords");
    files::new_private_file(&passwords)
        .and_then(|mut file| writeln!(file, "{}", password_line(connection)))
        .map_err(PsqlError::NoPasswordFile)?;
    let before = TerminalModes::now();
    let psql = Command::new("psql")
        .env_clear()
        .envs(environment.iter())
        .envs(variables(connection, authority, environment))
        .env("PGPASSFILE", &passwords)
        .args(arguments)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                PsqlError::NotInstalled
            } else {
                PsqlError::NotStarted(error)
            }
        })?;
    let ended = foreground::wait(psql, before, signals).await;
    let status = ended.map_err(PsqlError::NotStarted)?;
    Ok(status.map(|status| status.code().unwrap_or(KILLED)))
}

/// The connection without its password, as libpq reads it.
fn variables(
    connection: &Connection,
    authority: Option<&Path>,
    environment: &Environment,
) -> Vec<(&'static str, String)> {
    let trusted = authority
        .map(|path| path.display().to_string())
        .or_else(|| environment.get("PGSSLROOTCERT").map(str::to_owned))
        .or_else(|| environment.get("SSL_CERT_FILE").map(str::to_owned))
        .or_else(|| {
            let found = BUNDLES.into_iter().find(|path| Path::new(path).is_file());
            found.map(str::to_owned)
        })
        .unwrap_or_else(|| "system".to_owned());
    vec![
        ("PGHOST", connection.host.clone()),
        ("PGPORT", connection.port.unwrap_or(5432).to_string()),
        ("PGDATABASE", connection.database.clone()),
        ("PGUSER", connection.role.clone()),
        ("PGSSLMODE", "verify-full".to_owned()),
        ("PGSSLROOTCERT", trusted),
        ("PGAPPNAME", "neonup psql".to_owned()),
    ]
}

/// The line of a password file (<https://www.postgresql.org/docs/current/libpq-pgpass.html>).
fn password_line(connection: &Connection) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
    let port = connection.port.unwrap_or(5432);
    format!(
        "{}:{port}:*:{}:{}",
        escaped(&connection.host),
        escaped(&connection.role),
        escaped(connection.password.expose())
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::secret::Secret;

    fn connection() -> Connection {
        Connection {
            host: "ep-x.neon.tech".to_owned(),
            pooled_host: String::new(),
            port: None,
            database: "neondb".to_owned(),
            role: "a:b".to_owned(),
            password: Secret::new("p:\\w".to_owned()),
            channel_binding: true,
        }
    }

    #[test]
    fn the_password_is_escaped_and_only_in_its_file() {
        assert_eq!(
            password_line(&connection()),
            "ep-x.neon.tech:5432:*:a\\:b:p\\:\\\\w"
        );
        let variables = variables(&connection(), None, &Environment::new(Vec::new()));
        assert!(variables.iter().all(|(_, value)| !value.contains(":\\w")));
    }
}
