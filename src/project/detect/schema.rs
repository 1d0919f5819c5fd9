//! Where the tables of an application come from.

use crate::{
    domain::source::{Reader, join},
    project::{
        detect::proposal::{Proposal, words},
        settings::SchemaSettings,
    },
};

/// The stack's own migrations, else Alembic's, else an SQL file.
pub(super) fn schema(read: Reader<'_>, dir: &str, proposal: &Proposal) -> Option<SchemaSettings> {
    let alembic = || {
        read(&join(dir, "alembic.ini"))
            .is_some()
            .then_some("alembic upgrade head")
    };
    if let Some(command) = proposal.migrate.or_else(alembic) {
        return Some(SchemaSettings {
            command: words(command),
            ..SchemaSettings::default()
        });
    }
    let file = ["schema.sql", "db/schema.sql", "sql/schema.sql"]
        .iter()
        .map(|file| join(dir, file))
        .chain([
            "schema.sql".to_owned(),
            "assets/schema.sql".to_owned(),
            "db/schema.sql".to_owned(),
        ])
        .find(|path| read(path).is_some())?;
    Some(SchemaSettings {
        files: vec![file],
        ..SchemaSettings::default()
    })
}
