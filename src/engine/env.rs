//! The env step: the env files that the application reads.
//!
//! A file is inspected, and what a write would make of it is composed at the same time: the diff on the screen and the bytes that
//! are written come from one place. Nothing is written before every file of the run was found writable and protected.

mod example;
mod inspection;
mod judge;
mod links;
mod messages;
mod public;
mod public_keys;
mod report;
mod shadow;
mod write;

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;

use self::{
    inspection::EnvInspection,
    messages::{other_server, saved_meanwhile},
    report::report,
    write::{WriteError, WriteMode, check_writable, undo, write},
};
use crate::{
    core::{
        answer::EnvAnswer,
        code::Code,
        event::Report,
        failure::{Failure, Result},
        finding::Finding,
        proof::Basis,
        secret::Secret,
    },
    domain::hex::hex,
    engine::{context::Cx, step::Step},
    project::settings::{Encoding, EnvBasis},
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
        let changing = inspection.targets.iter().filter(|target| target.changes());
        for target in changing {
            check_writable(cx, target, mode)?;
        }
        Ok(report(cx, &inspection))
    }

    async fn apply(&self, cx: &Cx, answer: EnvAnswer) -> Result<Report> {
        if let Some(report) = nothing_to_do(cx) {
            return Ok(report);
        }
        let told = if answer == EnvAnswer::Undo {
            undo(cx).await?
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
        match write(cx, &inspection, mode).await {
            Err(WriteError::Changed) if attempt < TRIES => {
                if told.is_empty() {
                    told.push(saved_meanwhile());
                }
                tokio::time::sleep(SETTLE).await;
            }
            Err(error) => return Err(error.into()),
            Ok(findings) => {
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

/// Gives a value in place of a random one, for a probe.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it replaces a function that can fail"
)]
fn stand_in(encoding: Encoding, bytes: usize) -> Result<Secret> {
    Ok(encode(encoding, &vec![0; bytes]))
}

/// Makes a random value.
fn random(encoding: Encoding, bytes: usize) -> Result<Secret> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer).map_err(|error| {
        Failure::new(Code::EnvMissingKey, "can't create a random value")
            .why(error.to_string())
            .hint("the system's random source doesn't work")
    })?;
    Ok(encode(encoding, &buffer))
}

fn encode(encoding: Encoding, bytes: &[u8]) -> Secret {
    Secret::new(match encoding {
        Encoding::Hex => hex(bytes),
        Encoding::Base64 => base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes),
    })
}

#[cfg(test)]
mod tests;
