//! `neonup check`: probes everything and changes nothing, unless `--fix`.

use super::{Output, report, work};
use crate::{
    answer::Answer,
    failure::Exit,
    plan::{Status, StepId},
    ports::Ports,
    settings::Settings,
};

/// Runs the command.
pub async fn run(
    settings: Settings,
    ports: Ports,
    steps: &[StepId],
    fix: bool,
    output: &mut Output,
) -> Exit {
    let shown = work::chosen(steps);
    let mut work = work::Work::new(settings, ports);
    if let Err(stop) = work.probe_all(&work::with_needs(&shown), output).await {
        return work.stopped(stop, &shown, output).await;
    }
    if fix {
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
    work.finished(&shown, output).await
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
