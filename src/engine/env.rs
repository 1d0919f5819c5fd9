//! The env step: the env files that the application reads.
//!
//! A target is looked at (`inspection`), and what a write would make of it is composed at the same time: the diff on the screen
//! and the bytes that are written come from one place. Nothing is written before every target of the run was found writable and
//! protected.

mod example;
mod inspection;

use async_trait::async_trait;
use base64::Engine as _;

use self::inspection::{EnvInspection, Problem, Target};
use crate::{
    core::{
        answer::EnvAnswer,
        code::{Code, Severity},
        event::Report,
        facts::{Check, CheckState, EnvFacts, EnvFile, Facts},
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        remedy::Remedy,
        secret::Secret,
        step::StepId,
    },
    domain::{diff, hex::hex},
    engine::{
        context::Cx,
        failures::files::{env_not_read, env_not_written, env_outside, no_undo_copy},
        step::Step,
    },
    ports::{
        files::{FileError, UndoCopy},
        repository::{GitAnswer, Protection},
    },
    project::settings::Encoding,
};

/// The command that mends what this step can mend.
const FIX: Invocation = Invocation::SetupStep(StepId::Env);

/// How often a write is tried anew when somebody else writes the same file.
const TRIES: usize = 3;

/// The env step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EnvStep;

#[async_trait]
impl Step for EnvStep {
    type Answer = EnvAnswer;

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        if let Some(report) = nothing_to_do(cx) {
            return Ok(report);
        }
        let look = look(cx, stand_in).await?;
        let consent = consent(cx, &EnvAnswer::Default);
        for target in look.targets.iter().filter(|target| target.changes()) {
            writable(cx, target, consent)?;
        }
        Ok(report(cx, &look))
    }

    async fn apply(&self, cx: &Cx, answer: EnvAnswer) -> Result<Report> {
        if let Some(report) = nothing_to_do(cx) {
            return Ok(report);
        }
        if answer == EnvAnswer::Undo {
            undo(cx).await?;
            return self.probe(cx).await;
        }
        let consent = consent(cx, &answer);
        for attempt in 1.. {
            let look = look(cx, random).await?;
            match write(cx, &look, consent).await {
                Err(Problem::Changed) if attempt < TRIES => {}
                Err(problem) => return Err(problem.into()),
                Ok(()) => break,
            }
        }
        self.probe(cx).await
    }

    const MUST_FINISH: bool = true;
}

fn nothing_to_do(cx: &Cx) -> Option<Report> {
    let targets = &cx.settings.env;
    if targets.iter().all(|target| target.keys.is_empty()) {
        return Some(Report::skipped("no env file with keys is configured"));
    }
    None
}

/// A value in place of a random one, for looking only.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands in for a function that can fail"
)]
fn stand_in(encoding: Encoding, bytes: usize) -> Result<Secret> {
    Ok(encode(encoding, &vec![0; bytes]))
}

/// A new random value.
fn random(encoding: Encoding, bytes: usize) -> Result<Secret> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer).map_err(|error| {
        Failure::new(Code::EnvMissingKey, "no random value could be made")
            .why(error.to_string())
            .hint("the system's random source does not work")
    })?;
    Ok(encode(encoding, &buffer))
}

fn encode(encoding: Encoding, bytes: &[u8]) -> Secret {
    Secret::new(match encoding {
        Encoding::Hex => hex(bytes),
        Encoding::Base64 => base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes),
    })
}

/// Makes a random value, or something in its place.
type Generate = fn(Encoding, usize) -> Result<Secret>;

async fn look(cx: &Cx, generate: Generate) -> Result<EnvInspection> {
    let repository = &cx.ports.repository;
    if repository.root().is_none() {
        return Err(Failure::new(
            Code::EnvNotIgnored,
            format!(
                "`{}` is not in a git repository",
                cx.settings.root.display()
            ),
        )
        .why("whether git keeps the env files out cannot be told")
        .hint("git init"));
    }
    for target in &cx.settings.env {
        behind_links(cx, &target.file).await?;
    }
    let mut look = EnvInspection::new(cx, generate)?;
    for target in &mut look.targets {
        target.protection = Some(repository.protection(&target.file).await?);
    }
    Ok(look)
}

/// Where a file is reached through a symlink, git has to keep out what the symlink leads to: that is where the secrets go.
async fn behind_links(cx: &Cx, file: &str) -> Result<()> {
    let (files, repository) = (&cx.ports.files, &cx.ports.repository);
    let path = cx.settings.path(file);
    let real = files.resolve(&path).map_err(|error| {
        if let FileError::Outside(target) = &error {
            env_outside(file, target)
        } else {
            env_not_read(file, &path, &error)
        }
    })?;
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
            format!("`{file}` leads to `{real}`, which git {what}"),
        )
    };
    match (tracked, ignored) {
        (GitAnswer::No, GitAnswer::Yes) => Ok(()),
        (GitAnswer::Yes, _) => Err(failure("tracks")
            .why("the next commit would take the secrets that are written there")
            .hint(format!("git rm --cached {real}"))),
        (GitAnswer::No, GitAnswer::No) => Err(failure("does not ignore")
            .why("the next `git add .` would take the secrets that are written there")
            .hint(format!(
                "add `{real}` to .gitignore, or replace the symlink with a file"
            ))),
        (GitAnswer::Unknown(why), _) | (_, GitAnswer::Unknown(why)) => {
            Err(failure("may or may not keep out")
                .why(why)
                .hint(format!("git check-ignore -v {real}")))
        }
    }
}

/// How files may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Consent {
    /// Only so that the file is the old or the new one, whole, whatever happens.
    Whole,
    /// Also where it lies, which a kill in the middle would spoil.
    InPlace,
}

/// What the user agreed to.
fn consent(cx: &Cx, answer: &EnvAnswer) -> Consent {
    if *answer == EnvAnswer::InPlace || cx.settings.flags.in_place {
        Consent::InPlace
    } else {
        Consent::Whole
    }
}

/// Finds out, without writing, whether a target could be written.
fn writable(cx: &Cx, target: &Target, consent: Consent) -> Result<()> {
    let files = &cx.ports.files;
    // where the file is a symlink, what counts is the directory it leads to
    let real = files
        .resolve(&target.path)
        .map_err(|error| problem(&target.file, &error))?;
    let dir = real.parent().unwrap_or(&cx.settings.root);
    let in_place = target.bytes.is_some() && consent == Consent::InPlace;
    if !files.writable(dir) && !in_place {
        let failure = Failure::new(
            Code::EnvMissingFile,
            format!("`{}` cannot be written", target.file),
        )
        .why(format!(
            "the directory `{}` may not be written",
            dir.display()
        ));
        let chmod = format!("chmod u+w {}", dir.display());
        return Err(if target.bytes.is_some() {
            failure
                .hint(format!(
                    "{chmod}; or overwrite the file where it lies: {}",
                    Remedy::OverwriteInPlace.command()
                ))
                .remedy(Some(Remedy::OverwriteInPlace))
        } else {
            failure.hint(chmod)
        });
    }
    if target.rewritten() {
        files
            .can_keep_undo()
            .map_err(|error| no_undo_copy(&error))?;
    }
    Ok(())
}

/// Makes sure that the env files that exist could be written anew. Asked before an old password is ended.
pub(super) async fn rewritable(cx: &Cx) -> Result<()> {
    let look = look(cx, stand_in).await?;
    for target in look.targets.iter().filter(|target| target.bytes.is_some()) {
        writable(cx, target, consent(cx, &EnvAnswer::Default))?;
        cx.ports
            .files
            .can_keep_undo()
            .map_err(|error| no_undo_copy(&error))?;
    }
    kept_out(&look)
}

/// Makes sure that git takes none of the targets.
fn kept_out(look: &EnvInspection) -> Result<()> {
    for (target, protection) in look.targets.iter().filter_map(Target::protected) {
        if protection.tracked != GitAnswer::No {
            return Err(tracked(target));
        }
        if let GitAnswer::Unknown(why) = &protection.ignored {
            return Err(Failure::new(
                Code::EnvNotIgnored,
                format!("whether git ignores `{}` could not be told", target.file),
            )
            .why(why)
            .hint(format!("git check-ignore -v {}", target.file)));
        }
    }
    Ok(())
}

/// Writes every target that changes: first all checks, then all ignore lines, then the files.
async fn write(cx: &Cx, look: &EnvInspection, consent: Consent) -> Result<(), Problem> {
    let files = &cx.ports.files;
    let changing = || look.targets.iter().filter(|target| target.changes());
    for target in changing() {
        if let Some(problem) = &target.problem {
            return Err(problem.clone());
        }
        writable(cx, target, consent)?;
    }
    // of every target, before the first line goes into a .gitignore: git never ignores what it tracks, so the line would not
    // help, and the run after this one would add it again
    kept_out(look)?;
    for target in &look.targets {
        let ignored = |protection: &Protection| protection.ignored == GitAnswer::Yes;
        if !target.protection.as_ref().is_some_and(ignored) {
            let repository = &cx.ports.repository;
            let added = repository.add_ignore(&target.file).await;
            added.map_err(Failure::from)?;
            let now = repository.protection(&target.file).await;
            let now = now.map_err(Failure::from)?;
            if !ignored(&now) {
                return Err(Failure::new(
                    Code::EnvNotIgnored,
                    format!("git still does not ignore `{}`", target.file),
                )
                .why("a later line of a .gitignore brings it back, or git disagrees with itself")
                .hint(format!("git check-ignore -v {}", target.file))
                .into());
            }
        }
    }
    for target in &look.targets {
        files.remove_stale(&target.path);
        if target.changes() {
            if target.bytes.as_deref() != Some(target.wanted.bytes()) {
                files
                    .keep_undo(&target.path, target.bytes.as_deref())
                    .map_err(|error| no_undo_copy(&error))?;
            }
            let new = target.wanted.bytes();
            in_place_if(consent, target.bytes.as_deref(), |old| match old {
                None => files.replace_secret(&target.path, target.bytes.as_deref(), new),
                Some(old) => files.replace_in_place(&target.path, old, new),
            })
            .map_err(|error| problem(&target.file, &error))?;
        }
        if let Some(example) = target.example.as_ref().filter(|example| example.changes()) {
            let new = example.wanted.bytes();
            in_place_if(consent, example.bytes.as_deref(), |old| match old {
                None => files.replace(&example.path, example.bytes.as_deref(), new),
                Some(old) => files.replace_in_place(&example.path, old, new),
            })
            .map_err(|error| problem(&example.file, &error))?;
        }
    }
    Ok(())
}

/// Writes in one piece, and where that cannot be done and was agreed to, in place: then `write` is given the old bytes.
fn in_place_if(
    consent: Consent,
    old: Option<&[u8]>,
    write: impl Fn(Option<&[u8]>) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let error = match write(None) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    let cannot = matches!(
        error,
        FileError::Mounted(_) | FileError::Denied(_) | FileError::CrossesDevices(_)
    );
    match old {
        Some(old) if cannot && consent == Consent::InPlace => write(Some(old)),
        _ => Err(error),
    }
}

/// Brings back what the last write replaced. What stands there now becomes the undo copy, so that nothing is lost.
async fn undo(cx: &Cx) -> Result<()> {
    for target in &cx.settings.env {
        behind_links(cx, &target.file).await?;
    }
    let files = &cx.ports.files;
    let mut found = false;
    for target in &cx.settings.env {
        let path = cx.settings.path(&target.file);
        let failed = |error: FileError| Failure::from(problem(&target.file, &error));
        let Some(old) = files.undo(&path).map_err(failed)? else {
            continue;
        };
        found = true;
        let now = files.read(&path).map_err(failed)?;
        files.keep_undo(&path, now.as_deref()).map_err(failed)?;
        match (old, now) {
            (UndoCopy::Bytes(old), now) => files
                .replace_secret(&path, now.as_deref(), &old)
                .map_err(failed)?,
            (UndoCopy::Absent, Some(_)) => files.remove(&path).map_err(failed)?,
            (UndoCopy::Absent, None) => {}
        }
    }
    if found {
        Ok(())
    } else {
        Err(Failure::new(Code::EnvMissingFile, "there is no undo copy")
            .why("nothing was written yet")
            .command(FIX))
    }
}

/// Why a file was not written.
fn problem(file: &str, error: &FileError) -> Problem {
    if matches!(error, FileError::Changed) {
        Problem::Changed
    } else {
        env_not_written(file, error).into()
    }
}

fn tracked(target: &Target) -> Failure {
    let failure = Failure::new(
        Code::EnvNotIgnored,
        format!(
            "git tracks `{}`, so no secret is written to it",
            target.file
        ),
    );
    match target
        .protection
        .as_ref()
        .map(|protection| &protection.tracked)
    {
        Some(GitAnswer::Unknown(why)) => failure
            .why(format!("whether git tracks it could not be told: {why}"))
            .hint("git status"),
        _ => failure.why("the next commit would take it").hint(format!(
            "neonup setup secrets (or: git rm --cached {})",
            target.file
        )),
    }
}

/// The findings about git.
fn protection(target: &Target, findings: &mut Vec<Finding>) -> Vec<Check> {
    let Some(protection) = &target.protection else {
        return Vec::new();
    };
    let finding = |title: String| Finding::new(Code::EnvNotIgnored, title).path(&target.file);
    let ignored = match &protection.ignored {
        GitAnswer::Yes => CheckState::Ok,
        GitAnswer::No => {
            findings.push(
                finding(format!("git does not ignore `{}`", target.file))
                    .detail("the next `git add .` would take it")
                    .command(FIX)
                    .fixable(),
            );
            CheckState::Gap
        }
        GitAnswer::Unknown(why) => {
            findings.push(
                finding(format!(
                    "whether git ignores `{}` could not be told",
                    target.file
                ))
                .detail(why)
                .hint(format!("git check-ignore -v {}", target.file)),
            );
            CheckState::Gap
        }
    };
    let untracked = match &protection.tracked {
        GitAnswer::No => CheckState::Ok,
        GitAnswer::Yes | GitAnswer::Unknown(_) => {
            let failure = tracked(target);
            findings.push(finding(failure.what).detail(failure.why).hint(failure.hint));
            CheckState::Gap
        }
    };
    vec![
        Check::new("ignored", ignored, "by git"),
        Check::new("untracked", untracked, "by git"),
    ]
}

fn report(cx: &Cx, look: &EnvInspection) -> Report {
    let mut findings = Vec::new();
    let mut files = Vec::new();
    for target in &look.targets {
        let mut checks = protection(target, &mut findings);
        checks.extend(target.permissions(&mut findings));
        findings.extend(target.findings.iter().cloned());
        let undo = cx.ports.files.undo(&target.path).ok().flatten().is_some();
        let diff = if target.changes() {
            diff::env(&target.document, &target.wanted, &target.notes)
        } else {
            Vec::new()
        };
        let untouched = if diff.is_empty() {
            target.document.pieces().len()
        } else {
            diff::untouched(&diff)
        };
        files.push(EnvFile {
            file: target.file.clone(),
            checks,
            diff,
            changed: target.changed,
            added: target.added,
            untouched,
            undo,
        });
        if let Some(example) = &target.example {
            findings.extend(example.findings.iter().cloned());
            files.extend(example.shown());
        }
    }
    let evidence = evidence(look, &findings);
    Report::judged(evidence, findings).facts(Facts::Env(EnvFacts { files }))
}

/// Why the step stands where it stands.
fn evidence(look: &EnvInspection, findings: &[Finding]) -> String {
    let mut parts = Vec::new();
    for target in &look.targets {
        let file = &target.file;
        let count = target.keys;
        let keys = |count: usize| {
            if count == 1 {
                "1 key".to_owned()
            } else {
                format!("{count} keys")
            }
        };
        parts.push(if target.bytes.is_none() {
            format!("`{file}` does not exist")
        } else if target.changed + target.added > 0 {
            match (target.changed, target.added) {
                (changed, 0) => format!("`{file}`: {} to change", keys(changed)),
                (0, added) => format!("`{file}`: {} to add", keys(added)),
                (changed, added) => {
                    format!("`{file}`: {} to change, {added} to add", keys(changed))
                }
            }
        } else {
            format!(
                "`{file}` holds {}",
                if count == 1 {
                    "its key".to_owned()
                } else {
                    format!("all {count} keys")
                }
            )
        });
    }
    let gaps = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Gap);
    if look.targets.iter().all(|target| !target.changes())
        && let Some(finding) = gaps.clone().next()
    {
        parts = vec![finding.title.clone()];
    }
    let mut text = parts.join(", ");
    if !look.project_known && look.has_url {
        text.push_str("; whether the URL is this project's is not known yet");
    }
    text
}

#[cfg(test)]
mod tests;
