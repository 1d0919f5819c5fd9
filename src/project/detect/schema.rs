//! Where the tables of an application come from.

mod make;
mod node;
mod python;
mod sql;

pub(super) use node::prisma_schema;

use crate::project::{
    detect::{manifests::Language, proposal::Proposal, tree::Tree},
    settings::SchemaSettings,
};

/// A command that brings the database up to date.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Migration {
    pub command: Vec<String>,
    /// Where it runs, relative to the root.
    pub dir: String,
}

/// The stack's own migrations, else those of a tool, else SQL files.
pub(super) fn schema(tree: &Tree<'_>, dir: &str, proposal: &Proposal) -> Option<SchemaSettings> {
    let usual = proposal.start.as_ref().map(|start| start.dir.as_str());
    let own = proposal.migrate.clone().map(|command| Migration {
        command,
        dir: usual.unwrap_or(dir).to_owned(),
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
        return Some(SchemaSettings {
            command: migration.command,
            dir: (migration.dir != usual.unwrap_or_default()).then_some(migration.dir),
            ..SchemaSettings::default()
        });
    }
    let files = sql::files(tree, dir);
    (!files.is_empty()).then(|| SchemaSettings {
        files,
        ..SchemaSettings::default()
    })
}
