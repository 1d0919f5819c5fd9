//! Files that are run in a database, and looks at it.

use std::time::Duration;

use sqlx::PgConnection;

use super::support::{Api, ask, connect, run, start, until};
use crate::{
    core::secret::Secret,
    domain::url::Connection,
    ports::database::{
        Database as _, DatabaseError, Session, SqlFile, StatementError,
        postgres::Postgres,
        script::{self, RunLimits},
    },
    sandbox::Sandbox,
    testing::requirements::PATIENCE,
};

async fn database(sandbox: &Sandbox) -> (String, PgConnection) {
    let created = Api::of(sandbox).project("scripts").await;
    let uri = created.text("/connection_uris/0/connection_uri");
    let connection = connect(&uri, sandbox.ca_file()).await.unwrap();
    (uri, connection)
}

async fn send(connection: &mut PgConnection, texts: &[&str]) -> Result<(), DatabaseError> {
    let limits = RunLimits {
        lock: Duration::from_millis(300),
        statement: PATIENCE,
    };
    let files: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| SqlFile {
            name: format!("{number}.sql"),
            text: (*text).to_owned(),
        })
        .collect();
    script::run(connection, &files, limits, None, None).await
}

async fn refused(connection: &mut PgConnection, texts: &[&str]) -> StatementError {
    match send(connection, texts).await {
        Err(DatabaseError::Statement(error)) => *error,
        other => panic!("{other:?}"),
    }
}

const TABLES: &str = "select coalesce(string_agg(tablename, ' ' order by tablename), '') from pg_tables where schemaname = 'public'";

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_file_is_taken_back_as_far_as_it_allows() {
    let sandbox = start().await;
    let (_, mut database) = database(&sandbox).await;
    let error = refused(
        &mut database,
        &[
            "create table a (b int);",
            "-- ü\n create table c (d nowhere);",
        ],
    )
    .await;
    assert_eq!(
        (error.file.as_str(), error.position, error.kept),
        ("1.sql", (2, 20), false)
    );
    assert_eq!(ask(&mut database, TABLES).await, "");

    let own = "begin; create table a (b int); commit;\nbegin; create table c (d int);\n insert into nowhere values (1); commit;";
    let error = refused(&mut database, &[own]).await;
    assert_eq!((error.position, error.kept), ((3, 14), true));
    assert_eq!(ask(&mut database, TABLES).await, "a");

    let alone = "create table c (d int); create index concurrently e on c (d);\nselect 1/0";
    let error = refused(&mut database, &[alone]).await;
    assert_eq!((error.position, error.kept), ((2, 1), true));
    assert_eq!(ask(&mut database, TABLES).await, "a c");

    // a dump empties the search path of its session, and data of another file follows
    send(
        &mut database,
        &[
            "select pg_catalog.set_config('search_path', '', false); create table public.f (g int); copy public.f from stdin;\n7\n\\.\n",
            "insert into f values (8)",
        ],
    )
    .await
    .unwrap();
    assert_eq!(ask(&mut database, "select sum(g)::text from f").await, "15");
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_hides_in_another() {
    let sandbox = start().await;
    let (_, mut database) = database(&sandbox).await;
    run(&mut database, "create table keep (id int)").await;
    // an error in the end takes all of it back: nothing has committed in between
    for hidden in [
        r"create table a (b text default E'\''); select 1; create table c (d text default ''); select 1/0",
        r"create table a (b text default E'\'; COMMIT; DROP TABLE keep; --'); select 1/0",
        "create table a (b int) -- x\r; drop table keep; select 1/0",
        "do $x$ begin execute 'drop table keep'; end $x$; select 1/0",
    ] {
        let error = refused(&mut database, &[hidden]).await;
        assert_eq!(
            (error.sqlstate.as_str(), error.kept),
            ("22012", false),
            "{hidden}"
        );
        assert_eq!(ask(&mut database, TABLES).await, "keep", "{hidden}");
    }
    // a setting makes the server end a string elsewhere: the second statement is refused
    run(&mut database, "set standard_conforming_strings = off").await;
    let error = refused(&mut database, &[r"select '\'; drop table keep; --'"]).await;
    assert!(!error.sqlstate.is_empty());
    assert_eq!(ask(&mut database, TABLES).await, "keep");
    sandbox.shutdown().await;
}

/// Our own connection, which does what it may within a limit.
async fn session(sandbox: &Sandbox, uri: &str, postgres: &Postgres) -> Box<dyn Session> {
    let connection = Connection::from_uris(&Secret::new(uri), None).unwrap();
    let authority = std::fs::read_to_string(sandbox.ca_file()).unwrap();
    postgres
        .connect(&connection, Some(&authority))
        .await
        .unwrap()
}

/// How many sessions of the role do something, but for the one that asks.
const AT_WORK: &str = "select count(*)::text from pg_stat_activity where usename = current_user and pid <> pg_backend_pid() and state <> 'idle'";

/// Whether the server keeps its own limits does not matter: the Postgres that we carry does not.
#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_whatever_a_file_sets() {
    let sandbox = start().await;
    let (uri, mut database) = database(&sandbox).await;
    let mut other = connect(&uri, sandbox.ca_file()).await.unwrap();
    run(&mut other, "create table a (b int)").await;
    run(&mut other, "begin; lock table a").await;
    let file = |text: String| SqlFile {
        name: "schema.sql".to_owned(),
        text,
    };
    let short = Duration::from_secs(1);
    let lock = RunLimits {
        lock: short,
        statement: PATIENCE,
    };
    let postgres = Postgres::with_run_limits(PATIENCE, lock);
    for sets in ["", "set lock_timeout = 0; ", "reset all; "] {
        let mut session = session(&sandbox, &uri, &postgres).await;
        let ended = session
            .run(&[file(format!("{sets}\nalter table a add c int"))])
            .await;
        match &ended {
            Err(DatabaseError::Statement(error)) => assert_eq!(error.sqlstate, "55P03", "{sets}"),
            Err(DatabaseError::StatementLocked { position, .. }) => {
                assert_eq!(*position, (2, 1), "{sets}");
            }
            _ => panic!("{sets}: {ended:?}"),
        }
        // the one that holds the lock alone
        until(async || (ask(&mut database, AT_WORK).await == "1").then_some(())).await;
    }
    run(&mut other, "rollback").await;

    // a statement that works for long isn't a wait for a lock
    let mut patient = session(&sandbox, &uri, &postgres).await;
    patient
        .run(&[file("select pg_sleep(2)".to_owned())])
        .await
        .unwrap();

    let statement = RunLimits {
        lock: PATIENCE,
        statement: short,
    };
    let postgres = Postgres::with_run_limits(PATIENCE, statement);
    let mut session = session(&sandbox, &uri, &postgres).await;
    let sleeps = "create table gone (id int); set statement_timeout = 0; select pg_sleep(1000)";
    let ended = session.run(&[file(sleeps.to_owned())]).await;
    match &ended {
        Err(DatabaseError::Statement(error)) => assert_eq!(error.sqlstate, "57014"),
        Err(DatabaseError::StatementTimedOut { .. }) => {}
        _ => panic!("{ended:?}"),
    }
    until(async || (ask(&mut database, AT_WORK).await == "0").then_some(())).await;
    assert_eq!(ask(&mut database, TABLES).await, "a");
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_nobody_waits_for_is_canceled_on_the_server() {
    let sandbox = start().await;
    let (uri, mut database) = database(&sandbox).await;
    let postgres = Postgres::new(PATIENCE);
    let mut session = session(&sandbox, &uri, &postgres).await;
    let file = SqlFile {
        name: "schema.sql".to_owned(),
        text: "create table gone (id int); select pg_sleep(1000)".to_owned(),
    };
    let files = [file];
    {
        let mut running = session.run(&files);
        let sleeping = async {
            until(async || (ask(&mut database, AT_WORK).await == "1").then_some(())).await;
        };
        tokio::select! {
            ended = &mut running => panic!("{ended:?}"),
            () = sleeping => {}
        }
    }
    drop(session);
    until(async || (ask(&mut database, AT_WORK).await == "0").then_some(())).await;
    assert_eq!(ask(&mut database, TABLES).await, "");
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_is_read_only_and_ends_on_the_server() {
    let sandbox = start().await;
    let (uri, mut database) = database(&sandbox).await;
    run(
        &mut database,
        "create table a (b int); insert into a values (1)",
    )
    .await;
    let postgres = Postgres::new(Duration::from_millis(500));
    let mut session = session(&sandbox, &uri, &postgres).await;
    assert_eq!(session.rows("a").await.unwrap(), 1);
    // a name cannot lead out of the query, and the server would refuse a change
    let injected = "a\" limit 1) counted; create table pwned (id int); --";
    assert!(session.rows(injected).await.is_err());
    assert_eq!(session.rows("a").await.unwrap(), 1);
    assert_eq!(ask(&mut database, TABLES).await, "a");

    let mut other = connect(&uri, sandbox.ca_file()).await.unwrap();
    run(&mut other, "begin; lock table a").await;
    let blocked = session.rows("a").await;
    assert!(
        matches!(blocked, Err(DatabaseError::QueryTimedOut)),
        "{blocked:?}"
    );
    // all but the one that holds the lock, and before our session is let go
    until(async || (ask(&mut database, AT_WORK).await == "1").then_some(())).await;
    drop(session);
    sandbox.shutdown().await;
}
