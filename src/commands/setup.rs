//! `neonup setup`: the steps without a screen.

use std::io::IsTerminal as _;

use crate::{
    commands::{Output, login, plain, session, wizard::Opening},
    report::lines,
};
use crate::{
    core::{
        answer::{Answer, LoginAnswer},
        code::Code,
        exit::Exit,
        failure::Failure,
        plan::Status,
        step::StepId,
    },
    ports::Ports,
    project::settings::Settings,
};

/// How questions are answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    /// The safe default of each.
    pub yes: bool,
    /// Not at all: only the plan is printed.
    pub dry_run: bool,
    /// Asked in lines, also where nothing is a terminal (`--plain`).
    pub lines: bool,
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
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let asks = terminal || how.lines;
    if !how.yes && !how.dry_run && asks && !output.json {
        return plain::steps(settings, ports, &shown, false, Opening::default(), output).await;
    }
    let piped = login::piped_key(&settings, how.dry_run);
    let mut work = session::Work::new(settings, ports);
    if let Some((key, store)) = piped
        && let Err(stop) = work
            .apply(Answer::Login(LoginAnswer::Key(key, store)), output)
            .await
    {
        return work.stopped(stop, &shown, output).await;
    }
    match everything(&mut work, &shown, how, output).await {
        Ok(()) => {
            let temporary = work.plan.step(StepId::Project).has(Code::ProjectTemporary);
            let start = work.start_line(&shown);
            let exit = work.finished(&shown, output).await;
            if let Some(start) = start
                && !output.json
                && !how.dry_run
            {
                output.line(start);
            }
            if temporary && !output.json && !how.dry_run {
                output.note("to keep the temporary database: neonup claim, best within 24 hours");
            }
            exit
        }
        Err(Ended::Stop(stop)) => work.stopped(stop, &shown, output).await,
        Err(Ended::Failed) => {
            work.finished(&shown, output).await;
            Exit::Failed
        }
    }
}

enum Ended {
    Stop(session::Stop),
    Failed,
}

impl From<session::Stop> for Ended {
    fn from(stop: session::Stop) -> Self {
        Self::Stop(stop)
    }
}

async fn everything(
    work: &mut session::Work,
    shown: &[StepId],
    how: How,
    output: &mut Output,
) -> Result<(), Ended> {
    // look at everything first: what cannot work is found out before anything is created
    let mut probed = session::with_needs(shown);
    if work.plan.status(StepId::Login) != Status::Unknown {
        probed.retain(|id| *id != StepId::Login);
    }
    work.probe_all(&probed, output).await?;
    if how.dry_run {
        for id in shown {
            print(output, work, *id);
            if !output.json {
                lines::changes(output, work.plan.step(*id));
            }
        }
        return Ok(());
    }
    // why the database does not answer may be mended by the very steps that follow
    let hopeless = shown
        .iter()
        .any(|id| *id != StepId::Health && work.plan.status(*id) == Status::Failed);
    let missing_key = work.plan.status(StepId::Login) == Status::Todo;
    let unanswered = !how.yes
        && shown
            .iter()
            .any(|id| matches!(work.plan.status(*id), Status::Todo | Status::Failed));
    if hopeless || missing_key || unanswered {
        for id in shown {
            print(output, work, *id);
        }
        if missing_key && !hopeless {
            let failure = Failure::new(
                Code::LoginMissingKey,
                "no Neon API key was found, and nobody can be asked",
            )
            .hint("set NEON_API_KEY, or pipe the key: `neonup login < key-file`");
            say(output, &failure);
        } else if unanswered && !hopeless {
            let open: Vec<_> = shown
                .iter()
                .filter(|id| matches!(work.plan.status(**id), Status::Todo | Status::Failed))
                .map(|id| id.name())
                .collect();
            let failure = Failure::new(
                Code::LoginMissingKey,
                format!("would ask whether to go on with {}, and nobody can be asked", open.join(", ")),
            )
            .hint("--yes takes the safe default of each; --project ID, --new, --edit-code and --store answer the rest");
            say(output, &failure);
        }
        return Err(Ended::Failed);
    }
    let mut changed = false;
    // while git tracks an env file, no secret is written into it: that comes first
    if shown.contains(&StepId::Secrets) && work.plan.step(StepId::Secrets).has(Code::SecretsTracked)
    {
        work.apply(Answer::default_of(StepId::Secrets), output)
            .await?;
        changed = true;
    }
    for id in shown {
        if changed {
            work.probe_all(&[*id], output).await?;
        }
        let state = work.plan.step(*id);
        // warnings do not keep a step from being done, but what can be mended without touching code is mended
        let improvable =
            state.status == Status::Done && state.findings.iter().any(|finding| finding.fixable);
        let edits = *id == StepId::Backend
            && state.status == Status::Done
            && work.runtime.settings().flags.edit_code;
        let blocked = id.needs().iter().any(|needed| {
            *id != StepId::Secrets
                && shown.contains(needed)
                && !matches!(work.plan.status(*needed), Status::Done | Status::Skipped)
        });
        let open = matches!(state.status, Status::Todo | Status::Failed);
        if (open || improvable || edits) && !blocked {
            work.apply(Answer::default_of(*id), output).await?;
            changed = true;
        }
        print(output, work, *id);
    }
    Ok(())
}

fn print(output: &mut Output, work: &session::Work, id: StepId) {
    if !output.json {
        lines::step(output, id, work.plan.step(id));
    }
}

/// Says a failure beside the plan, which is the result.
fn say(output: &mut Output, failure: &Failure) {
    output.note(format!("error: {}", failure.what));
    output.note(format!("hint: {}", failure.hint));
}
