//! What files of SQL make is found out, and a stranger's file does nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    domain::sql::CreatedExtension,
    ports::{
        database::{DatabaseError, SchemaShape, SqlFile},
        shapes::{NotDetermined, SchemaQuestion, Shapes as _},
    },
    sandbox::{CarriedPostgres, installation::InstallationSource, installed::PostgresWishes},
    testing::{folders::temp_dir, requirements::PATIENCE},
};

fn question(texts: &[&str]) -> SchemaQuestion {
    let files = texts.iter().enumerate().map(|(number, text)| SqlFile {
        name: format!("{number}.sql"),
        text: (*text).to_owned(),
    });
    SchemaQuestion {
        files: files.collect(),
        role: "neondb_owner".to_owned(),
        database: "neondb".to_owned(),
    }
}

fn postgres(kept: Option<&Path>, limit: Duration) -> CarriedPostgres {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let given = std::env::var_os("NEONUP_PG_BIN").map(PathBuf::from);
    CarriedPostgres::for_test(given, kept.map(Path::to_owned), limit)
}

async fn shape(texts: &[&str]) -> Result<SchemaShape, NotDetermined> {
    postgres(None, PATIENCE).shape(&question(texts)).await
}

fn names(shape: &SchemaShape) -> Vec<&str> {
    let tables = shape.tables.iter().map(|table| table.name.as_str());
    tables.collect()
}

fn has(shape: &SchemaShape, kind: &str, name: &str) -> bool {
    let mut objects = shape.objects.iter();
    objects.any(|object| object.kind == kind && object.name == name)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_every_kind_are_run_as_they_are() {
    let dump = "\\restrict x\nSET statement_timeout = 0;\nSET lock_timeout = 0;\n\
        SELECT pg_catalog.set_config('search_path', '', false);\n\
        CREATE TABLE public.invoice (id integer NOT NULL, total numeric(10,2) DEFAULT 0);\n\
        ALTER TABLE public.invoice OWNER TO neondb_owner;\n\
        COPY public.invoice (id, total) FROM stdin;\n1\t2.50\n2\t\\N\n\\.\n\n\
        CREATE SEQUENCE public.invoice_id_seq OWNED BY public.invoice.id;\n\
        ALTER TABLE ONLY public.invoice ADD CONSTRAINT invoice_pkey PRIMARY KEY (id);\n\\unrestrict x\n";
    let own = "BEGIN;\ncreate table room (id int primary key, name text not null);\nCOMMIT;\n\
        create index concurrently room_by_name on room (name);";
    let rest = "do $$ begin create type urgency as enum ('low', 'high'); end $$;\n\
        create table ticket (id serial primary key, urgency urgency not null default 'low', note text default E'\\'; COMMIT;');\n\
        create function touch() returns trigger language plpgsql as $fn$ begin return new; end; $fn$;\n\
        create trigger touched before update on ticket for each row execute function touch();\n\
        create schema side; create table side.ticket (id int); create view open as select id from ticket;\n\
        create function two() returns int begin atomic select 1; select 2; end;\n\
        insert into room values (1, 'a');";
    let shape = shape(&[dump, own, rest]).await.unwrap();
    assert_eq!(names(&shape), ["invoice", "room", "ticket", "side.ticket"]);
    assert_eq!(shape.tables[0].constraints, ["PRIMARY KEY (id)"]);
    assert_eq!(shape.tables[1].indexes.len(), 1);
    assert_eq!(shape.tables[2].columns[1].kind, "urgency");
    for (kind, name) in [
        ("enum", "urgency"),
        ("function", "touch()"),
        ("function", "two()"),
        ("trigger", "touched on ticket"),
        ("view", "open"),
        ("schema", "side"),
    ] {
        assert!(has(&shape, kind, name), "{kind} {name}: {shape:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_files_reach_nothing() {
    let dir = temp_dir();
    let mark = dir.path().join("mark").display().to_string();
    for sql in [
        format!("create table a (b text); copy a from program 'touch {mark}'"),
        format!("copy (select 1) to '{mark}'"),
        "select pg_read_file('/etc/passwd')".to_owned(),
        "create extension dblink; select dblink_connect('host=/tmp user=cloud_admin')".to_owned(),
        "set role cloud_admin".to_owned(),
        "set session authorization cloud_admin".to_owned(),
        "grant pg_execute_server_program to neondb_owner".to_owned(),
        "grant pg_read_server_files to neondb_owner".to_owned(),
        "create role helper superuser".to_owned(),
        "alter system set archive_command = 'touch x'".to_owned(),
        "create function f() returns int language c as 'libc', 'system'".to_owned(),
        "load '/etc/passwd'".to_owned(),
        "select lo_import('/etc/passwd')".to_owned(),
        "create tablespace x location '/tmp'".to_owned(),
        "select pg_terminate_backend(pg_backend_pid())".to_owned(),
    ] {
        let refused = shape(&[&sql]).await.unwrap_err();
        assert!(
            matches!(refused, NotDetermined::Refused { .. }),
            "{sql}: {refused:?}"
        );
    }
    assert!(!fs::exists(mark).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_without_an_end_are_stopped() {
    let limit = Duration::from_secs(3);
    let postgres = postgres(None, limit);
    // the first question may have to make the template
    postgres.shape(&question(&["select 1"])).await.unwrap();
    for sql in [
        "create table part (id bigint) partition by range (id); \
         create table part_1 partition of part for values from (length(pg_sleep(1000)::text)) to (2000000000)",
        "set statement_timeout = 0; do $$ begin loop null; end loop; end $$",
    ] {
        let started = Instant::now();
        let stopped = postgres.shape(&question(&[sql])).await.unwrap_err();
        // by the server's limit, or by ours
        let by_server = |error: &DatabaseError| matches!(error, DatabaseError::Statement(error) if error.sqlstate == "57014");
        let slow = matches!(&stopped, NotDetermined::TooSlow { .. })
            || matches!(&stopped, NotDetermined::Refused { error, .. } if by_server(error));
        assert!(slow, "{sql}: {stopped:?}");
        assert!(started.elapsed() < PATIENCE, "{sql}");
    }
    let huge = "create table a (b text); alter table a alter b set storage external; \
        insert into a select repeat('x', 100000000) from generate_series(1, 1000)";
    let stopped = self::postgres(None, PATIENCE)
        .shape(&question(&[huge]))
        .await;
    assert!(
        matches!(stopped, Err(NotDetermined::TooLarge { .. })),
        "{stopped:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_by_content() {
    let dir = temp_dir();
    let kept = dir.path().join("schemas");
    let postgres = postgres(Some(&kept), PATIENCE);
    let first = question(&["create table a (b int)"]);
    let shape = postgres.shape(&first).await.unwrap();
    let file = || {
        let mut all = fs::read_dir(&kept).unwrap();
        all.next().unwrap().unwrap().path()
    };
    assert_eq!(fs::read_dir(&kept).unwrap().count(), 1);
    // what is kept is the answer: nothing is run for it
    let mut marked = shape.clone();
    marked.major = 99;
    fs::write(file(), serde_json::to_vec(&marked).unwrap()).unwrap();
    assert_eq!(postgres.shape(&first).await.unwrap().major, 99);
    for other in [
        question(&["create table a (b int) "]),
        SchemaQuestion {
            role: "other".to_owned(),
            ..first.clone()
        },
    ] {
        assert_eq!(postgres.shape(&other).await.unwrap(), shape);
    }
    // one that cannot be read is found out again
    let broken = temp_dir();
    let again = self::postgres(Some(broken.path()), PATIENCE);
    fs::write(broken.path().join(file().file_name().unwrap()), "{").unwrap();
    assert_eq!(again.shape(&first).await.unwrap(), shape);
}

/// An extension that the bundled Postgres has not: an installed one that has it is taken, and only without one is nothing known.
#[tokio::test(flavor = "multi_thread")]
async fn installed_postgres_takes_over_where_it_has_the_extension() {
    if std::env::var_os("NEONUP_PG_BIN").is_some() || !crate::sandbox::bundled::is_there() {
        return;
    }
    let wishes = PostgresWishes {
        version: None,
        extensions: vec![CreatedExtension {
            name: "pg_trgm".to_owned(),
            file: "0.sql".to_owned(),
        }],
    };
    let chosen = InstallationSource::choose(None, &[], &wishes).unwrap();
    let note = chosen.note.unwrap();
    assert!(
        note.contains("lacks the extension pg_trgm (0.sql)"),
        "{note}"
    );
    let shape = shape(&["create extension pg_trgm; create table member (name text); create index found on member using gin (name gin_trgm_ops)"]).await;
    if matches!(chosen.source, InstallationSource::Installed(_)) {
        assert!(
            note.starts_with("using the installed PostgreSQL "),
            "{note}"
        );
        let shape = shape.unwrap();
        assert_eq!(shape.tables[0].indexes.len(), 1);
    } else {
        assert!(
            note.starts_with("the bundled PostgreSQL 17 lacks "),
            "{note}"
        );
        let refused = shape.unwrap_err();
        assert!(
            matches!(&refused, NotDetermined::Refused { missing, .. } if missing == &["pg_trgm"]),
            "{refused:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_that_is_not_there_is_expected_and_what_needs_it_is_not_determined() {
    let harmless = "create extension if not exists nowhere; comment on extension nowhere is 'x'; \
        create table a (b uuid default gen_random_uuid())";
    let shape = shape(&[harmless]).await.unwrap();
    assert!(has(&shape, "extension", "nowhere"), "{shape:?}");
    assert_eq!(names(&shape), ["a"]);
    let refused = self::shape(&["create extension nowhere;\ncreate table a (b nowhere(3))"]).await;
    let Err(NotDetermined::Refused { error, missing }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(missing, ["nowhere"]);
    let DatabaseError::Statement(error) = *error else {
        panic!("{error:?}");
    };
    assert_eq!(error.position, (2, 19));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_postgres_gives_no_answer() {
    let dir = temp_dir();
    let postgres = CarriedPostgres::for_test(Some(dir.path().to_owned()), None, PATIENCE);
    let answer = postgres.shape(&question(&["select 1"])).await;
    assert!(
        matches!(answer, Err(NotDetermined::NoEngine { .. })),
        "{answer:?}"
    );
}
