//! `neonup check`: probes everything and changes nothing, unless `--fix`; starts nothing, unless `--app`.
#![expect(
    clippy::disallowed_methods,
    reason = "writes the reports to the files that the user names"
)]

use std::{fs, path::PathBuf};

use clap::Args;
use serde_json::json;

use crate::{
    commands::{
        context::CommandContext,
        each_app::EachApp,
        error::CommandError,
        session::{self, CommandSession, Interruption},
    },
    core::{
        answer::Answer, code::Code, exit::Exit, failure::Failure, finding::Finding, plan::Status,
        skip::Skip, step::StepId,
    },
    domain::visible,
    ports::Ports,
    project::{
        settings::{Flags, Settings},
        workspace::AppScope,
    },
    report::{lines, output::Output, receipt, sarif},
};

/// Check everything and change nothing.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Check only these steps.
    steps: Vec<StepId>,
    /// Skip this, for this reason: backend, schema, health or secrets, or the code of something that couldn't be determined. To
    /// skip it permanently, use `[skip]` in neonup.toml.
    #[arg(long, value_name = "STEP=REASON")]
    skip: Vec<Skip>,
    /// Fix what needs no decision.
    #[arg(long)]
    fix: bool,
    /// Also start the app and check its health route. The start command comes from this clone, so it needs your trust.
    #[arg(long)]
    app: bool,
    /// List every finding code.
    #[arg(long)]
    list: bool,
    /// Also write the findings to this file as SARIF 2.1.0.
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// Also write a receipt to this file: Markdown for a pull request, without secrets or identifiers.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

impl CheckArgs {
    pub(super) async fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        if self.list {
            list_codes(output);
            return Ok(Exit::Done);
        }
        let flags = || Flags {
            skips: self.skip.clone(),
            ..context.flags()
        };
        let (settings, ports) = context.open(flags())?;
        if settings.apps.is_empty() {
            return self.check(settings, ports, output).await;
        }
        if self.sarif.is_some() || self.receipt.is_some() {
            return Err(CommandError::SeveralApps(settings.apps));
        }
        let mut all = EachApp::begin(output);
        for app in settings.apps {
            all.next(&app, output);
            let (settings, ports) = context.open_for(flags(), &AppScope::App(app))?;
            let exit = self.check(settings, ports, output).await?;
            if !all.ended(exit) {
                break;
            }
        }
        Ok(all.finish(output))
    }

    /// Checks one application.
    async fn check(
        &self,
        settings: Settings,
        ports: Ports,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let mut steps = self.steps.clone();
        if self.app && !steps.is_empty() {
            steps.push(StepId::Health);
        }
        let shown = session::chosen_steps(&steps);
        let mut session = CommandSession::new(settings, ports);
        if let Err(interruption) = self.probe_and_fix(&mut session, &shown, output).await {
            return session.interrupted(interruption, &shown, output).await;
        }
        for id in lines::worst_first(&session.plan, &shown) {
            session.print_step(id, output);
        }
        if self.fix && !output.json && shown.contains(&StepId::Secrets) {
            explain_history(&session, output);
        }
        let unwritten = self.write_files(&session, &shown);
        let exit = session.finish(&shown, output).await;
        // the document is printed already: only lines are added
        for why in &unwritten {
            output.note(format!("error: {why}"));
        }
        Ok(if unwritten.is_empty() {
            exit
        } else {
            Exit::Failed
        })
    }

    async fn probe_and_fix(
        &self,
        session: &mut CommandSession,
        shown: &[StepId],
        output: &mut Output,
    ) -> Result<(), Interruption> {
        if self.fix {
            session.take_clone(output).await?;
        }
        session.probe(&session::with_needs(shown), output).await?;
        if self.fix {
            fix(session, shown, output).await?;
        }
        if self.app {
            let start = Answer::default_of(StepId::Health);
            session.apply(start, output).await?;
        }
        Ok(())
    }

    /// Writes the files that are asked for, and returns why some could not be written.
    fn write_files(&self, session: &CommandSession, shown: &[StepId]) -> Vec<String> {
        let plan = &session.plan;
        let sarif = || visible::json(&sarif::document(plan, shown).to_string()).into_owned();
        let receipt = || receipt::markdown(plan, shown) + "\n";
        let files: [(_, _, &dyn Fn() -> String); 2] = [
            (&self.sarif, "--sarif", &sarif),
            (&self.receipt, "--receipt", &receipt),
        ];
        let mut unwritten = Vec::new();
        for (path, flag, text) in files {
            if let Some(path) = path
                && let Err(error) = fs::write(path, text())
            {
                unwritten.push(format!(
                    "can't write `{}`: {error}; choose another file with {flag}",
                    path.display()
                ));
            }
        }
        unwritten
    }
}

/// A fix that changed nothing: the same is found again, and the same hint would be given without end.
fn untaken(before: &[Finding], after: &[Finding]) -> Option<Failure> {
    let same = |one: &Finding, other: &Finding| {
        (one.code, &one.title, &one.path) == (other.code, &other.title, &other.path)
    };
    let left = after
        .iter()
        .filter(|finding| finding.fixable)
        .find(|finding| {
            before
                .iter()
                .any(|known| known.fixable && same(known, finding))
        })?;
    let failure = Failure::new(left.code, format!("the fix failed: {}", left.title));
    Some(
        failure
            .why(format!(
                "the same problem was found again after the fix: {}",
                left.detail
            ))
            .hint("fix it by hand: see `git status` and `git check-ignore --no-index -v FILE`"),
    )
}

/// Fixes what needs no question, a step after the other.
async fn fix(
    session: &mut CommandSession,
    shown: &[StepId],
    output: &mut Output,
) -> Result<(), Interruption> {
    let mut failed: Vec<(StepId, Failure)> = Vec::new();
    for id in shown {
        if !can_fix(session, *id) || starts_programs(session, *id) {
            continue;
        }
        let before = session.plan.step(*id).findings.clone();
        session.apply(Answer::default_of(*id), output).await?;
        let failure = session.plan.step(*id).failure.clone();
        session.probe(shown, output).await?;
        // what could not be fixed looks as before, so the reason would be lost
        let failure = failure.or_else(|| untaken(&before, &session.plan.step(*id).findings));
        failed.extend(failure.map(|failure| (*id, failure)));
    }
    for (id, failure) in failed {
        session.plan.fail(id, failure);
    }
    Ok(())
}

/// Whether applying a step would start a program of the clone: `--fix` never does, whoever trusts it.
fn starts_programs(session: &CommandSession, id: StepId) -> bool {
    match id {
        StepId::Health => true,
        StepId::Schema => !session.runtime.settings().schema.command.is_empty(),
        StepId::Login | StepId::Project | StepId::Env | StepId::Backend | StepId::Secrets => false,
    }
}

/// Whether a step's gaps can be fixed without a question. Keys and projects always need one.
fn can_fix(session: &CommandSession, id: StepId) -> bool {
    let state = session.plan.step(id);
    let asks = matches!(id, StepId::Login | StepId::Project);
    // what git should ignore is worth a line even where nothing stops the step
    let open =
        state.status == Status::Todo || (state.status == Status::Done && id == StepId::Secrets);
    open && !asks && state.findings.iter().any(|finding| finding.fixable)
}

/// Explains what is not fixed: a secret in the history.
fn explain_history(session: &CommandSession, output: &mut Output) {
    let leaked = session
        .plan
        .step(StepId::Secrets)
        .gaps()
        .any(|finding| finding.code == Code::SecretsLiveSecretInHistory);
    if !leaked {
        return;
    }
    for line in [
        "",
        "not done: removing the secret from the history. That can't be undone, and it will not undo the leak.",
        "  It would take `git filter-repo --replace-text FILE`, which rewrites every commit that held the secret and all \
        later ones,",
        "  then `git push --force` of every branch and tag, and a fresh clone for everybody who has one.",
        "  Forks, pull requests, caches and old clones would still hold it. The fix is to replace the secret: `neonup rotate`",
        "  (`neonup rotate --api-key` for the API key). After that, what the history holds is worthless.",
    ] {
        output.line(line);
    }
}

fn list_codes(output: &mut Output) {
    if output.json {
        let codes: Vec<_> = Code::ALL
            .iter()
            .map(|code| json!({ "code": code, "severity": code.severity(), "about": code.about() }))
            .collect();
        output.document(&json!({ "version": 1, "codes": codes }));
        return;
    }
    for code in Code::ALL {
        output.line(format!(
            "{:<32} {:<8} {}",
            code.as_str(),
            code.severity().word(),
            code.about()
        ));
    }
}
