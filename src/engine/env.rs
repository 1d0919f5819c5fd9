//! The env step: the env files that the application reads.
//!
//! A file is inspected, and what a write would make of it is composed at the same time: the diff on the screen and the bytes that
//! are written come from one place. Nothing is written before every file of the run was found writable and protected.

pub(crate) mod edits;
mod example;
mod inspection;
mod judge;
mod links;
mod messages;
mod public;
mod public_keys;
mod report;
mod shadow;
mod values;
mod write;

use std::time::Duration;

use async_trait::async_trait;

use self::{
    inspection::{EditState, EnvInspection},
    messages::{edit_dropped, other_server, saved_meanwhile},
    report::report,
    values::{random, stand_in},
    write::{WriteError, WriteMode, check_undo, check_writable, undo, write},
};
use crate::{
    core::{answer::EnvAnswer, event::Report, failure::Result, finding::Finding, proof::Basis},
    engine::{context::Cx, step::Step},
    project::settings::EnvBasis,
};

/// How often a write is tried when somebody else writes the same file.
const TRIES: usize = 3;
/// How long an editor may take between emptying a file and writing it.
const SETTLE: Duration = Duration::from_millis(200);

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
        let inspection = EnvInspection::inspect(cx, stand_in).await?;
        let mode = WriteMode::of(cx, &EnvAnswer::Default);
        let changing = || inspection.targets.iter().filter(|target| target.changes());
        for target in changing() {
            check_writable(cx, target, mode)?;
        }
        // a machine that only checks may have no place for one, and what is wrong has to be seen there, too
        let no_undo = changing().find_map(|target| check_undo(cx, target).err());
        let dropped = inspection
            .targets
            .iter()
            .filter(|target| target.edit == EditState::Dropped);
        let dropped: Vec<_> = dropped.map(|target| target.file.as_str()).collect();
        edits::drop_all(cx, &dropped);
        let mut report = report(cx, &inspection);
        report
            .findings
            .extend(no_undo.map(|failure| failure.finding()));
        Ok(report)
    }

    async fn apply(&self, cx: &Cx, answer: EnvAnswer) -> Result<Report> {
        if let Some(report) = nothing_to_do(cx) {
            return Ok(report);
        }
        let told = if answer == EnvAnswer::Undo {
            let mut told = undo(cx).await?;
            told.extend(edits::forget(cx).iter().map(|file| edit_dropped(file)));
            told
        } else {
            write_all(cx, WriteMode::of(cx, &answer)).await?
        };
        let mut report = self.probe(cx).await?;
        report.findings.extend(told);
        Ok(report)
    }

    const MUST_FINISH: bool = true;
}

/// Writes all files, again where somebody else writes them at the same time. Gives what is worth telling about it.
async fn write_all(cx: &Cx, mode: WriteMode) -> Result<Vec<Finding>> {
    let mut told = Vec::new();
    for attempt in 1.. {
        let inspection = EnvInspection::inspect(cx, random).await?;
        if let Some(target) = inspection
            .targets
            .iter()
            .find(|target| target.edit == EditState::Dropped)
        {
            return Err(edits::dropped(&target.file));
        }
        match write(cx, &inspection, mode).await {
            Err(WriteError::Changed) if attempt < TRIES => {
                if told.is_empty() {
                    told.push(saved_meanwhile());
                }
                tokio::time::sleep(SETTLE).await;
            }
            Err(error) => return Err(error.into()),
            Ok(findings) => {
                edits::forget(cx);
                told.extend(findings);
                break;
            }
        }
    }
    Ok(told)
}

fn nothing_to_do(cx: &Cx) -> Option<Report> {
    let targets = &cx.settings.env;
    if targets.iter().all(|target| target.keys.is_empty()) {
        if let EnvBasis::OtherServer { server, at } = &cx.settings.env_basis {
            let basis = Basis::not_determined(other_server(server, at));
            return Some(Report::judged("nothing is written", basis, Vec::new()));
        }
        return Some(Report::skipped("no env file with keys is configured"));
    }
    None
}

/// Makes sure that the env files that exist could be written anew. For a rotation, before the old password is refused.
pub(super) async fn check_rewritable(cx: &Cx) -> Result<()> {
    let inspection = EnvInspection::inspect(cx, stand_in).await?;
    write::check_rewritable(cx, &inspection)
}

#[cfg(test)]
mod tests;
