//! `neonup undo`: brings back what the last write of the env files replaced. Running it again takes that back too.

use crate::{
    commands::{Output, session},
    report::lines,
};
use crate::{
    core::{
        answer::{Answer, EnvAnswer},
        exit::Exit,
        facts::Facts,
        plan::Status,
        step::StepId,
    },
    ports::Ports,
    project::settings::Settings,
};

/// Runs the command.
pub(crate) async fn run(settings: Settings, ports: Ports, output: &mut Output) -> Exit {
    let steps = [StepId::Env];
    let mut work = session::Work::new(settings, ports);
    let mut result = work.probe_all(&steps, output).await;
    if result.is_ok() && work.plan.status(StepId::Env) == Status::Failed {
        return work.finished(&steps, output).await;
    }
    let files: Vec<_> = match &work.plan.step(StepId::Env).facts {
        Some(Facts::Env(env)) => env
            .files
            .iter()
            .filter(|file| file.undo)
            .map(|file| file.file.clone())
            .collect(),
        _ => Vec::new(),
    };
    if result.is_ok() && files.is_empty() {
        work.runtime.shutdown().await;
        output.line("there is nothing to bring back");
        return Exit::Done;
    }
    if result.is_ok() {
        result = work.apply(Answer::Env(EnvAnswer::Undo), output).await;
    }
    if let Err(stop) = result {
        return work.stopped(stop, &steps, output).await;
    }
    let done = work.plan.status(StepId::Env) != Status::Failed;
    if !output.json && done {
        output.line(format!(
            "brought back: {}; `neonup undo` again takes that back",
            files.join(", ")
        ));
        lines::step(output, StepId::Env, work.plan.step(StepId::Env));
    }
    let exit = work.finished(&steps, output).await;
    // the older file may well have gaps: that it is back is what was asked for
    if done { Exit::Done } else { exit }
}
