//! Runs files of SQL statement by statement: each is one message, so that nothing runs beside what was shown.

use std::{future::pending, time::Duration};

use sqlx::{
    AssertSqlSafe, Executor as _, PgConnection,
    postgres::{PgDatabaseError, PgErrorPosition},
};
use tokio::time::{sleep, timeout};

use crate::{
    core::event::ActivityKind,
    domain::sql::{self, Statement, TransactionEffect},
    ports::database::{DatabaseError, SqlFile, StatementError, locks::LockWatch, way::GRACE},
    ports::progress,
};

/// How long a statement may wait for a lock: whoever holds one longer has to know, and others queue up behind us.
pub(crate) const LOCK: Duration = Duration::from_secs(10);
/// How long a statement may take: a table is rewritten in that time, and a forgotten one does not run for ever.
pub(crate) const STATEMENT: Duration = Duration::from_mins(10);
/// How often the server looks whether we are still there.
const STILL_THERE: Duration = Duration::from_secs(2);
/// The first version that can look.
const LOOKS: u32 = 140_000;

/// The limits of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunLimits {
    pub lock: Duration,
    pub statement: Duration,
}

impl RunLimits {
    pub(crate) const USUAL: Self = Self {
        lock: LOCK,
        statement: STATEMENT,
    };
}

/// Runs the files: in one transaction where all of them can, else file by file, each in one where it can. With `skipped`, an extension that
/// the server has not, or not for us, is left out and put there. With `watch`, the limit of locks holds where the server keeps none.
///
/// What took too long is not ended here: who lets go of the connection ends it.
pub(crate) async fn run(
    connection: &mut PgConnection,
    files: &[SqlFile],
    limits: RunLimits,
    skipped: Option<&mut Vec<String>>,
    watch: Option<&LockWatch<'_>>,
) -> Result<(), DatabaseError> {
    let mut scripts = Vec::new();
    for file in files {
        scripts.push((file, read(file)?));
    }
    let whole = scripts.iter().all(|(_, statements)| {
        statements
            .iter()
            .all(|one| one.effect == TransactionEffect::Within)
    });
    let mut run = Run {
        connection,
        limits,
        skipped,
        watch,
        ours: false,
        kept: false,
    };
    let outcome = run.files(&scripts, whole).await;
    if outcome.as_ref().is_err_and(|error| !error.is_unanswered()) {
        // the first error is the one to report; a connection that cannot roll back ends the transaction by ending
        run.plain("rollback").await.ok();
    }
    outcome
}

/// Splits a file.
pub(crate) fn read(file: &SqlFile) -> Result<Vec<Statement<'_>>, DatabaseError> {
    sql::statements(&file.text).map_err(|why| DatabaseError::NotSent {
        file: file.name.clone(),
        why,
    })
}

struct Run<'a> {
    connection: &'a mut PgConnection,
    limits: RunLimits,
    skipped: Option<&'a mut Vec<String>>,
    watch: Option<&'a LockWatch<'a>>,
    /// Whether a transaction of ours is open.
    ours: bool,
    /// Whether something was committed.
    kept: bool,
}

impl Run<'_> {
    async fn files(
        &mut self,
        scripts: &[(&SqlFile, Vec<Statement<'_>>)],
        whole: bool,
    ) -> Result<(), DatabaseError> {
        for (index, (file, statements)) in scripts.iter().enumerate() {
            if index > 0 {
                // what the file before has set, such as an empty search_path, is not for this one
                self.plain("reset all").await?;
            }
            self.set_limits().await?;
            let own = statements.iter().any(|one| {
                matches!(
                    one.effect,
                    TransactionEffect::Begins | TransactionEffect::Ends
                )
            });
            for statement in statements {
                match statement.effect {
                    TransactionEffect::Within if !own => self.begin().await?,
                    TransactionEffect::Alone(_) => self.commit().await?,
                    TransactionEffect::Within
                    | TransactionEffect::Begins
                    | TransactionEffect::Ends => {}
                }
                self.statement(file, statement).await?;
                self.kept |= !self.ours && statement.effect != TransactionEffect::Begins;
            }
            if !whole {
                self.commit().await?;
            }
        }
        self.commit().await
    }

    async fn begin(&mut self) -> Result<(), DatabaseError> {
        if !self.ours {
            self.plain("begin").await?;
            self.ours = true;
        }
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), DatabaseError> {
        if self.ours {
            self.ours = false;
            self.plain("commit").await?;
            self.kept = true;
        }
        Ok(())
    }

    async fn set_limits(&mut self) -> Result<(), DatabaseError> {
        let looks = if self.connection.server_version_num().unwrap_or(0) >= LOOKS {
            let every = STILL_THERE.as_millis();
            // a server on Windows refuses it
            format!(
                "; select pg_catalog.set_config('client_connection_check_interval', '{every}', false) \
                 where pg_catalog.version() operator(pg_catalog.!~*) 'mingw|windows|msvc|visual c'"
            )
        } else {
            String::new()
        };
        let settings = format!(
            "set lock_timeout = {}; set statement_timeout = {}{looks}",
            self.limits.lock.as_millis(),
            self.limits.statement.as_millis()
        );
        self.plain(&settings).await
    }

    /// Runs statements of ours.
    async fn plain(&mut self, sql: &str) -> Result<(), DatabaseError> {
        let sent = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *self.connection);
        timeout(self.limits.statement + GRACE, sent)
            .await
            .map_err(|_elapsed| DatabaseError::QueryTimedOut)?
            .map(drop)
            .map_err(|error| DatabaseError::QueryFailed {
                reason: error.to_string(),
            })
    }

    async fn statement(
        &mut self,
        file: &SqlFile,
        statement: &Statement<'_>,
    ) -> Result<(), DatabaseError> {
        let extension = self
            .skipped
            .as_ref()
            .and_then(|_| sql::extension(statement.sql));
        if extension.is_some() && self.ours {
            self.plain("savepoint neonup_extension").await?;
        }
        let (limits, watch) = (self.limits, self.watch);
        let position = || sql::locate_byte(&file.text, statement.at);
        let waited = async {
            match watch {
                Some(watch) => watch.waited(limits.lock).await,
                None => pending().await,
            }
        };
        let sent = tokio::select! {
            biased;
            sent = self.send(statement) => sent,
            () = sleep(limits.statement + GRACE) => {
                return Err(DatabaseError::StatementTimedOut {
                    file: file.name.clone(),
                    position: position(),
                    limit: limits.statement,
                });
            }
            () = waited => {
                return Err(DatabaseError::StatementLocked {
                    file: file.name.clone(),
                    position: position(),
                    limit: limits.lock,
                });
            }
        };
        match (sent, extension) {
            (Ok(()), _) => {}
            (Err(error), Some(name)) if self.may_skip(&error, &name) => {
                if self.ours {
                    self.plain("rollback to savepoint neonup_extension").await?;
                }
                if let Some(skipped) = &mut self.skipped
                    && !skipped.contains(&name)
                {
                    skipped.push(name);
                }
            }
            (Err(error), _) => return Err(statement_error(&error, file, statement, self.kept)),
        }
        if lifts_limits(statement.sql) {
            self.set_limits().await?;
        }
        Ok(())
    }

    /// Sends one statement. The extended protocol takes no second one, wherever the server may see its beginning.
    async fn send(&mut self, statement: &Statement<'_>) -> Result<(), sqlx::Error> {
        progress::activity(ActivityKind::Sql, || sql::summary(statement.sql));
        if let Some(data) = statement.data {
            let mut copy = self.connection.copy_in_raw(statement.sql).await?;
            copy.send(data.as_bytes()).await?;
            return copy.finish().await.map(drop);
        }
        let query = sqlx::query(AssertSqlSafe(statement.sql)).persistent(false);
        self.connection.execute(query).await.map(drop)
    }

    /// Whether a statement failed because an extension is not there, or not for us.
    fn may_skip(&self, error: &sqlx::Error, name: &str) -> bool {
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        match code.as_deref() {
            Some(NOT_AVAILABLE | NO_SUCH_FILE | NO_PRIVILEGE) => true,
            // a comment on one that was skipped
            Some(NO_SUCH_OBJECT) => self
                .skipped
                .iter()
                .flat_map(|all| all.iter())
                .any(|skipped| skipped == name),
            _ => false,
        }
    }
}

// SQLSTATEs; PostgreSQL, appendix A
const NOT_AVAILABLE: &str = "0A000";
const NO_SUCH_FILE: &str = "58P01";
const NO_PRIVILEGE: &str = "42501";
const NO_SUCH_OBJECT: &str = "42704";

/// Whether a statement may have lifted the limits, as the first lines of a dump do.
fn lifts_limits(statement: &str) -> bool {
    let lower = statement.to_ascii_lowercase();
    lower.contains("_timeout") || lower.starts_with("reset") || lower.starts_with("discard")
}

/// The error of a statement, with the line and column that Postgres means, or else those of the statement.
fn statement_error(
    error: &sqlx::Error,
    file: &SqlFile,
    statement: &Statement<'_>,
    kept: bool,
) -> DatabaseError {
    let sqlx::Error::Database(database) = error else {
        return DatabaseError::FileNotRun {
            file: file.name.clone(),
            reason: error.to_string(),
        };
    };
    let postgres: &PgDatabaseError = database.downcast_ref();
    let before = file.text.get(..statement.at).unwrap_or_default();
    let inside = match postgres.position() {
        Some(PgErrorPosition::Original(position)) => position,
        Some(PgErrorPosition::Internal { .. }) | None => 1,
    };
    DatabaseError::Statement(Box::new(StatementError {
        file: file.name.clone(),
        position: sql::locate(&file.text, before.chars().count() + inside),
        sqlstate: postgres.code().to_owned(),
        message: postgres.message().to_owned(),
        detail: postgres.detail().map(str::to_owned),
        hint: postgres.hint().map(str::to_owned),
        kept,
    }))
}
