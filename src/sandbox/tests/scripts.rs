//! Files that are run in a database, and looks at it.

use std::time::Duration;

use sqlx::PgConnection;

use super::support::{Api, ask, connect, run, start};
use crate::{
    core::secret::Secret,
    domain::url::Connection,
    ports::database::{
        Database as _, DatabaseError, SqlFile, StatementError,
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
    script::run(connection, &files, limits, None).await
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

#[tokio::test(flavor = "multi_thread")]
async fn a_look_is_read_only_and_does_not_wait_for_ever() {
    let sandbox = start().await;
    let (uri, mut database) = database(&sandbox).await;
    run(
        &mut database,
        "create table a (b int); insert into a values (1)",
    )
    .await;
    let connection = Connection::from_uris(&Secret::new(uri.as_str()), None).unwrap();
    let authority = std::fs::read_to_string(sandbox.ca_file()).unwrap();
    let postgres = Postgres::new(Duration::from_millis(500));
    let mut session = postgres
        .connect(&connection, Some(&authority))
        .await
        .unwrap();
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
    drop(session);
    sandbox.shutdown().await;
}
