//! The old passwords in the env files of `neonup.toml`, and in their undo copies.

use crate::{
    core::{
        code::Code,
        failure::{Failure, Result},
        invocation::Invocation,
        secret::Secret,
        step::StepId,
    },
    domain::{
        credentials::is_placeholder,
        dotenv::Document,
        url::{Connection, Part, recognize},
    },
    engine::{
        connection,
        context::{Cx, KnownProject},
    },
    ports::files::UndoCopy,
    project::settings::KeySpec,
};

/// Fails where the env file leads to another database than the project's: then the two passwords have nothing to do with each other.
pub(super) fn check_same_database(cx: &Cx, project: &KnownProject) -> Result<()> {
    let Some(url) = connection::written(cx) else {
        return Ok(());
    };
    let others: Vec<_> = project
        .connection
        .differences(&url)
        .into_iter()
        .filter(|part| *part != Part::Password)
        .map(Part::label)
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Code::EnvStaleUrl,
        "the env file points to a different database than this project's, so nothing was reset",
    )
    .why(format!("these differ: {}", others.join(", ")))
    .command(Invocation::SetupStep(StepId::Env)))
}

/// Lists the passwords in the env files that are not Neon's current one.
pub(super) fn stale_passwords(cx: &Cx, connection: &Connection) -> Vec<Secret> {
    let mut stale: Vec<Secret> = Vec::new();
    for spec in &cx.settings.env {
        let path = cx.settings.path(&spec.file);
        let Ok(Some(bytes)) = cx.ports.files.read(&path) else {
            continue;
        };
        let document = Document::parse(&bytes);
        let parts = spec
            .keys
            .iter()
            .filter(|(_, key)| {
                matches!(
                    key,
                    KeySpec::Part {
                        part: Part::Password,
                        ..
                    }
                )
            })
            .flat_map(|(name, _)| document.all(name))
            .map(|entry| entry.value.clone());
        for password in parts {
            let real = !is_placeholder(password.expose());
            if real && password != connection.password && !stale.contains(&password) {
                stale.push(password);
            }
        }
        let urls = spec
            .keys
            .iter()
            .filter(|(_, key)| matches!(key, KeySpec::Url { .. }))
            .flat_map(|(name, _)| document.all(name))
            .filter_map(|entry| recognize(entry.value.expose()));
        for url in urls {
            // a placeholder from the example was never anybody's password
            let ours = connection.differences(&url) == [Part::Password];
            let real = !is_placeholder(url.password.expose());
            if ours && real && !stale.contains(&url.password) {
                stale.push(url.password);
            }
        }
    }
    stale
}

/// Drops the undo copies that hold a password which is refused: restoring it would only break what works.
pub(super) fn forget_undo_copies(cx: &Cx, old: &[Secret], others: &[String]) {
    let targets = cx.settings.env.iter().map(|target| &target.file);
    for file in targets.chain(others) {
        let path = cx.settings.path(file);
        let Ok(Some(UndoCopy::Bytes(copy))) = cx.ports.files.undo(&path) else {
            continue;
        };
        let dead = old
            .iter()
            .any(|old| memchr::memmem::find(&copy, old.expose().as_bytes()).is_some());
        if dead && cx.ports.files.forget_undo(&path).is_err() {
            // a refused password harms nobody
            tracing::warn!(file, "couldn't remove the backup with the old password");
        }
    }
}
