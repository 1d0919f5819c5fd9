//! Whether what the migration command has left still stands: for a command that nobody can ask whether something is pending.
//!
//! A run that ended well has brought the database to what the repository's files say. As long as none of them has changed, and every
//! table is still as it was afterwards, running it again would change nothing.

use std::collections::BTreeSet;

use crate::{
    core::{
        app_proof::{self, ProofInput},
        proof::Unread,
        schema_run::SchemaRun,
        secret::Secret,
    },
    domain::age,
    engine::{connection, context::Cx},
    ports::{
        database::SchemaShape,
        proof::{GatheredInputs, InputQuestion},
    },
};

/// Endings of files that no migration reads: what people and browsers look at.
const LOOKED_AT: &[&str] = &[
    "md", "mdx", "css", "scss", "less", "png", "jpg", "jpeg", "gif", "svg", "ico", "webp", "avif",
    "woff", "woff2", "ttf", "pdf", "mp4",
];

/// What the last run is worth.
pub(super) enum LastRun {
    /// None is known here.
    Never,
    /// What was kept can't be read; why.
    Unreadable(String),
    /// Something has changed since, which is named, with when it ran.
    Outdated { changed: String, when: String },
    /// Something can't be read, so that nobody can tell whether it changed.
    Undetermined(Unread),
    /// All is as it was.
    Current { when: String },
}

/// Compares the last run with the files and the tables as they are.
pub(super) async fn standing(cx: &Cx, found: &SchemaShape) -> LastRun {
    let run = match cx.ports.proof.last_run() {
        Ok(Some(run)) => run,
        Ok(None) => return LastRun::Never,
        Err(error) => return LastRun::Unreadable(error.to_string()),
    };
    let GatheredInputs { inputs, coverage } = inputs(cx, found).await;
    let when = age::moment(run.at, cx.ports.proof.now());
    let changed = run.outdated_by(&inputs);
    if !changed.is_empty() {
        return LastRun::Outdated {
            changed: app_proof::named(&changed),
            when,
        };
    }
    match coverage.unread().first() {
        Some(unread) => LastRun::Undetermined(unread.clone()),
        None => LastRun::Current { when },
    }
}

/// Keeps what a run has left, if no file changed while it ran. `before` are the inputs as they were then. What can't be kept
/// is not proved later, and says so then.
pub(super) async fn keep(cx: &Cx, before: &GatheredInputs, left: &SchemaShape) {
    let after = inputs(cx, left).await;
    // who wrote a file meanwhile, the command or a person, nobody can tell: another run is proved once none is written
    let is_file = |input: &ProofInput| matches!(input, ProofInput::File(_));
    let changed = after.inputs.changed_since(&before.inputs);
    if changed.iter().any(is_file) || !before.coverage.is_complete() {
        return;
    }
    let now = cx.ports.proof.now();
    let run = SchemaRun {
        at: now
            .duration_since(std::time::SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs()),
        inputs: after.inputs,
    };
    if let Err(error) = cx.ports.proof.keep_run(run) {
        tracing::warn!(%error, "the run of the migration command can't be kept");
    }
}

/// Reads what a run stands on, and what it has left: the command, where the database is, the repository's files, and the tables.
pub(super) async fn inputs(cx: &Cx, found: &SchemaShape) -> GatheredInputs {
    let settings = &cx.settings;
    let command = settings.schema.command.join("\n");
    let command = format!("{}\n{command}", settings.schema_dir());
    let mut values = vec![(ProofInput::SchemaCommand, Secret::new(command))];
    if let Some(at) = connection::of_app(cx) {
        // the role's password changes with each rotation, and decides nothing
        let place = format!("{} {:?} {} {}", at.host, at.port, at.database, at.role);
        values.push((ProofInput::Database, Secret::new(place)));
    }
    let text = |facts: Result<String, serde_json::Error>| Secret::new(facts.unwrap_or_default());
    for table in &found.tables {
        let input = ProofInput::Table(table.name.clone());
        values.push((input, text(serde_json::to_string(table))));
    }
    for object in &found.objects {
        let input = ProofInput::DatabaseObject {
            kind: object.kind.clone(),
            name: object.name.clone(),
        };
        values.push((input, text(serde_json::to_string(object))));
    }
    let kept = cx.ports.repository.files_below("").await.ok();
    let kept: Option<BTreeSet<String>> = kept.map(BTreeSet::from_iter);
    let question = InputQuestion {
        // a migration may read what lies beside its folder
        dir: Some(String::new()),
        env_files: settings
            .env
            .iter()
            .map(|target| target.file.clone())
            .collect(),
        values,
        kept: kept.clone(),
        ..InputQuestion::default()
    };
    let mut gathered = cx.ports.proof.inputs(question).await;
    let config = settings.config_file.strip_prefix(&settings.root).ok();
    gathered.inputs.retain(|input| match input {
        ProofInput::File(path) => {
            let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
            // what git ignores, tools make from the rest
            let is_kept = kept.as_ref().is_none_or(|kept| kept.contains(path));
            is_kept && !LOOKED_AT.contains(&ending) && config != Some(path.as_ref())
        }
        ProofInput::SchemaCommand
        | ProofInput::Database
        | ProofInput::Table(_)
        | ProofInput::DatabaseObject { .. } => true,
        ProofInput::Start
        | ProofInput::Expectation
        | ProofInput::EnvFile(_)
        | ProofInput::Variable(_)
        | ProofInput::Program(_)
        | ProofInput::Packages(_) => false,
    });
    gathered
}
