//! `neonup check`: probes everything and changes nothing, unless `--fix`.

use std::path::PathBuf;

use super::{Output, report, sarif, work};
use crate::{
    answer::Answer,
    failure::Exit,
    plan::{Status, StepId},
    ports::Ports,
    receipt,
    settings::Settings,
};

/// What the command does beside looking.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// Mends what can be mended without a question.
    pub fix: bool,
    /// Writes the findings to this file, as SARIF.
    pub sarif: Option<PathBuf>,
    /// Writes the receipt to this file, as Markdown.
    pub receipt: Option<PathBuf>,
}

/// Runs the command.
pub async fn run(
    settings: Settings,
    ports: Ports,
    steps: &[StepId],
    how: How,
    output: &mut Output,
) -> Exit {
    let shown = work::chosen(steps);
    let mut work = work::Work::new(settings, ports);
    if let Err(stop) = work.probe_all(&work::with_needs(&shown), output).await {
        return work.stopped(stop, &shown, output).await;
    }
    if how.fix {
        for id in &shown {
            if !can_fix(&work, *id) {
                continue;
            }
            let mut result = work.apply(*id, Answer::Default, output).await;
            if result.is_ok() {
                result = work.probe_all(&shown, output).await;
            }
            if let Err(stop) = result {
                return work.stopped(stop, &shown, output).await;
            }
        }
    }
    if !output.json {
        for id in &shown {
            report::step(output, *id, work.plan.step(*id));
        }
    }
    let mut unwritten = Vec::new();
    let files = [
        (
            &how.sarif,
            "--sarif",
            sarif::document(&work.plan, &shown).to_string(),
        ),
        (
            &how.receipt,
            "--receipt",
            receipt::markdown(&work.plan, &shown) + "\n",
        ),
    ];
    for (path, flag, text) in files {
        if let Some(path) = path
            && let Err(error) = std::fs::write(path, text)
        {
            unwritten.push(format!(
                "cannot write `{}`: {error}; name another file with {flag}",
                path.display()
            ));
        }
    }
    let exit = work.finished(&shown, output).await;
    // the document is printed already: only lines are added
    for why in &unwritten {
        output.note(format!("error: {why}"));
    }
    if unwritten.is_empty() {
        exit
    } else {
        Exit::Failed
    }
}

/// Whether a step's gaps can be mended without a question. Keys and projects are always a question.
fn can_fix(work: &work::Work, id: StepId) -> bool {
    let state = work.plan.step(id);
    let asks = matches!(id, StepId::Login | StepId::Project);
    // a step without a gap that is still to do only waits to be proven
    let unproven = id == StepId::Health && state.gaps().next().is_none() && state.detail.is_some();
    state.status == Status::Todo
        && !asks
        && (unproven || state.findings.iter().any(|finding| finding.fixable))
}
