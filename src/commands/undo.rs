//! `neonup undo`: restores what the last write of the env files replaced. Running it again takes that back, too.

use clap::Args;

use crate::{
    commands::{
        context::CommandContext,
        error::CommandError,
        session::{CommandSession, Interruption},
    },
    core::{
        answer::{Answer, EnvAnswer},
        exit::Exit,
        facts::Facts,
        plan::Status,
        step::StepId,
    },
    report::output::Output,
};

/// Undo the last write of the env files; run again to redo.
#[derive(Debug, Args)]
pub(crate) struct UndoArgs;

const STEPS: [StepId; 1] = [StepId::Env];

impl UndoArgs {
    pub(super) async fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let (settings, ports) = context.open_whole(context.flags())?;
        let mut session = CommandSession::new(settings, ports);
        let files = match undo(&mut session, output).await {
            Ok(files) => files,
            Err(interruption) => return session.interrupted(interruption, &STEPS, output).await,
        };
        if session.plan.status(StepId::Env) == Status::Failed {
            return Ok(session.finish(&STEPS, output).await);
        }
        if files.is_empty() {
            session.runtime.shutdown().await;
            output.line("nothing to undo");
            return Ok(Exit::Done);
        }
        if !output.json {
            output.line(format!("Restored {}; run again to redo", files.join(", ")));
        }
        session.print_step(StepId::Env, output);
        session.finish(&STEPS, output).await;
        // the older file may well have gaps: that it is back is what was asked for
        Ok(Exit::Done)
    }
}

/// Restores the files that have an older version, and returns their names.
async fn undo(
    session: &mut CommandSession,
    output: &mut Output,
) -> Result<Vec<String>, Interruption> {
    session.take_clone(output).await?;
    session.probe(&STEPS, output).await?;
    let state = session.plan.step(StepId::Env);
    let files: Vec<_> = match &state.facts {
        Some(Facts::Env(env)) => env
            .files
            .iter()
            .filter(|file| file.undo)
            .map(|file| file.file.clone())
            .collect(),
        _ => Vec::new(),
    };
    if state.status != Status::Failed && !files.is_empty() {
        session.apply(Answer::Env(EnvAnswer::Undo), output).await?;
    }
    Ok(files)
}
