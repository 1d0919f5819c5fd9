//! `neonup login`: checks an API key and stores it, or logs in with the browser.

use clap::Args;

use crate::{
    commands::{
        browser_login, context::CommandContext, error::CommandError, key_input,
        key_storage::KeyStorageArg, session::CommandSession,
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

/// Check an API key and store it. The key is piped in or asked for. With `--web`, log in with the browser instead.
#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Log in on Neon's page in the browser. No API key is needed.
    #[arg(long)]
    web: bool,
    /// Where to store the key or the login.
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
        if self.web {
            return self
                .with_browser(context, CommandSession::new(settings, ports), output)
                .await;
        }
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
        Ok(finish(session, store, output).await)
    }

    /// Logs in with the browser.
    async fn with_browser(
        self,
        context: &CommandContext,
        mut session: CommandSession,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let store = self.store.map(KeyStorage::from);
        let reads = context.streams.stdin;
        let storage = store.unwrap_or_default();
        let ended = browser_login::log_in(&mut session, storage, reads, output).await;
        if let Err(interruption) = ended {
            return session.interrupted(interruption, &STEPS, output).await;
        }
        Ok(finish(session, store, output).await)
    }
}

/// Prints what came of it, and where it is kept.
async fn finish(session: CommandSession, store: Option<KeyStorage>, output: &mut Output) -> Exit {
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
        output.note("checked, not stored: with --store session it is gone when this command ends");
    }
    let exit = session.finish(&STEPS, output).await;
    if !stored_in.is_empty() {
        let line = StyledLine::new().plain("stored in ");
        output.note(line.painted(Tone::Dim, stored_in));
    }
    exit
}
