//! The backend step: the application's session module, its requirements, and its start-up.
//!
//! New files are written where something imports them; an existing file is only ever changed when the user asked for it, and the
//! change was shown before.

mod findings;
mod inspection;

use async_trait::async_trait;

use crate::{
    core::{
        answer::BackendAnswer,
        code::{Code, Severity},
        event::Report,
        failure::Result,
        finding::Finding,
    },
    engine::{
        backend::inspection::{BackendInspection, ProposedChange},
        context::Cx,
        failures::files::source_not_written,
        step::Step,
    },
};

/// The backend step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BackendStep;

#[async_trait]
impl Step for BackendStep {
    type Answer = BackendAnswer;

    async fn probe(&self, cx: &Cx) -> Result<Report> {
        Ok(inspect(cx).into_report(cx))
    }

    async fn apply(&self, cx: &Cx, answer: BackendAnswer) -> Result<Report> {
        let edit = answer == BackendAnswer::EditCode || cx.settings.flags.edit_code;
        for change in inspect(cx).changes {
            if edit || (change.old.is_none() && change.is_imported) {
                write(cx, &change)?;
            }
        }
        self.probe(cx).await
    }

    const MUST_FINISH: bool = true;
}

fn inspect(cx: &Cx) -> BackendInspection {
    match &cx.settings.backend {
        Some(backend) => BackendInspection::new(cx, backend),
        None => BackendInspection::without_backend(cx),
    }
}

/// The finding about the health route that makes its answer say nothing of the database, if there is one.
pub(crate) async fn health_route_cause(cx: &Cx) -> Option<Finding> {
    let report = BackendStep.probe(cx).await.ok()?;
    report.findings.into_iter().find(|finding| {
        finding.code == Code::BackendHealthRouteMissing && finding.severity != Severity::Note
    })
}

fn write(cx: &Cx, change: &ProposedChange) -> Result<()> {
    let path = cx.settings.path(&change.path);
    let old = change.old.as_ref().map(String::as_bytes);
    cx.ports
        .files
        .replace(&path, old, change.new.as_bytes())
        // what the disk has not confirmed is there all the same
        .map(drop)
        .map_err(|error| source_not_written(&change.path, &error))
}

#[cfg(test)]
mod tests;
