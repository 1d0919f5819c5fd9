//! Sees from a second connection that the first one waits for a lock: not every server keeps its `lock_timeout`.

use std::{future::pending, time::Duration};

use sqlx::{AssertSqlSafe, Row as _};
use tokio::time::{Instant, sleep, timeout};

use crate::ports::database::{
    DatabaseError,
    way::{GRACE, RelayedConnection, Way, query_error},
};

/// How often the second connection looks.
const PAUSE: Duration = Duration::from_millis(250);
/// How long one of its looks may take.
const LOOK: Duration = Duration::from_secs(10);

/// Watches one connection.
pub(crate) struct LockWatch<'a> {
    way: &'a Way,
    /// The server's process that works for it.
    process: i32,
}

impl<'a> LockWatch<'a> {
    /// The watch over the connection of `client`.
    pub(super) async fn over(
        client: &mut RelayedConnection,
        way: &'a Way,
    ) -> Result<Self, DatabaseError> {
        let asked = sqlx::raw_sql("select pg_backend_pid()").fetch_one(&mut client.sqlx);
        let row = timeout(LOOK, asked)
            .await
            .map_err(|_elapsed| DatabaseError::QueryTimedOut)?
            .map_err(|error| query_error(&error))?;
        let process = row.try_get(0).map_err(|error| query_error(&error))?;
        Ok(Self { way, process })
    }

    /// Comes back once one wait for a lock has lasted for `limit`, and at the latest half of it later; never where that can't be told.
    /// A statement that takes less than half of it is not looked at.
    pub(super) async fn waited(&self, limit: Duration) {
        sleep(limit / 2).await;
        let Ok(mut client) = self.way.enter().await else {
            return pending().await;
        };
        let mut wait: Option<(String, Instant)> = None;
        loop {
            let Ok(found) = self.look(&mut client).await else {
                return pending().await;
            };
            match (found, &wait) {
                (Some(begun), Some((known, since))) if begun == *known => {
                    // the server itself goes first
                    if since.elapsed() >= limit + GRACE {
                        return;
                    }
                }
                (found, _) => wait = found.map(|begun| (begun, Instant::now())),
            }
            sleep(PAUSE).await;
        }
    }

    /// When the wait began that lasts now.
    async fn look(&self, client: &mut RelayedConnection) -> Result<Option<String>, DatabaseError> {
        let sql = format!(
            "select coalesce(waitstart::text, '') from pg_catalog.pg_locks where pid = {} and not granted limit 1",
            self.process
        );
        let asked = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_optional(&mut client.sqlx);
        let row = timeout(LOOK, asked)
            .await
            .map_err(|_elapsed| DatabaseError::QueryTimedOut)?
            .map_err(|error| query_error(&error))?;
        row.map(|row| row.try_get(0))
            .transpose()
            .map_err(|error| query_error(&error))
    }
}
