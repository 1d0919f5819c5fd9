//! Where the tables of an application come from.

use crate::{
    domain::source::{Reader, join},
    project::{
        detect::proposal::{Proposal, words},
        settings::SchemaSettings,
    },
};

/// Folders of a backend that may hold `alembic.ini`, beside the backend's own.
const ALEMBIC_FOLDERS: &[&str] = &["db", "database", "migrations", "alembic", "app", "src"];

/// The stack's own migrations, else Alembic's, else an SQL file.
pub(super) fn schema(read: Reader<'_>, dir: &str, proposal: &Proposal) -> Option<SchemaSettings> {
    let place = proposal
        .backend
        .as_ref()
        .map_or(dir, |backend| &backend.dir);
    let own = proposal
        .migrate
        .clone()
        .map(|command| (command, place.to_owned()));
    let alembic = || {
        let below = ALEMBIC_FOLDERS.iter().map(|folder| join(dir, folder));
        [dir.to_owned(), String::new()]
            .into_iter()
            .chain(below)
            .find(|dir| read(&join(dir, "alembic.ini")).is_some())
            .map(|dir| ("alembic upgrade head".to_owned(), dir))
    };
    if let Some((command, place)) = own.or_else(alembic) {
        let backend = proposal.backend.as_ref();
        let usual = backend.map_or("", |backend| backend.dir.as_str());
        return Some(SchemaSettings {
            command: words(&command),
            dir: (place != usual).then_some(place),
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
