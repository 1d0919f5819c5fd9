//! Where the tables of an application come from.

mod make;
mod migration;
mod node;
mod python;
mod sql;

pub(super) use node::prisma_schema;

use crate::domain::reading::Spot;
use crate::project::{
    detect::{manifests::Language, proposal::Proposal, schema::migration::Migration, tree::Tree},
    settings::SchemaSettings,
};

/// Where the tables come from, and what shows it.
pub(super) struct FoundSchema {
    pub settings: SchemaSettings,
    pub seen: Option<Spot>,
}

/// The stack's own migrations, else those of a tool, else SQL files.
pub(super) fn schema(tree: &Tree<'_>, dir: &str, proposal: &Proposal) -> Option<FoundSchema> {
    let usual = proposal.start.as_ref().map(|start| start.dir.as_str());
    let own = proposal.migrate.clone().map(|command| Migration {
        command,
        dir: usual.unwrap_or(dir).to_owned(),
        seen: proposal
            .start
            .as_ref()
            .and_then(|start| start.seen.as_ref())
            .map(|at| at.file.clone()),
    });
    let migration = own
        .or_else(|| match proposal.language {
            // what a script migrates that belongs to no known stack is not known
            Some(Language::Python) | None => python::migration(tree, dir),
            Some(Language::JavaScript) => node::migration(tree, dir),
        })
        .or_else(|| sql::dbmate(tree, dir))
        .or_else(|| {
            let plain = proposal.language.is_none();
            plain.then(|| make::migration(tree, dir)).flatten()
        });
    if let Some(migration) = migration {
        return Some(FoundSchema {
            seen: migration.seen.map(|file| Spot { file, line: 0 }),
            settings: SchemaSettings {
                command: migration.command,
                dir: (migration.dir != usual.unwrap_or_default()).then_some(migration.dir),
                ..SchemaSettings::default()
            },
        });
    }
    let files = sql::files(tree, dir);
    let file = files.first()?.clone();
    Some(FoundSchema {
        seen: Some(Spot { file, line: 0 }),
        settings: SchemaSettings {
            files,
            ..SchemaSettings::default()
        },
    })
}
