//! `neonup check`: probes everything and changes nothing, unless `--fix`.

use std::path::PathBuf;

use crate::{
    commands::{Output, session},
    report::{lines, sarif},
};
use crate::{
    core::{answer::Answer, code::Code, exit::Exit, plan::Status, step::StepId},
    ports::Ports,
    project::settings::Settings,
    report::receipt,
};

/// What the command does beside looking.
#[derive(Debug, Clone, Default)]
pub(crate) struct How {
    /// Mends what can be mended without a question.
    pub fix: bool,
    /// Writes the findings to this file, as SARIF.
    pub sarif: Option<PathBuf>,
    /// Writes the receipt to this file, as Markdown.
    pub receipt: Option<PathBuf>,
}

/// Runs the command.
pub(crate) async fn run(
    settings: Settings,
    ports: Ports,
    steps: &[StepId],
    how: How,
    output: &mut Output,
) -> Exit {
    let shown = session::chosen(steps);
    let mut work = session::Work::new(settings, ports);
    if let Err(stop) = work.probe_all(&session::with_needs(&shown), output).await {
        return work.stopped(stop, &shown, output).await;
    }
    if how.fix {
        for id in &shown {
            if !can_fix(&work, *id) {
                continue;
            }
            let mut result = work.apply(Answer::default_of(*id), output).await;
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
            lines::step(output, *id, work.plan.step(*id));
        }
    }
    if how.fix && !output.json && shown.contains(&StepId::Secrets) {
        explain_history(&work, output);
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

/// What is not mended: a secret in the history. Says what rewriting would take, and why it is no cure.
fn explain_history(work: &session::Work, output: &mut Output) {
    let secrets = work.plan.step(StepId::Secrets);
    let leaked = secrets
        .gaps()
        .any(|finding| finding.code == Code::SecretsLiveSecretInHistory);
    if !leaked {
        return;
    }
    for line in [
        "",
        "not done: taking the secret out of the history, since that cannot be taken back and does not call the secret back.",
        "  It would take `git filter-repo --replace-text FILE`, which rewrites every commit that held it and all that follow,",
        "  then `git push --force` of every branch and tag, and a new clone for everybody who has one.",
        "  Forks, pull requests, caches and old clones keep it all the same. The cure is to end the secret: `neonup rotate`",
        "  (`neonup rotate --api-key` for the API key). After that what the history holds opens nothing.",
    ] {
        output.line(line);
    }
}

/// Whether a step's gaps can be mended without a question. Keys and projects are always a question.
fn can_fix(work: &session::Work, id: StepId) -> bool {
    let state = work.plan.step(id);
    let asks = matches!(id, StepId::Login | StepId::Project);
    // a step without a gap that is still to do only waits to be proven
    let unproven = id == StepId::Health && state.gaps().next().is_none() && state.facts.is_some();
    // what git should ignore is worth a line even where nothing stops the step
    let open =
        state.status == Status::Todo || (state.status == Status::Done && id == StepId::Secrets);
    open && !asks && (unproven || state.findings.iter().any(|finding| finding.fixable))
}
