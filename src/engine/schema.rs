//! The schema step: compares the tables with what is expected, column by column.

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    core::{
        answer::CommandAnswer,
        children::Child,
        code::{Code, Severity},
        event::{Progress, Report},
        facts::{CheckState, Column, Facts, SchemaFacts, Table},
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        step::StepId,
        trust::CommandPurpose,
    },
    domain::sql,
    engine::{connection, context::Cx, step::Step, trust},
    ports::{
        database::{ColumnFacts, Session, SqlFile, TableFacts},
        process::CommandSpec,
    },
    project::settings::SchemaSettings,
};

/// The longest time that the project's migration command may take.
const MIGRATION: Duration = Duration::from_mins(10);

/// The schema step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SchemaStep;

#[async_trait]
impl Step for SchemaStep {
    type Answer = CommandAnswer;

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        let wanted = &cx.settings.schema;
        if wanted == &SchemaSettings::default() {
            return Ok(Report::skipped("neonup.toml names no schema"));
        }
        let files = files(cx)?;
        let mut facts = SchemaFacts {
            source: source(wanted),
            sql: files
                .iter()
                .map(|file| file.text.as_str())
                .collect::<Vec<_>>()
                .join("\n"),
            tables: Vec::new(),
        };
        cx.show(Facts::Schema(facts.clone()));
        let Some(connection) = connection::of_app_or_project(cx) else {
            return Ok(Report::waiting("waits for a connection URL").facts(Facts::Schema(facts)));
        };
        cx.progress(Progress::label("looking at the tables"));
        let authority = cx.authority().await?;
        let mut session = match cx
            .ports
            .database
            .connect(&connection, authority.as_deref())
            .await
        {
            Ok(session) => session,
            // why it does not connect is the health step's to report
            Err(error) => {
                return Ok(
                    Report::waiting(format!("no connection: {error}")).facts(Facts::Schema(facts))
                );
            }
        };
        let found = session.tables().await?;
        let expected = expected_tables(session.as_mut(), &files).await;
        let (tables, mut findings) = compare(wanted, expected.as_deref(), &found);
        if wanted.files.is_empty() && wanted.command.is_empty() {
            for finding in &mut findings {
                finding.fixable = false;
                "name the schema's SQL files, or its command, in neonup.toml"
                    .clone_into(&mut finding.hint);
            }
        }
        findings.extend(never_run(wanted, &found));
        // a command that has nothing to make needs no consent
        if findings.iter().any(|finding| finding.fixable) {
            findings.extend(trust::missing(cx, CommandPurpose::Schema));
        }
        facts.tables = tables;
        let columns: usize = facts.tables.iter().map(|table| table.columns.len()).sum();
        let missing = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Gap)
            .count();
        let evidence = if missing == 0 && facts.tables.is_empty() {
            let are = match found.len() {
                1 => "1 table is".to_owned(),
                count => format!("{count} tables are"),
            };
            format!("{are} there; neonup.toml lists none to compare with")
        } else if missing == 0 {
            format!(
                "{} tables, {columns} columns as expected",
                facts.tables.len()
            )
        } else {
            format!("{missing} of the expected tables or columns are missing or different")
        };
        Ok(Report::judged(evidence, findings).facts(Facts::Schema(facts)))
    }

    async fn apply(&self, cx: &Cx, answer: CommandAnswer) -> Result<Report> {
        trust::answered(cx, &answer)?;
        let wanted = &cx.settings.schema;
        if wanted == &SchemaSettings::default() {
            return self.probe(cx).await;
        }
        let Some(connection) = connection::of_app_or_project(cx) else {
            return Ok(Report::waiting("waits for a connection URL"));
        };
        if connection::leads_elsewhere(cx) {
            return Ok(Report::waiting(
                "the env file leads to another database: `neonup setup env` first",
            ));
        }
        if wanted.command.is_empty() {
            let files = files(cx)?;
            cx.progress(Progress::label(format!("running {}", source(wanted))));
            let authority = cx.authority().await?;
            let mut session = cx
                .ports
                .database
                .connect(&connection, authority.as_deref())
                .await?;
            session.run(&files).await?;
        } else if trust::permit(cx, CommandPurpose::Schema)?.is_none() {
            migrate(cx, &wanted.command).await?;
        }
        self.probe(cx).await
    }
}

/// Names what creates the tables.
fn source(wanted: &SchemaSettings) -> String {
    if wanted.command.is_empty() {
        wanted.files.join(", ")
    } else {
        wanted.command.join(" ")
    }
}

/// Reads the SQL files.
fn files(cx: &Cx) -> Result<Vec<SqlFile>> {
    let mut files = Vec::new();
    for name in &cx.settings.schema.files {
        let failed = |why: String| {
            Failure::new(Code::SchemaSqlError, format!("cannot read `{name}`"))
                .why(why)
                .hint("check [schema] files in neonup.toml: paths are relative to the repository's root")
        };
        let bytes = cx
            .ports
            .files
            .read(&cx.settings.path(name))
            .map_err(|error| failed(error.to_string()))?
            .ok_or_else(|| failed("there is no such file".to_owned()))?;
        let text =
            String::from_utf8(bytes).map_err(|_invalid| failed("it is not UTF-8".to_owned()))?;
        files.push(SqlFile {
            name: name.clone(),
            text,
        });
    }
    Ok(files)
}

/// The tables that the SQL files would create, by running them and rolling back; `None` where that is not safe or not possible.
async fn expected_tables(session: &mut dyn Session, files: &[SqlFile]) -> Option<Vec<TableFacts>> {
    if files.is_empty() || !files.iter().all(|file| sql::is_contained(&file.text)) {
        return None;
    }
    // a role that may not create schemas, or a file with an error: then only the names are compared
    session.expected(files).await.ok()
}

/// Reports that the migration command never ran: no table is named, and there is none.
fn never_run(wanted: &SchemaSettings, found: &[TableFacts]) -> Option<Finding> {
    let unknown = wanted.tables.is_empty() && wanted.files.is_empty();
    if wanted.command.is_empty() || !unknown || !found.is_empty() {
        return None;
    }
    Some(
        Finding::new(Code::SchemaMissingTable, "the database has no table yet")
            .detail(format!("`{}` makes them", source(wanted)))
            .command(Invocation::SetupStep(StepId::Schema))
            .fixable(),
    )
}

/// Compares what exists with what is expected: the names of the configuration, and the types of the SQL files.
fn compare(
    wanted: &SchemaSettings,
    reference: Option<&[TableFacts]>,
    found: &[TableFacts],
) -> (Vec<Table>, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut expected: Vec<(String, Vec<String>)> = wanted.tables.clone();
    for table in reference.unwrap_or_default() {
        if !expected.iter().any(|(name, _)| *name == table.name) {
            let columns = table
                .columns
                .iter()
                .map(|column| column.name.clone())
                .collect();
            expected.push((table.name.clone(), columns));
        }
    }
    let tables = expected
        .iter()
        .map(|(name, columns)| {
            let model =
                reference.and_then(|tables| tables.iter().find(|table| table.name == *name));
            let Some(table) = found.iter().find(|table| table.name == *name) else {
                findings.push(
                    Finding::new(
                        Code::SchemaMissingTable,
                        format!("table `{name}` is missing"),
                    )
                    .command(Invocation::SetupStep(StepId::Schema))
                    .fixable(),
                );
                return missing_table(name, columns, model);
            };
            present_table(table, columns, model, &mut findings)
        })
        .collect();
    (tables, findings)
}

fn missing_table(name: &str, columns: &[String], model: Option<&TableFacts>) -> Table {
    Table {
        name: name.to_owned(),
        state: CheckState::Gap,
        columns: columns
            .iter()
            .map(|column| Column {
                name: column.clone(),
                kind: column_facts(model, column)
                    .map(column_type)
                    .unwrap_or_default(),
                state: CheckState::Gap,
            })
            .collect(),
        notes: Vec::new(),
    }
}

fn present_table(
    table: &TableFacts,
    columns: &[String],
    model: Option<&TableFacts>,
    findings: &mut Vec<Finding>,
) -> Table {
    let name = &table.name;
    let mut state = CheckState::Ok;
    let mut shown = Vec::new();
    for column in columns {
        let expected = column_facts(model, column);
        let Some(actual) = column_facts(Some(table), column) else {
            findings.push(
                Finding::new(
                    Code::SchemaMissingColumn,
                    format!("`{name}` has no column `{column}`"),
                )
                .detail("`create table if not exists` does not add columns to a table that exists")
                .hint("add the column in a migration, or drop the table if it holds nothing"),
            );
            state = CheckState::Gap;
            shown.push(Column {
                name: column.clone(),
                kind: expected.map(column_type).unwrap_or_default(),
                state: CheckState::Gap,
            });
            continue;
        };
        let wrong = expected.filter(|expected| {
            expected.kind != actual.kind || expected.nullable != actual.nullable
        });
        if let Some(expected) = wrong {
            findings.push(
                Finding::new(
                    Code::SchemaWrongType,
                    format!(
                        "`{name}.{column}` is {}, expected {}",
                        column_type(actual),
                        column_type(expected)
                    ),
                )
                .hint("alter the column in a migration, or correct the schema's SQL"),
            );
            state = CheckState::Gap;
        }
        shown.push(Column {
            name: column.clone(),
            kind: column_type(actual),
            state: if wrong.is_some() {
                CheckState::Gap
            } else {
                CheckState::Ok
            },
        });
    }
    let others = table
        .columns
        .iter()
        .filter(|column| !columns.contains(&column.name));
    shown.extend(others.map(|column| Column {
        name: column.name.clone(),
        kind: column_type(column),
        state: CheckState::Skipped,
    }));
    let keys = [
        (model.map(|model| &model.constraints), &table.constraints),
        (model.map(|model| &model.indexes), &table.indexes),
    ];
    for (expected, actual) in keys {
        for definition in expected.into_iter().flatten() {
            if !actual.iter().any(|actual| same_key(actual, definition)) {
                findings.push(
                    Finding::new(Code::SchemaWrongType, format!("`{name}` lacks a key or index of the schema"))
                        .severity(Severity::Warning)
                        .detail(definition.clone())
                        .command(Invocation::SetupStep(StepId::Schema))
                        .hint("neonup setup schema adds what `if not exists` can add; the rest needs a migration"),
                );
                if state == CheckState::Ok {
                    state = CheckState::Warning;
                }
            }
        }
    }
    Table {
        name: name.clone(),
        state,
        columns: shown,
        notes: table
            .constraints
            .iter()
            .chain(&table.indexes)
            .cloned()
            .collect(),
    }
}

/// Whether two definitions mean the same, whatever an index is called.
fn same_key(a: &str, b: &str) -> bool {
    let body = |definition: &str| {
        let unnamed = definition
            .split_once(" ON ")
            .filter(|_| definition.contains("INDEX"));
        let unique = definition.starts_with("CREATE UNIQUE");
        (
            unique,
            unnamed.map_or(definition, |(_, rest)| rest).to_owned(),
        )
    };
    body(a) == body(b)
}

fn column_facts<'a>(table: Option<&'a TableFacts>, column: &str) -> Option<&'a ColumnFacts> {
    table?.columns.iter().find(|facts| facts.name == column)
}

fn column_type(column: &ColumnFacts) -> String {
    let null = if column.nullable { "" } else { " not null" };
    format!("{}{null}", column.kind)
}

/// Runs the project's own migration command, with the values of the first env file in its environment.
async fn migrate(cx: &Cx, command: &[String]) -> Result<()> {
    let line = command.join(" ");
    let dir = cx.settings.backend.as_ref().map_or_else(
        || cx.settings.root.clone(),
        |backend| cx.settings.path(&backend.dir),
    );
    let program = command.first().map(String::as_str).unwrap_or_default();
    let found = cx.ports.process.find(program, &dir).ok_or_else(|| {
        Failure::new(
            Code::SchemaCommandFailed,
            format!("there is no program `{program}`"),
        )
        .why("looked in the project's virtual environment and in PATH")
        .hint("install it, or change [schema] command in neonup.toml")
    })?;
    let mut argv = vec![found.display().to_string()];
    argv.extend(command.iter().skip(1).cloned());
    cx.progress(Progress::label(format!("running {line}")));
    let spec = CommandSpec {
        child: Child::Migration,
        argv,
        dir,
        env: connection::environment(cx),
    };
    let ended = cx.ports.process.run(&spec, MIGRATION).await?;
    if ended.code == Some(0) {
        return Ok(());
    }
    let last = ended
        .output
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("it printed nothing");
    let secrets: Vec<_> = spec.env.iter().map(|(_, value)| value.clone()).collect();
    Err(Failure::new(
        Code::SchemaCommandFailed,
        format!(
            "`{line}` failed with {}",
            ended
                .code
                .map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"))
        ),
    )
    .why(connection::redact(last, &secrets))
    .hint("run it yourself in the backend's folder to see its whole output"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: &str, nullable: bool) -> ColumnFacts {
        ColumnFacts {
            name: name.to_owned(),
            kind: kind.to_owned(),
            nullable,
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
        let (_, findings) = compare(&wanted(), Some(&model), &[]);
        assert_eq!(
            findings.iter().map(|f| f.code).collect::<Vec<_>>(),
            [Code::SchemaMissingTable]
        );

        let found = [table("task", vec![column("id", "bigint", false)])];
        let (tables, findings) = compare(&wanted(), Some(&model), &found);
        assert_eq!(
            findings.iter().map(|f| f.code).collect::<Vec<_>>(),
            [Code::SchemaWrongType, Code::SchemaMissingColumn]
        );
        assert_eq!(
            findings[0].title,
            "`task.id` is bigint not null, expected uuid not null"
        );
        assert_eq!(tables[0].state, CheckState::Gap);

        let (tables, findings) = compare(&wanted(), Some(&model), &model);
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
        assert!(compare(&wanted(), Some(&model), &found).1.is_empty());
        found[0].indexes.clear();
        let findings = compare(&wanted(), Some(&model), &found).1;
        assert_eq!(findings[0].severity, Severity::Warning);
    }
}
