//! Writes the env files: all of them, or none. Restores them.

use crate::{
    core::{
        answer::EnvAnswer,
        code::Code,
        failure::{Failure, Result},
        finding::Finding,
        remedy::Remedy,
    },
    engine::{
        changes,
        context::Cx,
        env::{
            inspection::{EnvInspection, TargetInspection},
            links,
            messages::{FIX, ignored_unknown, mark_removed, told, tracked},
        },
        failures::files::{env_not_written, no_undo_copy},
    },
    os::files::writing_hint,
    ports::{
        files::{FileError, UndoCopy, Written},
        repository::{GitAnswer, Protection},
    },
};

/// How files may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteMode {
    /// Only so that the file is the old or the new one, whole, whatever happens.
    Whole,
    /// Also in place, which a kill in the middle would spoil.
    InPlace,
    /// In place without trying another way.
    InPlaceAtOnce,
}

impl WriteMode {
    /// The mode that the user has agreed to.
    pub(super) fn of(cx: &Cx, answer: &EnvAnswer) -> Self {
        if *answer == EnvAnswer::InPlace || cx.settings.flags.in_place {
            Self::InPlace
        } else {
            Self::Whole
        }
    }

    /// The mode for a file of so many names.
    const fn for_links(self, links: u64) -> Self {
        if matches!(self, Self::InPlace) && links > 1 {
            return Self::InPlaceAtOnce;
        }
        self
    }
}

/// Why nothing was written.
#[derive(Debug, Clone)]
pub(super) enum WriteError {
    /// Somebody else wrote the file: inspect it again.
    Changed,
    Failed(Failure),
}

impl WriteError {
    fn of(file: &str, error: &FileError) -> Self {
        if matches!(error, FileError::Changed) {
            Self::Changed
        } else {
            env_not_written(file, error).into()
        }
    }
}

impl From<Failure> for WriteError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Failed(failure) => failure,
            WriteError::Changed => Self::new(Code::EnvMissingFile, "an env file keeps changing")
                .why("another program is writing it at the same time")
                .command(FIX),
        }
    }
}

/// Makes sure, without writing, that a target could be written.
pub(super) fn check_writable(cx: &Cx, target: &TargetInspection, mode: WriteMode) -> Result<()> {
    let files = &cx.ports.files;
    // where the file is a symlink, what counts is the directory it leads to
    let real = files
        .resolve(&target.path)
        .map_err(|error| env_not_written(&target.file, &error))?;
    let dir = real.parent().unwrap_or(&cx.settings.root);
    let in_place = target.bytes.is_some() && mode != WriteMode::Whole;
    if !files.writable(dir) && !in_place {
        let failure = Failure::new(
            Code::EnvMissingFile,
            format!("can't write `{}`", target.file),
        )
        .why(format!("the directory `{}` isn't writable", dir.display()));
        let hint = writing_hint(dir);
        return Err(if target.bytes.is_some() {
            failure
                .hint(format!(
                    "{hint}; or overwrite the file in place: {}",
                    Remedy::OverwriteInPlace.command()
                ))
                .remedy(Some(Remedy::OverwriteInPlace))
        } else {
            failure.hint(hint)
        });
    }
    Ok(())
}

/// Makes sure that a copy can be kept of what is there before a write.
pub(super) fn check_undo(cx: &Cx, target: &TargetInspection) -> Result<()> {
    if target.rewritten() {
        cx.ports
            .files
            .can_keep_undo()
            .map_err(|error| no_undo_copy(&error))?;
    }
    Ok(())
}

/// Makes sure that the env files that exist could be written anew.
pub(super) fn check_rewritable(cx: &Cx, inspection: &EnvInspection) -> Result<()> {
    let existing = inspection
        .targets
        .iter()
        .filter(|target| target.bytes.is_some());
    for target in existing {
        check_writable(cx, target, WriteMode::of(cx, &EnvAnswer::Default))?;
        cx.ports
            .files
            .can_keep_undo()
            .map_err(|error| no_undo_copy(&error))?;
    }
    check_kept_out(inspection)
}

/// Makes sure that git takes none of the targets.
fn check_kept_out(inspection: &EnvInspection) -> Result<()> {
    for (target, protection) in inspection
        .targets
        .iter()
        .filter_map(TargetInspection::protected)
    {
        if protection.tracked != GitAnswer::No {
            return Err(tracked(&target.file, &protection.tracked));
        }
        if let GitAnswer::Unknown(why) = &protection.ignored {
            return Err(ignored_unknown(&target.file, why));
        }
    }
    Ok(())
}

/// Writes every target that changes: first all checks, then all ignore lines, then the files.
/// Gives what is worth telling about it.
pub(super) async fn write(
    cx: &Cx,
    inspection: &EnvInspection,
    mode: WriteMode,
) -> Result<Vec<Finding>, WriteError> {
    let changing = || inspection.targets.iter().filter(|target| target.changes());
    for target in changing() {
        if let Some(problem) = &target.problem {
            return Err(problem.clone().into());
        }
        check_writable(cx, target, mode)?;
        check_undo(cx, target)?;
    }
    // of every target, before the first line goes into a .gitignore: git never ignores what it tracks, so the line would not
    // help, and the run after this one would add it again
    check_kept_out(inspection)?;
    for target in &inspection.targets {
        ensure_ignored(cx, target).await?;
    }
    let mut findings = Vec::new();
    for target in &inspection.targets {
        write_target(cx, target, mode, &mut findings)?;
    }
    Ok(findings)
}

/// Makes git ignore a target, and asks again whether it does.
async fn ensure_ignored(cx: &Cx, target: &TargetInspection) -> Result<()> {
    if target.is_sealed {
        return Ok(());
    }
    let repository = &cx.ports.repository;
    let ignored = |protection: &Protection| protection.ignored == GitAnswer::Yes;
    if target.protection.as_ref().is_some_and(ignored) {
        return Ok(());
    }
    let rules = repository.add_ignore(&target.file).await?;
    cx.tell(changes::ignored_now(Code::EnvChanged, &rules, &target.file));
    if ignored(&repository.protection(&target.file).await?) {
        return Ok(());
    }
    Err(Failure::new(
        Code::EnvNotIgnored,
        format!("git still doesn't ignore `{}`", target.file),
    )
    .why("a later .gitignore line un-ignores it, or git's answers contradict each other")
    .hint(format!("git check-ignore -v {}", target.file)))
}

/// Writes a target and its example.
fn write_target(
    cx: &Cx,
    target: &TargetInspection,
    mode: WriteMode,
    findings: &mut Vec<Finding>,
) -> Result<(), WriteError> {
    let files = &cx.ports.files;
    files.sweep(std::slice::from_ref(&target.path));
    if target.changes() {
        if target.bytes.as_deref() != Some(target.wanted.bytes()) {
            files
                .keep_undo(&target.path, target.bytes.as_deref())
                .map_err(|error| no_undo_copy(&error))?;
        }
        let new = target.wanted.bytes();
        // a file of several names keeps them only where it lies
        let mode = mode.for_links(target.links);
        let written = write_whole_or(mode, target.bytes.as_deref(), |old| match old {
            None => files.replace_secret(&target.path, target.bytes.as_deref(), new),
            Some(old) => files
                .replace_secret_in_place(&target.path, old, new)
                .map(|()| Written::default()),
        })
        .map_err(|error| WriteError::of(&target.file, &error))?;
        if target.mark {
            findings.push(mark_removed(&target.file));
        }
        findings.extend(told(&target.file, &written));
    }
    if let Some(example) = target.example.as_ref().filter(|example| example.changes()) {
        let new = example.wanted.bytes();
        let written = write_whole_or(mode, example.bytes.as_deref(), |old| match old {
            None => files.replace(&example.path, example.bytes.as_deref(), new),
            Some(old) => files
                .replace_in_place(&example.path, old, new)
                .map(|()| Written::default()),
        })
        .map_err(|error| WriteError::of(&example.file, &error))?;
        cx.tell(changes::documented(&example.file, example.bytes.is_none()));
        findings.extend(told(&example.file, &written));
    }
    Ok(())
}

/// Writes in one piece; if that is impossible and the user has agreed, in place: then `write` is given the old bytes.
fn write_whole_or(
    mode: WriteMode,
    old: Option<&[u8]>,
    write: impl Fn(Option<&[u8]>) -> Result<Written, FileError>,
) -> Result<Written, FileError> {
    if mode == WriteMode::InPlaceAtOnce && old.is_some() {
        return write(old);
    }
    let error = match write(None) {
        Ok(written) => return Ok(written),
        Err(error) => error,
    };
    let cannot = matches!(
        error,
        FileError::Mounted(_) | FileError::Denied(_) | FileError::CrossesDevices(_)
    );
    match old {
        Some(old) if cannot && mode == WriteMode::InPlace => write(Some(old)),
        _ => Err(error),
    }
}

/// Restores what the last write replaced. What is there now becomes the undo copy, so that nothing is lost.
pub(super) async fn undo(cx: &Cx) -> Result<Vec<Finding>> {
    links::check_all(cx).await?;
    let files = &cx.ports.files;
    let mut found = false;
    let mut findings = Vec::new();
    for target in &cx.settings.env {
        let path = cx.settings.path(&target.file);
        let failed = |error: FileError| Failure::from(WriteError::of(&target.file, &error));
        let Some(old) = files.undo(&path).map_err(failed)? else {
            continue;
        };
        found = true;
        let now = files.read(&path).map_err(failed)?;
        files.keep_undo(&path, now.as_deref()).map_err(failed)?;
        match (old, now) {
            (UndoCopy::Bytes(old), now) => {
                let written = files
                    .replace_secret(&path, now.as_deref(), &old)
                    .map_err(failed)?;
                findings.extend(told(&target.file, &written));
            }
            (UndoCopy::Absent, Some(now)) => files.remove(&path, &now).map_err(failed)?,
            (UndoCopy::Absent, None) => {}
        }
    }
    if found {
        Ok(findings)
    } else {
        Err(Failure::new(Code::EnvMissingFile, "there is no backup")
            .why("nothing has been written yet")
            .command(FIX))
    }
}
