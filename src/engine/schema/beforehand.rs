//! What is said before files are run, or instead of what they make.

use crate::{
    core::{
        code::{Code, Severity},
        finding::Finding,
    },
    domain::sql::{self, TransactionEffect},
    ports::{
        database::{DatabaseError, SqlFile},
        shapes::NotDetermined,
    },
    project::settings::SchemaSettings,
};

/// Says which files do not run in one transaction, so that an error does not take back all.
pub(super) fn notes(files: &[SqlFile]) -> Vec<Finding> {
    files.iter().filter_map(note).collect()
}

fn note(file: &SqlFile) -> Option<Finding> {
    let statements = sql::statements(&file.text).ok()?;
    let alone = statements.iter().find_map(|statement| {
        if let TransactionEffect::Alone(what) = statement.effect {
            return Some((statement, what));
        }
        None
    });
    let own = || {
        let own = |effect| matches!(effect, TransactionEffect::Begins | TransactionEffect::Ends);
        let first = statements.iter().find(|statement| own(statement.effect))?;
        Some((first, ""))
    };
    let (statement, what) = alone.or_else(own)?;
    let (line, _) = sql::locate_byte(&file.text, statement.at);
    let (title, detail) = if what.is_empty() {
        (
            format!("`{}` begins and commits its own transactions", file.name),
            "they are kept as written: what the file has committed stays if a later statement fails",
        )
    } else {
        (
            format!("{what} in `{}` can't run in a transaction", file.name),
            "it runs on its own: what ran before it stays if it fails",
        )
    };
    let finding = Finding::new(Code::SchemaNoTransaction, title).detail(detail);
    Some(
        finding
            .path(file.name.clone())
            .line(u32::try_from(line).unwrap_or(u32::MAX)),
    )
}

/// Whether a file also puts rows into tables.
pub(super) fn adds_rows(text: &str) -> bool {
    let statements = sql::statements(text).unwrap_or_default();
    statements.iter().any(|statement| {
        let first = sql::tokens(statement.sql)
            .next()
            .map_or("", |(_, word)| word);
        ["insert", "copy", "update", "merge", "with"]
            .iter()
            .any(|word| first.eq_ignore_ascii_case(word))
    })
}

/// Reports that it is not known what the files make. Where tables are listed in neonup.toml, they are what is expected.
pub(super) fn not_determined(why: &NotDetermined, wanted: &SchemaSettings) -> Finding {
    let listed = !wanted.tables.is_empty();
    let finding = Finding::new(Code::SchemaNotDetermined, title(why))
        .detail(detail(why))
        .severity(if listed {
            Severity::Note
        } else {
            Severity::Gap
        });
    if listed {
        return finding.hint("the tables in [schema.tables] of neonup.toml were compared instead");
    }
    let fixes = matches!(why, NotDetermined::Refused { missing, .. } if missing.is_empty());
    finding.hint(if fixes {
        "fix the file; if it works on Neon, list the tables in neonup.toml, under [schema.tables]"
    } else {
        "list the tables in neonup.toml, under [schema.tables], or set a Postgres that can run the files: NEONUP_PG_BIN=DIR"
    })
}

fn title(why: &NotDetermined) -> String {
    if let NotDetermined::Refused { error, .. } = why {
        if let DatabaseError::Statement(statement) = error.as_ref() {
            let (line, column) = statement.position;
            return format!(
                "`{}` fails at line {line}, column {column}, so neonup couldn't determine what it creates",
                statement.file
            );
        }
        if let DatabaseError::NotSent { file, .. } = error.as_ref() {
            return format!("`{file}` can't be run, so neonup couldn't determine what it creates");
        }
    }
    "couldn't determine what the schema files create".to_owned()
}

fn detail(why: &NotDetermined) -> String {
    match why {
        NotDetermined::NoEngine { reason } | NotDetermined::NotStarted { reason } => {
            format!("{why}: {reason}")
        }
        NotDetermined::TooSlow { .. } | NotDetermined::TooLarge { .. } => why.to_string(),
        NotDetermined::Refused { error, missing } => {
            let said = said(error);
            if missing.is_empty() {
                said
            } else {
                format!(
                    "{said}; the Postgres used to test the files doesn't have the extension {}",
                    missing.join(", ")
                )
            }
        }
    }
}

fn said(error: &DatabaseError) -> String {
    if let DatabaseError::Statement(statement) = error {
        return format!("{} ({})", statement.message, statement.sqlstate);
    }
    if let DatabaseError::FileNotRun { reason, .. } | DatabaseError::QueryFailed { reason } = error
    {
        return format!("{error}: {reason}");
    }
    error.to_string()
}
