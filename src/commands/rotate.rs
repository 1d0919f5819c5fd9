//! `neonup rotate`: a new secret, everywhere, and the end of the old one.

use std::io::IsTerminal as _;

use crate::{
    commands::{Output, prompt, session},
    report::lines,
};
use crate::{
    core::{
        answer::{Answer, LoginAnswer, SecretsAnswer},
        code::Code,
        exit::Exit,
        failure::Failure,
        plan::Status,
        step::StepId,
    },
    engine::temporary::cannot_rotate,
    ports::Ports,
    project::settings::Settings,
};

/// What is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// The password of the project's role.
    Password,
    /// The Neon API key.
    ApiKey,
}

/// How it is agreed to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    /// Without a question.
    pub yes: bool,
    /// Not at all: only what would be done is printed.
    pub dry_run: bool,
}

impl What {
    /// The step that does it.
    const fn step(self) -> StepId {
        match self {
            Self::Password => StepId::Secrets,
            Self::ApiKey => StepId::Login,
        }
    }

    /// The answer that asks for it.
    const fn answer(self) -> Answer {
        match self {
            Self::Password => Answer::Secrets(SecretsAnswer::RotatePassword),
            Self::ApiKey => Answer::Login(LoginAnswer::Rotate),
        }
    }

    /// What has to be known before.
    const fn before(self) -> &'static [StepId] {
        match self {
            Self::Password => &[StepId::Login, StepId::Project, StepId::Env],
            Self::ApiKey => &[StepId::Login],
        }
    }

    /// What is looked at again afterwards.
    const fn after(self) -> &'static [StepId] {
        match self {
            Self::Password => &[StepId::Env, StepId::Schema, StepId::Health],
            Self::ApiKey => &[],
        }
    }

    /// Everything that is shown.
    const fn shown(self) -> &'static [StepId] {
        match self {
            Self::Password => &[
                StepId::Login,
                StepId::Project,
                StepId::Env,
                StepId::Health,
                StepId::Secrets,
            ],
            Self::ApiKey => &[StepId::Login],
        }
    }
}

/// Runs the command.
pub(crate) async fn run(
    settings: Settings,
    ports: Ports,
    what: What,
    how: How,
    output: &mut Output,
) -> Exit {
    let place = if settings.is_sandbox() {
        "the sandbox"
    } else {
        "Neon"
    };
    let files: Vec<_> = settings
        .env
        .iter()
        .map(|target| target.file.clone())
        .collect();
    let mut work = session::Work::new(settings, ports);
    let shown = what.shown();
    if let Err(stop) = work.probe_all(what.before(), output).await {
        return work.stopped(stop, shown, output).await;
    }
    if let Some(exit) = hopeless(&mut work, what, output).await {
        work.runtime.shutdown().await;
        return exit;
    }
    let plan = words(&work, what, place, &files);
    if how.dry_run {
        for line in &plan {
            output.line(format!("would {line}"));
        }
        work.runtime.shutdown().await;
        if output.json {
            output.document(&serde_json::json!({
                "version": 1, "status": "todo", "steps": [], "next": [command(what)], "would": plan,
            }));
        }
        return Exit::Done;
    }
    if !how.yes {
        match agreed(&mut work, &plan, output).await {
            Ok(Some(true)) => {}
            Ok(Some(false)) => {
                work.runtime.shutdown().await;
                output.note("nothing was changed");
                return Exit::Cancelled;
            }
            Ok(None) => {
                work.runtime.shutdown().await;
                let failure = Failure::new(
                    Code::HealthAuth,
                    format!("would {}, and nobody can be asked", plan.join("; ")),
                )
                .hint(format!("{} --yes", command(what)));
                return output.failed(&failure, Exit::Failed);
            }
            Err(stop) => return work.stopped(stop, shown, output).await,
        }
    }
    let rotated = rotate(&mut work, what, output).await;
    if let Err(stop) = rotated {
        return work.stopped(stop, shown, output).await;
    }
    if !output.json {
        for id in shown {
            lines::step(output, *id, work.plan.step(*id));
        }
    }
    work.finished(shown, output).await
}

/// The command that was given.
const fn command(what: What) -> &'static str {
    match what {
        What::Password => "neonup rotate",
        What::ApiKey => "neonup rotate --api-key",
    }
}

async fn rotate(
    work: &mut session::Work,
    what: What,
    output: &mut Output,
) -> Result<(), session::Stop> {
    work.apply(what.answer(), output).await?;
    if work.plan.status(what.step()) == Status::Failed {
        return Ok(());
    }
    work.probe_all(what.after(), output).await?;
    // the application has not been seen with the new password yet
    if what == What::Password && work.plan.status(StepId::Health) == Status::Todo {
        work.apply(Answer::default_of(StepId::Health), output)
            .await?;
    }
    Ok(())
}

/// Ends the command where nothing can be rotated. A project that Neon still works on is waited for: that is where an
/// interrupted rotation may stand.
async fn hopeless(work: &mut session::Work, what: What, output: &mut Output) -> Option<Exit> {
    let busy = |work: &session::Work| work.plan.step(StepId::Project).has(Code::ProjectNotReady);
    if what == What::Password && busy(work) {
        let waited = async {
            work.apply(Answer::default_of(StepId::Project), output)
                .await?;
            work.probe_all(&[StepId::Env], output).await
        };
        if waited.await.is_err() {
            output.note("cancelled. Nothing was changed.");
            return Some(Exit::Cancelled);
        }
    }
    let temporary = work.plan.step(StepId::Project).has(Code::ProjectTemporary);
    if what == What::Password && temporary {
        return Some(output.failed(&cannot_rotate(), Exit::Failed));
    }
    let needed: &[StepId] = match what {
        What::Password => &[StepId::Login, StepId::Project],
        What::ApiKey => &[StepId::Login],
    };
    let open = needed
        .iter()
        .find(|id| !matches!(work.plan.status(**id), Status::Done))?;
    let state = work.plan.step(*open);
    if !output.json {
        lines::step(output, *open, state);
    }
    let failure = Failure::new(
        Code::ProjectMissing,
        format!("nothing was rotated: the {open} step is not done"),
    )
    .why(state.evidence.clone())
    .hint(format!("neonup setup {open}"));
    Some(output.failed(&failure, Exit::Failed))
}

/// What is going to be done, one thing a line.
fn words(work: &session::Work, what: What, place: &str, files: &[String]) -> Vec<String> {
    match what {
        What::Password => {
            let joined = match &work.plan.step(StepId::Project).facts {
                Some(crate::core::facts::Facts::Project(project)) => project.joined.as_ref(),
                _ => None,
            };
            let of = joined.map_or_else(String::new, |joined| {
                format!(
                    " of {} on branch {} of project {} ({})",
                    joined.role, joined.branch, joined.name, joined.id
                )
            });
            vec![
                format!(
                    "give the role{of} in {place} a new password, unless a rotation is half done"
                ),
                format!(
                    "write it into {}, and into other ignored env files that hold the old one",
                    files.join(", ")
                ),
                "make sure that the new password works and the old one is refused".to_owned(),
            ]
        }
        What::ApiKey => vec![
            format!("make a new API key in {place}, and store it where the old one was"),
            "revoke the old key, if Neon tells which it is".to_owned(),
        ],
    }
}

/// Asks. `None`: there is nobody to ask.
async fn agreed(
    work: &mut session::Work,
    plan: &[String],
    output: &mut Output,
) -> Result<Option<bool>, session::Stop> {
    if output.json || !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Ok(None);
    }
    output.line("This will");
    for line in plan {
        output.line(format!("  - {line}"));
    }
    output.line("Whatever still uses the old one stops working.");
    output.prompt("Go on? [y/N] ");
    let answer = work.line(&mut prompt::Lines::standard()).await?;
    // the end of input is never consent
    Ok(Some(answer.is_some_and(|answer| {
        matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    })))
}
