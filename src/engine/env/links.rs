//! Env files that are symlinks.

use std::path::PathBuf;

use crate::{
    core::{
        code::Code,
        failure::{Failure, Result},
    },
    engine::{
        context::Cx,
        failures::files::{env_in_git_folder, env_not_read, env_outside},
    },
    ports::{
        files::FileError,
        repository::{GitAnswer, Protection},
    },
};

/// Checks all env files.
pub(super) async fn check_all(cx: &Cx) -> Result<()> {
    for target in &cx.settings.env {
        check(cx, &target.file).await?;
        if let Some(example) = &target.example {
            resolve(cx, example)?;
        }
    }
    Ok(())
}

/// Finds out where a file really leads. Refuses what leads out of the repository, or among git's own files.
fn resolve(cx: &Cx, file: &str) -> Result<PathBuf> {
    let path = cx.settings.path(file);
    cx.ports.files.resolve(&path).map_err(|error| {
        if let FileError::Outside(target) = &error {
            env_outside(file, target)
        } else if let FileError::GitFolder(target) = &error {
            env_in_git_folder(file, target)
        } else {
            env_not_read(file, &path, &error)
        }
    })
}

/// Makes sure that git keeps out what a symlink leads to, since the secrets are written there.
async fn check(cx: &Cx, file: &str) -> Result<()> {
    let (files, repository) = (&cx.ports.files, &cx.ports.repository);
    let path = cx.settings.path(file);
    let real = resolve(cx, file)?;
    let root = repository.root().unwrap_or(&cx.settings.root);
    let canonical = files.resolve(root).unwrap_or_else(|_| root.to_owned());
    let Ok(inside) = real.strip_prefix(&canonical) else {
        return Err(env_outside(file, &real));
    };
    if path.strip_prefix(root).is_ok_and(|named| named == inside) {
        return Ok(());
    }
    let real = inside.to_string_lossy().replace('\\', "/");
    let Protection {
        ignored, tracked, ..
    } = repository.protection(&real).await?;
    let failure = |what: &str| {
        Failure::new(
            Code::EnvNotIgnored,
            format!("`{file}` is a symlink to `{real}`, which git {what}"),
        )
    };
    match (tracked, ignored) {
        (GitAnswer::No, GitAnswer::Yes) => Ok(()),
        (GitAnswer::Yes, _) => Err(failure("tracks")
            .why("the next commit would include the secrets written there")
            .hint(format!("git rm --cached {real}"))),
        (GitAnswer::No, GitAnswer::No) => Err(failure("doesn't ignore")
            .why("the next `git add .` would add the secrets written there")
            .hint(format!(
                "add `{real}` to .gitignore, or replace the symlink with a file"
            ))),
        (GitAnswer::Unknown(why), _) | (_, GitAnswer::Unknown(why)) => {
            Err(failure("may or may not ignore")
                .why(why)
                .hint(format!("git check-ignore -v {real}")))
        }
    }
}
