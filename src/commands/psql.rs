//! `neonup psql`: the database of this clone, in psql.

use clap::Args;

use crate::{
    commands::{context::CommandContext, error::CommandError},
    core::{children::Child, exit::Exit},
    engine,
    os::signals::Signals,
    ports::psql,
    report::output::Output,
};

/// Open psql on this clone's database.
///
/// It connects as the env file says, with a verified certificate. The password is handed to psql in a file that only you can read and that is
/// removed at the end. Everything after `--` is for psql: `neonup psql -- -c 'select now()'`.
#[derive(Debug, Args)]
pub(crate) struct PsqlArgs {
    /// Arguments for psql.
    #[arg(last = true, value_name = "ARGUMENT")]
    arguments: Vec<String>,
}

impl PsqlArgs {
    pub(super) async fn run(
        self,
        context: &CommandContext,
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        let (settings, ports) = context.open(context.flags())?;
        let connection =
            engine::written_connection(&settings, &ports).ok_or(CommandError::NoConnection)?;
        if connection.password.is_empty() {
            return Err(CommandError::NoConnection);
        }
        let environment = context.environment_of(Child::Psql);
        let authority = settings.ca_file.as_deref();
        let mut signals = Signals::ending();
        let arguments = &self.arguments;
        let psql = psql::run(
            &connection,
            authority,
            &environment,
            arguments,
            &mut signals,
        );
        let code = psql.await?;
        match code {
            Some(0) => Ok(Exit::Done),
            Some(code) => {
                output.note(format!("psql ended with exit code {code}"));
                Ok(Exit::Failed)
            }
            None => Ok(Exit::Cancelled),
        }
    }
}
