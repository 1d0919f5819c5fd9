//! The comparison of what there is with what is expected, and what the step does with it.

use super::*;
use crate::{
    core::{facts::CheckState, secret::Secret},
    engine::context::KnownProject,
    ports::database::{ColumnFacts, ObjectFacts},
    project::settings::Flags,
    testing::world::{PASSWORD, World},
};

fn column(name: &str, kind: &str, nullable: bool) -> ColumnFacts {
    ColumnFacts {
        name: name.to_owned(),
        kind: kind.to_owned(),
        nullable,
        default: None,
    }
}

fn table(name: &str, columns: Vec<ColumnFacts>) -> TableFacts {
    TableFacts {
        name: name.to_owned(),
        columns,
        constraints: vec!["PRIMARY KEY (id)".to_owned()],
        indexes: vec!["CREATE INDEX ix ON task USING btree (user_id)".to_owned()],
    }
}

fn shape(tables: &[TableFacts]) -> SchemaShape {
    SchemaShape {
        major: 17,
        tables: tables.to_vec(),
        objects: Vec::new(),
    }
}

fn wanted() -> SchemaSettings {
    SchemaSettings {
        tables: vec![("task".to_owned(), vec!["id".to_owned(), "title".to_owned()])],
        ..SchemaSettings::default()
    }
}

#[test]
fn a_command_that_never_ran_is_a_gap_while_there_is_no_table() {
    let command = SchemaSettings {
        command: vec!["alembic".to_owned(), "upgrade".to_owned()],
        ..SchemaSettings::default()
    };
    let finding = never_run(&command, &[]).unwrap();
    assert_eq!(finding.code, Code::SchemaMissingTable);
    assert!(finding.fixable && finding.detail.contains("`alembic upgrade`"));
    assert_eq!(never_run(&command, &[table("note", Vec::new())]), None);
    assert_eq!(never_run(&SchemaSettings::default(), &[]), None);
    // tables that are named are compared one by one
    let named = SchemaSettings {
        tables: wanted().tables,
        ..command
    };
    assert_eq!(never_run(&named, &[]), None);
}

#[test]
fn missing_tables_and_different_columns_are_findings() {
    let model = [table(
        "task",
        vec![column("id", "uuid", false), column("title", "text", false)],
    )];
    let (_, findings) = compare(&wanted(), &shape(&model), &shape(&[]));
    assert_eq!(
        findings.iter().map(|f| f.code).collect::<Vec<_>>(),
        [Code::SchemaMissingTable]
    );

    let found = [table("task", vec![column("id", "bigint", false)])];
    let (tables, findings) = compare(&wanted(), &shape(&model), &shape(&found));
    assert_eq!(
        findings.iter().map(|f| f.code).collect::<Vec<_>>(),
        [Code::SchemaWrongType, Code::SchemaMissingColumn]
    );
    assert_eq!(
        findings[0].title,
        "`task.id` is bigint not null, expected uuid not null"
    );
    assert_eq!(tables[0].state, CheckState::Gap);

    let (tables, findings) = compare(&wanted(), &shape(&model), &shape(&model));
    assert_eq!((findings, tables[0].state), (vec![], CheckState::Ok));
}

#[test]
fn a_missing_index_is_a_warning_and_a_renamed_one_is_not() {
    let model = [table(
        "task",
        vec![column("id", "uuid", false), column("title", "text", false)],
    )];
    let mut found = model.clone();
    found[0].indexes = vec!["CREATE INDEX other ON task USING btree (user_id)".to_owned()];
    assert!(
        compare(&wanted(), &shape(&model), &shape(&found))
            .1
            .is_empty()
    );
    found[0].indexes.clear();
    let findings = compare(&wanted(), &shape(&model), &shape(&found)).1;
    assert_eq!(findings[0].severity, Severity::Warning);
}

/// A world with one file of SQL, and what neonup.toml says of it.
fn repository(sql: &str) -> World {
    let world = World::default();
    world.with(|state| state.files.insert("/repo/schema.sql".into(), sql.into()));
    world
}

fn context(world: &World, more: &str) -> Cx {
    let config = format!("[project]\nname = \"todo\"\n[schema]\nfiles = [\"schema.sql\"]\n{more}");
    let settings = World::settings_of(&config, &[], Flags::default());
    let (cx, _events) = world.context(settings, StepId::Schema);
    cx.remember_project(Some(KnownProject {
        id: "p".to_owned(),
        branch: "b".to_owned(),
        connection: Connection {
            host: "ep-a-1.aws.neon.tech".to_owned(),
            pooled_host: "ep-a-1-pooler.aws.neon.tech".to_owned(),
            port: None,
            database: "neondb".to_owned(),
            role: "neondb_owner".to_owned(),
            password: Secret::new(PASSWORD),
            channel_binding: false,
        },
    }));
    cx
}

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

fn task() -> SchemaShape {
    shape(&[table("task", vec![column("id", "uuid", false)])])
}

#[tokio::test]
async fn a_look_runs_nothing_in_the_database() {
    let world = repository("create table task (id uuid primary key)");
    for made in [None, Some(task())] {
        world.with(|state| state.made = made);
        let report = SchemaStep.probe(&context(&world, "")).await.unwrap();
        assert_eq!(report.verdict(), Verdict::Todo);
        assert!(world.with(|state| state.ran.is_empty()));
    }
}

#[tokio::test]
async fn what_is_not_determined_is_not_done_unless_tables_are_listed() {
    let world = repository("create table task (id uuid primary key)");
    let report = SchemaStep.probe(&context(&world, "")).await.unwrap();
    assert_eq!(codes(&report), [Code::SchemaNotDetermined]);
    assert_eq!(report.verdict(), Verdict::Todo);
    // it is run, and still not known
    let report = SchemaStep
        .apply(&context(&world, ""), CommandAnswer::Default)
        .await
        .unwrap();
    assert_eq!(report.verdict(), Verdict::Todo);
    assert_eq!(world.with(|state| state.ran.len()), 1);

    let listed = "[schema.tables]\ntask = [\"id\"]\n";
    let report = SchemaStep.probe(&context(&world, listed)).await.unwrap();
    assert_eq!(
        codes(&report),
        [Code::SchemaMissingTable, Code::SchemaNotDetermined]
    );
    world.with(|state| state.shape = task());
    let report = SchemaStep.probe(&context(&world, listed)).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    assert_eq!(report.findings[0].severity, Severity::Note);
}

#[tokio::test]
async fn what_is_proved_is_not_run_again() {
    let world = repository("\u{feff}create table task (id uuid primary key)");
    world.with(|state| state.made = Some(task()));
    for _ in 0..2 {
        let report = SchemaStep
            .apply(&context(&world, ""), CommandAnswer::Default)
            .await
            .unwrap();
        assert_eq!(report.verdict(), Verdict::Done, "{report:?}");
    }
    let ran = world.with(|state| state.ran.clone());
    assert_eq!(ran, ["create table task (id uuid primary key)"]);
}

#[tokio::test]
async fn what_does_not_run_in_one_transaction_is_said_before() {
    let world = repository("select 1;\ncreate index concurrently a on task (id)");
    world.with(|state| state.made = Some(task()));
    let report = SchemaStep.probe(&context(&world, "")).await.unwrap();
    assert_eq!(
        codes(&report),
        [Code::SchemaMissingTable, Code::SchemaNoTransaction]
    );
    assert_eq!(report.findings[1].line, Some(2));
    assert!(matches!(report.facts, Some(Facts::Schema(schema)) if schema.several_transactions));
    let report = SchemaStep
        .apply(&context(&world, ""), CommandAnswer::Default)
        .await
        .unwrap();
    assert_eq!((report.verdict(), report.findings), (Verdict::Done, vec![]));
}

#[test]
fn other_objects_are_compared_by_what_they_are_made_of_on_the_same_version_only() {
    let with = |definition: &str| SchemaShape {
        objects: vec![ObjectFacts {
            kind: "enum".to_owned(),
            name: "urgency".to_owned(),
            definition: definition.to_owned(),
        }],
        ..shape(&[])
    };
    let settings = SchemaSettings::default();
    let titles = |found: &SchemaShape| {
        let (_, findings) = compare(&settings, &with("'low', 'high'"), found);
        let titles = findings.into_iter().map(|finding| finding.title);
        titles.collect::<Vec<_>>()
    };
    assert_eq!(titles(&shape(&[])), ["enum `urgency` is missing"]);
    assert_eq!(
        titles(&with("'low'")),
        ["enum `urgency` doesn't match the schema"]
    );
    assert_eq!(titles(&with("'low', 'high'")), Vec::<String>::new());
    let older = SchemaShape {
        major: 16,
        ..with("'low'")
    };
    assert_eq!(titles(&older), Vec::<String>::new());
}
