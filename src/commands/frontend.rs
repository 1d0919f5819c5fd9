//! Which front end asks the questions.

use crate::{
    commands::{
        context::CommandContext,
        error::CommandError,
        opening::{self, Opening},
        plain, proposals, wizard,
    },
    core::exit::Exit,
    os::screen,
    ports::Ports,
    project::settings::Settings,
    report::output::Output,
};

/// Who asks the questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frontend {
    FullScreen,
    Lines,
    /// Nothing can ask: there is no terminal.
    Nobody,
}

impl Frontend {
    /// Full screen on a terminal that can do it, lines on one that cannot.
    pub(super) fn choose(context: &CommandContext) -> Self {
        let environment = &context.environment;
        let simple = !screen::is_capable(environment.get("TERM"))
            || environment.get("ACCESSIBLE") == Some("1");
        if context.options.plain {
            Self::Lines
        } else if !context.is_interactive() {
            Self::Nobody
        } else if simple {
            Self::Lines
        } else {
            Self::FullScreen
        }
    }
}

/// Opens the wizard on the project around the directory: `neonup` without a command.
pub(super) async fn open_wizard(
    context: &CommandContext,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let (settings, ports) = context.open(context.flags())?;
    if !settings.apps.is_empty() {
        return Err(CommandError::SeveralApps(settings.apps));
    }
    let frontend = Frontend::choose(context);
    let opening = Opening {
        proposals: Some(proposals::of_repository(context, &settings, &ports)),
        editor: opening::editor(context),
        ..Opening::default()
    };
    run(frontend, settings, ports, opening, context, output).await
}

/// Runs the wizard in a front end.
pub(super) async fn run(
    frontend: Frontend,
    settings: Settings,
    ports: Ports,
    opening: Opening,
    context: &CommandContext,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    match frontend {
        Frontend::FullScreen => wizard::run(settings, ports, opening, context, output).await,
        Frontend::Lines => plain::run(settings, ports, opening, output).await,
        Frontend::Nobody => Err(CommandError::NoTerminal),
    }
}
