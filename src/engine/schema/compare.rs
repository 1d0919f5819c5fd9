//! The comparison of what a database holds with what is expected of it.

use crate::{
    core::{
        code::{Code, Severity},
        facts::{CheckState, Column, Table},
        finding::Finding,
        invocation::Invocation,
        step::StepId,
    },
    ports::database::{ColumnFacts, ObjectFacts, SchemaShape, TableFacts},
    project::settings::SchemaSettings,
};

/// Compares what exists with what is expected: the tables that the configuration lists, and all that the SQL files make.
pub(super) fn compare(
    wanted: &SchemaSettings,
    reference: &SchemaShape,
    found: &SchemaShape,
) -> (Vec<Table>, Vec<Finding>) {
    // another version may write the same definition in another way
    let same_version = reference.major == found.major;
    let mut findings = Vec::new();
    let mut expected: Vec<(String, Vec<String>)> = wanted.tables.clone();
    for table in &reference.tables {
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
            let model = reference.tables.iter().find(|table| table.name == *name);
            let Some(table) = found.tables.iter().find(|table| table.name == *name) else {
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
            present_table(table, columns, model, same_version, &mut findings)
        })
        .collect();
    for object in &reference.objects {
        findings.extend(wrong_object(object, &found.objects, same_version));
    }
    (tables, findings)
}

/// Reports what is missing beside the tables, or made of something else.
fn wrong_object(
    expected: &ObjectFacts,
    found: &[ObjectFacts],
    same_version: bool,
) -> Option<Finding> {
    let ObjectFacts { kind, name, .. } = expected;
    let there = found
        .iter()
        .find(|object| object.kind == *kind && object.name == *name);
    let finding = |title: String| {
        Finding::new(Code::SchemaWrongObject, title)
            .command(Invocation::SetupStep(StepId::Schema))
            .fixable()
    };
    match there {
        None => Some(finding(format!("{kind} `{name}` is missing"))),
        Some(there) if same_version && there.definition != expected.definition => Some(
            finding(format!("{kind} `{name}` doesn't match the schema"))
                .hint("run neonup setup schema, which recreates it if the file says `create or replace`; otherwise write a \
                migration"),
        ),
        Some(_) => None,
    }
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
    same_version: bool,
    findings: &mut Vec<Finding>,
) -> Table {
    let before = findings.len();
    let mut shown: Vec<_> = columns
        .iter()
        .map(|column| present_column(table, column, model, same_version, findings))
        .collect();
    let others = table
        .columns
        .iter()
        .filter(|column| !columns.contains(&column.name));
    shown.extend(others.map(|column| Column {
        name: column.name.clone(),
        kind: column_type(column),
        state: CheckState::Skipped,
    }));
    findings.extend(missing_keys(table, model));
    let worst = findings
        .iter()
        .skip(before)
        .map(|finding| finding.severity)
        .max();
    Table {
        name: table.name.clone(),
        state: match worst {
            Some(Severity::Gap) => CheckState::Gap,
            Some(Severity::Warning) => CheckState::Warning,
            Some(Severity::Note) | None => CheckState::Ok,
        },
        columns: shown,
        notes: table
            .constraints
            .iter()
            .chain(&table.indexes)
            .cloned()
            .collect(),
    }
}

/// One column of a table that is there, against the one of the model.
fn present_column(
    table: &TableFacts,
    column: &str,
    model: Option<&TableFacts>,
    same_version: bool,
    findings: &mut Vec<Finding>,
) -> Column {
    let name = &table.name;
    let expected = column_facts(model, column);
    let Some(actual) = column_facts(Some(table), column) else {
        findings.push(
            Finding::new(
                Code::SchemaMissingColumn,
                format!("`{name}` has no column `{column}`"),
            )
            .detail("`create table if not exists` doesn't add columns to an existing table")
            .hint("add the column in a migration, or drop the table if it is empty"),
        );
        return Column {
            name: column.to_owned(),
            kind: expected.map(column_type).unwrap_or_default(),
            state: CheckState::Gap,
        };
    };
    let mut state = CheckState::Ok;
    if let Some(expected) = expected {
        if expected.kind != actual.kind || expected.nullable != actual.nullable {
            findings.push(
                Finding::new(
                    Code::SchemaWrongType,
                    format!(
                        "`{name}.{column}` is {}, expected {}",
                        column_type(actual),
                        column_type(expected)
                    ),
                )
                .hint("change the column in a migration, or correct the schema's SQL"),
            );
            state = CheckState::Gap;
        } else if same_version && expected.default != actual.default {
            findings.push(wrong_default(name, actual, expected));
            state = CheckState::Warning;
        }
    }
    Column {
        name: column.to_owned(),
        kind: column_type(actual),
        state,
    }
}

/// The keys and indexes of the model that a table lacks.
fn missing_keys<'a>(
    table: &'a TableFacts,
    model: Option<&'a TableFacts>,
) -> impl Iterator<Item = Finding> + 'a {
    let keys = [
        (model.map(|model| &model.constraints), &table.constraints),
        (model.map(|model| &model.indexes), &table.indexes),
    ];
    keys.into_iter().flat_map(move |(expected, actual)| {
        expected
            .into_iter()
            .flatten()
            .filter(move |definition| !actual.iter().any(|actual| same_key(actual, definition)))
            .map(|definition| {
                Finding::new(
                    Code::SchemaWrongType,
                    format!("a key or index of the schema is missing from `{}`", table.name),
                )
                .severity(Severity::Warning)
                .detail(definition.clone())
                .command(Invocation::SetupStep(StepId::Schema))
                .hint("run neonup setup schema, which adds what `if not exists` can add; otherwise write a migration")
            })
    })
}

fn wrong_default(table: &str, actual: &ColumnFacts, expected: &ColumnFacts) -> Finding {
    let default = |column: &ColumnFacts| match &column.default {
        Some(default) => format!("the default {default}"),
        None => "no default".to_owned(),
    };
    Finding::new(
        Code::SchemaWrongType,
        format!(
            "`{table}.{}` has {}, expected {}",
            actual.name,
            default(actual),
            default(expected)
        ),
    )
    .severity(Severity::Warning)
    .hint("change the column in a migration, or correct the schema's SQL")
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
