//! Where the tables of an application come from.

mod make;
mod maker;
mod migration;
mod node;
mod python;
mod reach;
mod script;
mod sql;

pub(super) use node::prisma_schema;

use crate::domain::{reading::Spot, source::join};
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
    let own = proposal.migrate.clone().map(|command| {
        let dir = usual.unwrap_or(dir);
        // the script that it runs, such as `manage.py`; else what names the tool
        let mut named = command.iter().map(|word| join(dir, word));
        let script = named.find(|path| tree.has(path));
        let manifest = || tree.manifest_of(dir, proposal.language);
        Migration {
            seen: script.or_else(|| manifest().map(|at| at.file)),
            dir: dir.to_owned(),
            command,
            only_empty: false,
        }
    });
    let migration = own
        .or_else(|| match proposal.language {
            // what a script migrates that belongs to no known stack is not known
            Some(Language::Python) | None => {
                let start = proposal.start.as_ref();
                python::migration(tree, dir, start.map(|start| start.command.as_slice()))
            }
            Some(Language::JavaScript) => node::migration(tree, dir),
        })
        .or_else(|| sql::dbmate(tree, dir))
        .or_else(|| {
            let plain = proposal.language.is_none();
            plain.then(|| make::migration(tree, dir)).flatten()
        });
    if let Some(migration) = migration {
        return Some(of_command(migration, usual.unwrap_or_default()));
    }
    let mut files = sql::files(tree, dir);
    if proposal.language == Some(Language::JavaScript) && files.is_empty() {
        files = node::drizzle_files(tree, dir);
    }
    let Some(file) = files.first().cloned() else {
        let script = match proposal.language {
            Some(Language::Python) => maker::of_python(tree, dir, proposal.start.as_ref()),
            Some(Language::JavaScript) => {
                node::maker(tree, dir).or_else(|| node::of_workspace(tree, dir))
            }
            None => None,
        };
        return Some(of_command(script?, usual.unwrap_or_default()));
    };
    Some(FoundSchema {
        seen: Some(Spot { file, line: 0 }),
        settings: SchemaSettings {
            files,
            ..SchemaSettings::default()
        },
    })
}

/// The settings of a command; `usual` is the folder where it would run anyway.
fn of_command(migration: Migration, usual: &str) -> FoundSchema {
    FoundSchema {
        seen: migration.seen.map(|file| Spot { file, line: 0 }),
        settings: SchemaSettings {
            command: migration.command,
            dir: (migration.dir != usual).then_some(migration.dir),
            only_empty: migration.only_empty,
            ..SchemaSettings::default()
        },
    }
}
