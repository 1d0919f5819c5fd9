//! The superuser's session on a compute.
//!
//! Every name and text that reaches Postgres from the sandbox is quoted here: no other file writes a statement.

use std::{io, path::Path};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgRow, PgSslMode},
};

use crate::{
    os::sockets::{IS_PRIVATE, Listener, Stream, place},
    sandbox::{
        records::{DEFAULT_DATABASE, DEFAULT_ROLE},
        socket_dir::SocketDir,
        startup, wire,
    },
};

/// The superuser's name, which is Neon's. Its password is random and never handed out, and the front refuses it.
pub(crate) const SUPERUSER: &str = "cloud_admin";
/// The role whose members are what Neon calls superusers. Nobody logs in as it.
pub(crate) const NEON_SUPERUSER: &str = "neon_superuser";
/// The database that the sandbox works from; it exists in every cluster.
const HOME: &str = "postgres";

/// A connection of the superuser.
pub(crate) struct Admin {
    connection: PgConnection,
    sockets: SocketDir,
}

impl Admin {
    /// Connects to the server whose socket lies in `sockets`.
    pub(crate) async fn connect(sockets: &SocketDir) -> io::Result<Self> {
        Ok(Self {
            connection: connect(sockets, HOME).await?,
            sockets: sockets.clone(),
        })
    }

    /// The server's major version.
    fn major(&self) -> u32 {
        self.connection.server_version_num().unwrap_or(0) / 10_000
    }

    async fn execute(&mut self, sql: &str) -> io::Result<()> {
        execute(&mut self.connection, sql).await
    }

    /// The texts in the first column of a query's rows, without nulls.
    async fn texts(&mut self, sql: &str) -> io::Result<Vec<String>> {
        let rows = sqlx::raw_sql(AssertSqlSafe(sql))
            .fetch_all(&mut self.connection)
            .await
            .map_err(refusal)?;
        let text = |row: &PgRow| row.try_get::<Option<String>, _>(0).transpose();
        rows.iter()
            .filter_map(text)
            .collect::<Result<_, _>>()
            .map_err(refusal)
    }

    async fn text(&mut self, sql: &str) -> io::Result<String> {
        let first = self.texts(sql).await?.into_iter().next();
        first.ok_or_else(|| io::Error::other("postgres answered no row"))
    }

    pub(crate) async fn role_names(&mut self) -> io::Result<Vec<String>> {
        self.texts("SELECT rolname FROM pg_roles").await
    }

    pub(crate) async fn database_names(&mut self) -> io::Result<Vec<String>> {
        self.texts("SELECT datname FROM pg_database").await
    }

    /// The roles that belong to a project, and whether they may log in: all but the system's.
    pub(crate) async fn project_roles(&mut self) -> io::Result<Vec<(String, bool)>> {
        let own = format!(
            "FROM pg_roles WHERE NOT rolsuper AND rolname !~ '^pg_' AND rolname <> {} ORDER BY oid",
            literal(NEON_SUPERUSER)
        );
        let names = self.texts(&format!("SELECT rolname::text {own}")).await?;
        let logins = self
            .texts(&format!("SELECT rolcanlogin::text {own}"))
            .await?;
        Ok(names
            .into_iter()
            .zip(logins.iter().map(|login| login == "true"))
            .collect())
    }

    /// The databases that belong to a project, and their owners.
    pub(crate) async fn project_databases(&mut self) -> io::Result<Vec<(String, String)>> {
        let own = format!(
            "FROM pg_database WHERE NOT datistemplate AND datname <> {} ORDER BY oid",
            literal(HOME)
        );
        let names = self.texts(&format!("SELECT datname::text {own}")).await?;
        let owners = format!("SELECT pg_get_userbyid(datdba)::text {own}");
        let owners = self.texts(&owners).await?;
        Ok(names.into_iter().zip(owners).collect())
    }

    /// The verifier of a role that may log in, as Postgres keeps it.
    pub(crate) async fn password_verifier(&mut self, role: &str) -> io::Result<Option<String>> {
        let verifier = format!(
            "SELECT rolpassword FROM pg_authid WHERE rolcanlogin AND NOT rolsuper AND rolname = {} \
             AND (rolvaliduntil IS NULL OR rolvaliduntil > now())",
            literal(role)
        );
        Ok(self.texts(&verifier).await?.into_iter().next())
    }

    /// Creates the role whose members are what Neon calls superusers, with the grants that Neon's `compute_ctl` makes
    /// (neondatabase/neon, `compute_tools/src/migrations`), but `pg_create_subscription`: a subscription would connect to
    /// wherever it is told, and no worker would serve it.
    pub(crate) async fn create_neon_superuser(&mut self) -> io::Result<()> {
        let roles = self.create_roles();
        self.execute(&format!(
            "CREATE ROLE {NEON_SUPERUSER} CREATEDB {roles} NOLOGIN REPLICATION BYPASSRLS \
             IN ROLE pg_read_all_data, pg_write_all_data; \
             GRANT pg_monitor TO {NEON_SUPERUSER} WITH ADMIN OPTION"
        ))
        .await
    }

    /// Whether roles may create roles. Before 16, who may could also make itself a member of `pg_execute_server_program`,
    /// which is a shell.
    fn create_roles(&self) -> &'static str {
        if self.major() >= 16 {
            "CREATEROLE"
        } else {
            "NOCREATEROLE"
        }
    }

    /// Creates a role as Neon's control plane does.
    pub(crate) async fn create_role(&mut self, name: &str, login: bool) -> io::Result<()> {
        let login = if login { "LOGIN" } else { "NOLOGIN" };
        let roles = self.create_roles();
        self.execute(&format!(
            "CREATE ROLE {} {login} INHERIT {roles} CREATEDB BYPASSRLS REPLICATION IN ROLE {NEON_SUPERUSER}",
            identifier(name)
        ))
        .await
    }

    /// Makes a role that may do nothing but own its database, and the database.
    pub(crate) async fn make_confined(
        &mut self,
        role: &str,
        password: &str,
        database: &str,
    ) -> io::Result<()> {
        self.drop_database(DEFAULT_DATABASE).await?;
        self.execute(&format!("DROP ROLE IF EXISTS {}", identifier(DEFAULT_ROLE)))
            .await?;
        let creates = self.create_roles();
        self.execute(&format!(
            "CREATE ROLE {} LOGIN {creates} NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS PASSWORD {}",
            identifier(role),
            literal(password)
        ))
        .await?;
        self.create_database(database, role).await
    }

    /// Takes from the roles of an older neonup what those of this one don't get.
    pub(crate) async fn narrow_roles(&mut self) -> io::Result<()> {
        if self.major() >= 16 {
            let revoke = format!("REVOKE pg_create_subscription FROM {NEON_SUPERUSER}");
            return self.execute(&revoke).await;
        }
        let creators = "SELECT rolname FROM pg_roles WHERE rolcreaterole AND NOT rolsuper";
        for role in self.texts(creators).await? {
            let role = identifier(&role);
            self.execute(&format!("ALTER ROLE {role} NOCREATEROLE"))
                .await?;
        }
        Ok(())
    }

    /// Makes the server read its `pg_hba.conf` again.
    pub(crate) async fn reload(&mut self) -> io::Result<()> {
        self.execute("SELECT pg_reload_conf()").await
    }

    pub(crate) async fn rename_role(&mut self, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (identifier(from), identifier(to));
        self.execute(&format!("ALTER ROLE {from} RENAME TO {to}"))
            .await
    }

    pub(crate) async fn set_password(&mut self, role: &str, password: &str) -> io::Result<()> {
        let (role, password) = (identifier(role), literal(password));
        self.execute(&format!("ALTER ROLE {role} PASSWORD {password}"))
            .await
    }

    /// Closes the connections of a role.
    pub(crate) async fn disconnect_role(&mut self, name: &str) -> io::Result<()> {
        self.disconnect("usename", name).await
    }

    async fn disconnect(&mut self, column: &str, name: &str) -> io::Result<()> {
        let name = literal(name);
        self.execute(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {column} = {name}"
        ))
        .await
    }

    /// Drops a role, if it exists, and gives what it owns to `heir`.
    pub(crate) async fn drop_role(&mut self, name: &str, heir: &str) -> io::Result<()> {
        if !self.role_names().await?.iter().any(|role| role == name) {
            return Ok(());
        }
        let (name, heir) = (identifier(name), identifier(heir));
        // Everything that a role owns, in each database, has to go to somebody before it can be dropped.
        let open = "SELECT datname FROM pg_database WHERE datallowconn";
        for database in self.texts(open).await? {
            let mut there = connect(&self.sockets, &database).await?;
            execute(&mut there, &format!("REASSIGN OWNED BY {name} TO {heir}")).await?;
            execute(&mut there, &format!("DROP OWNED BY {name}")).await?;
        }
        self.execute(&format!("DROP ROLE {name}")).await
    }

    /// Creates a database as Neon's control plane does.
    pub(crate) async fn create_database(&mut self, name: &str, owner: &str) -> io::Result<()> {
        let (name, owner) = (identifier(name), identifier(owner));
        self.execute(&format!("CREATE DATABASE {name} OWNER {owner}"))
            .await
    }

    /// Renames a database, whoever is connected to it.
    pub(crate) async fn rename_database(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.disconnect("datname", from).await?;
        let (from, to) = (identifier(from), identifier(to));
        self.execute(&format!("ALTER DATABASE {from} RENAME TO {to}"))
            .await
    }

    pub(crate) async fn set_owner(&mut self, database: &str, owner: &str) -> io::Result<()> {
        let (database, owner) = (identifier(database), identifier(owner));
        self.execute(&format!("ALTER DATABASE {database} OWNER TO {owner}"))
            .await
    }

    /// Drops a database, if it exists, whoever is connected to it.
    pub(crate) async fn drop_database(&mut self, name: &str) -> io::Result<()> {
        let name = identifier(name);
        self.execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await
    }

    /// Begins an online backup, which the same session has to end; returns the log position where it begins.
    pub(crate) async fn start_backup(&mut self, slot: &str) -> io::Result<String> {
        // The slot keeps the log from being recycled until this session ends.
        let slot = literal(slot);
        self.execute(&format!(
            "SELECT pg_create_physical_replication_slot({slot}, true, true)"
        ))
        .await?;
        self.text(if self.major() >= 15 {
            "SELECT pg_backup_start('branch', true)::text"
        } else {
            "SELECT pg_start_backup('branch', true, false)::text"
        })
        .await
    }

    /// Ends the online backup; returns the content for the copy's `backup_label`.
    pub(crate) async fn stop_backup(&mut self) -> io::Result<String> {
        self.text(if self.major() >= 15 {
            "SELECT labelfile FROM pg_backup_stop(false)"
        } else {
            "SELECT labelfile FROM pg_stop_backup(false, false)"
        })
        .await
    }
}

/// Connects the superuser to a database.
async fn connect(sockets: &SocketDir, database: &str) -> io::Result<PgConnection> {
    let options = options(SUPERUSER, database).password(sockets.admin().expose());
    // a database's owner may have set another path for all its sessions
    let path = [("search_path", "pg_catalog")];
    establish(options, sockets, &path).await
}

/// Connects a role with its password to a database.
pub(crate) async fn connect_role(
    sockets: &SocketDir,
    role: &str,
    password: &str,
    database: &str,
) -> io::Result<PgConnection> {
    let options = options(role, database).password(password);
    establish(options, sockets, &[]).await
}

fn options(role: &str, database: &str) -> PgConnectOptions {
    // What sqlx would take from the user's `PG…` variables is set here, all but `PGOPTIONS`, which only adds up.
    PgConnectOptions::new_without_pgpass()
        .username(role)
        .database(database)
        .application_name("neonup sandbox")
        .ssl_mode(PgSslMode::Disable)
        .disable_statement_logging() // there are passwords in them
}

async fn establish(
    options: PgConnectOptions,
    sockets: &SocketDir,
    settings: &[(&str, &str)],
) -> io::Result<PgConnection> {
    if options.get_options().is_some() || !IS_PRIVATE {
        return connect_relayed(options, sockets, settings).await;
    }
    let quiet = at(options, place(sockets.path())?)
        .options([("client_min_messages", "warning")])
        .options(settings.iter().copied());
    PgConnection::connect_with(&quiet).await.map_err(refusal)
}

fn at(options: PgConnectOptions, (folder, port): (Option<&Path>, u16)) -> PgConnectOptions {
    let options = match folder {
        Some(folder) => options.socket(folder),
        None => options.host("127.0.0.1"),
    };
    options.port(port)
}

/// Connects through a relay that takes the `options` out of the start-up packet, and that talks to no server but our own.
///
/// They are the user's `PGOPTIONS`, which sqlx always sends. The `endpoint=…` that clients of Neon have there would keep our
/// own server from accepting the connection. And sqlx would send the password to whatever program listens at a port.
async fn connect_relayed(
    options: PgConnectOptions,
    sockets: &SocketDir,
    settings: &[(&str, &str)],
) -> io::Result<PgConnection> {
    let folder = tempfile::tempdir_in(sockets.path())?;
    let listener = Listener::bind(folder.path())?;
    let options = at(options, (listener.folder(), listener.port()));
    let mut server = sockets.connect().await?;
    tokio::spawn(async move {
        let relayed = relay_without_options(&listener, &mut server).await;
        if let Err(error) = relayed {
            tracing::debug!(%error, "a session of the superuser ended");
        }
    });
    let connection = PgConnection::connect_with(&options).await;
    let mut connection = connection.map_err(refusal)?;
    for (name, value) in settings {
        let setting = format!("SET {} = {}", identifier(name), literal(value));
        execute(&mut connection, &setting).await?;
    }
    Ok(connection)
}

async fn relay_without_options(listener: &Listener, server: &mut Stream) -> io::Result<()> {
    let mut client = listener.accept().await?;
    let packet = wire::read_untyped(&mut client).await?;
    let mut parameters =
        startup::parameters(&packet).map_err(|refusal| wire::malformed(&refusal.text))?;
    parameters.retain(|(name, _)| name != "options");
    tokio::io::AsyncWriteExt::write_all(server, &startup::packet(&parameters)).await?;
    tokio::io::copy_bidirectional(&mut client, server)
        .await
        .map(drop)
}

/// Runs one or more statements.
async fn execute(connection: &mut PgConnection, sql: &str) -> io::Result<()> {
    let executed = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    executed.map(drop).map_err(refusal)
}

/// The error as an operation reports it: the message of Postgres with its SQLSTATE, else what broke the connection.
fn refusal(error: sqlx::Error) -> io::Error {
    if let sqlx::Error::Io(error) = error {
        return error;
    }
    let Some(refused) = error.as_database_error() else {
        return io::Error::other(error);
    };
    let code = refused.code().unwrap_or_default();
    io::Error::other(format!("{} (SQLSTATE {code})", refused.message()))
}

/// Quotes a name for SQL.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a text for SQL, whatever `standard_conforming_strings` is.
fn literal(text: &str) -> String {
    let text = text.replace('\'', "''");
    if text.contains('\\') {
        return format!(" E'{}'", text.replace('\\', "\\\\"));
    }
    format!("'{text}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_in_names_and_texts_do_not_end_them() {
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("\\'"), " E'\\\\'''");
    }
}
