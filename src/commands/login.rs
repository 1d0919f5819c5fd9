//! `neonup login`: checks an API key and stores it.

use clap::Args;

use crate::{
    commands::{
        context::CommandContext, error::CommandError, key_input, key_storage::KeyStorageArg,
        session::CommandSession,
    },
    core::{
        answer::{Answer, KeyStorage, LoginAnswer},
        exit::Exit,
        facts::{Facts, KeyringState},
        plan::Status,
        step::StepId,
    },
    report::{
        output::Output,
        styled::{StyledLine, Tone},
    },
};

/// Check an API key and store it. The key is piped in or asked for.
#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Where to store the key.
    #[arg(long, value_name = "WHERE")]
    store: Option<KeyStorageArg>,
}

const STEPS: [StepId; 1] = [StepId::Login];

impl LoginArgs {
    pub(super) async fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let (settings, ports) = context.open_whole(context.flags())?;
        let keyring = matches!(self.store, None | Some(KeyStorageArg::Keyring));
        if keyring
            && context.streams.stdin
            && let KeyringState::Unavailable(why) = ports.store.self_test().await
        {
            // nobody is asked for a key that can't be kept
            return Err(CommandError::NoKeyring(why));
        }
        let Some(key) = key_input::for_login(context, output).await? else {
            output.note("canceled: nothing was stored");
            return Ok(Exit::Cancelled);
        };
        let store = self.store.map(KeyStorage::from);
        let mut session = CommandSession::new(settings, ports);
        let answer = Answer::Login(LoginAnswer::Key(key, store.unwrap_or_default()));
        if let Err(interruption) = session.apply(answer, output).await {
            return session.interrupted(interruption, &STEPS, output).await;
        }
        session.print_step(StepId::Login, output);
        let state = session.plan.step(StepId::Login);
        let done = state.status == Status::Done;
        let stored_in = match &state.facts {
            Some(Facts::Login(login)) if done && store != Some(KeyStorage::Session) => {
                login.store.clone()
            }
            _ => String::new(),
        };
        if done && store == Some(KeyStorage::Session) {
            output.note(
                "checked, not stored: with --store session the key is gone when this command ends",
            );
        }
        let exit = session.finish(&STEPS, output).await;
        if !stored_in.is_empty() {
            let line = StyledLine::new().plain("stored in ");
            output.note(line.painted(Tone::Dim, stored_in));
        }
        Ok(exit)
    }
}
