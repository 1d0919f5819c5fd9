//! The command line: one file for each command.
//!
//! A command without a screen runs the same probes and applies through the same [`crate::engine::Runtime`] as the wizard, and
//! folds the same events into the same [`crate::core::plan::Plan`]; only what it prints differs: lines, or one JSON document.

mod browser_login;
mod check;
mod claim;
mod completions;
mod context;
mod demo;
mod each_app;
mod error;
mod explain;
mod frontend;
mod hook;
mod init;
mod input;
#[cfg(test)]
mod judged;
mod key_input;
mod key_storage;
mod logging;
mod login;
mod logout;
mod man;
mod man_sections;
mod opening;
mod panics;
mod plain;
mod present_notes;
mod proposals;
mod psql;
mod rotate;
mod sandbox;
mod session;
pub(crate) mod setup;
mod status;
mod terminal;
mod trust;
mod undo;
mod usage;
mod version;
mod wizard;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use self::{
    context::{CommandContext, GlobalOptions},
    error::CommandError,
};
use crate::{
    core::exit::Exit,
    os::{dumps, signals, supervisor},
    report::output::Output,
};

/// From a fresh clone to a verified, leak-proof Neon database, in the terminal.
///
/// Without a command, neonup opens the wizard. The API key is read from standard input, `NEON_API_KEY`, the OS keyring, or the neon
/// CLI's own login (neonup asks first). There is no flag for it, so the key never appears in the process list.
#[derive(Debug, Parser)]
#[command(name = "neonup", version, long_version = version::in_full(), max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<CliCommand>,
    #[command(flatten)]
    global: GlobalOptions,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    Setup(setup::SetupArgs),
    Check(check::CheckArgs),
    Explain(explain::ExplainArgs),
    Init(init::InitArgs),
    Undo(undo::UndoArgs),
    Rotate(rotate::RotateArgs),
    Hook(hook::HookArgs),
    Login(login::LoginArgs),
    Logout(logout::LogoutArgs),
    Claim(claim::ClaimArgs),
    Trust(trust::TrustArgs),
    Status(status::StatusArgs),
    Psql(psql::PsqlArgs),
    Demo(demo::DemoArgs),
    PresentNotes(present_notes::PresentNotesArgs),
    Sandbox(sandbox::SandboxArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Runs the program: the command line in, the exit code out.
pub fn main() -> ExitCode {
    if let Some(ended) = supervisor::run_if_asked() {
        return ended;
    }
    dumps::forbid();
    supervisor::enable();
    panics::report_by_place();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::print::<Cli>(&error, std::env::args_os()).into(),
    };
    let Cli { command, global } = cli;
    let context = CommandContext::detect(global);
    let mut output = context.output();
    let exit = run(command, &context, &mut output).unwrap_or_else(|error| {
        output.failure(&error.report());
        error.exit()
    });
    signals::end_by_quit();
    exit.into()
}

fn run(
    command: Option<CliCommand>,
    context: &CommandContext,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    logging::start(&context.options, &context.gate)?;
    // an error means that a provider is installed already: it is the same one
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(CommandError::Runtime)?;
    let result = runtime.block_on(Box::pin(dispatch(command, context, output)));
    // a keyring that never answers must not keep us here
    runtime.shutdown_background();
    result
}

async fn dispatch(
    command: Option<CliCommand>,
    context: &CommandContext,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    match command {
        None => frontend::open_wizard(context, output).await,
        Some(CliCommand::Setup(args)) => args.run(context, output).await,
        Some(CliCommand::Check(args)) => args.run(context, output).await,
        Some(CliCommand::Explain(args)) => args.run(context, output),
        Some(CliCommand::Init(args)) => args.run(context, output),
        Some(CliCommand::Undo(args)) => args.run(context, output).await,
        Some(CliCommand::Rotate(args)) => args.run(context, output).await,
        Some(CliCommand::Hook(args)) => args.run(context, output).await,
        Some(CliCommand::Login(args)) => args.run(context, output).await,
        Some(CliCommand::Logout(args)) => args.run(context, output).await,
        Some(CliCommand::Claim(args)) => args.run(context, output).await,
        Some(CliCommand::Trust(args)) => args.run(context, output),
        Some(CliCommand::Status(args)) => args.run(context, output).await,
        Some(CliCommand::Psql(args)) => args.run(context, output).await,
        Some(CliCommand::Demo(args)) => args.run(context, output).await,
        Some(CliCommand::PresentNotes(args)) => args.run(context, output).await,
        Some(CliCommand::Sandbox(args)) => args.run(context, output).await,
        Some(CliCommand::Completions(args)) => Ok(args.run(Cli::command(), output)),
        Some(CliCommand::Man(args)) => args.run(Cli::command(), output),
    }
}
