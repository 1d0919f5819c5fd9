//! The wizard, full screen.

use crate::{
    commands::{
        context::CommandContext,
        error::CommandError,
        opening::{Opening, private_words},
        terminal::TerminalTraits,
    },
    core::{children::Child, exit::Exit, step::StepId},
    engine::Runtime,
    os::{browser, programs::typed},
    ports::Ports,
    project::settings::Settings,
    report::{lines, output::Output},
    tui::{self, ExitReason, Opened, ProposalScreen, WizardEnd},
};

/// The command that opens psql on this clone's database, from any folder.
fn psql_command(settings: &Settings) -> String {
    let root = settings.root.display().to_string();
    let mut words = vec!["neonup", "-C", &root];
    // what an env file leads to is trusted through this one, such as a sandbox's
    let authority = settings
        .ca_file
        .as_ref()
        .map(|path| path.display().to_string());
    if let Some(authority) = &authority {
        words.extend(["--ca-file", authority]);
    }
    words.push("psql");
    typed(&words)
}

/// Runs the wizard until it ends, and reports what was done.
pub(super) async fn run(
    settings: Settings,
    ports: Ports,
    opening: Opening,
    context: &CommandContext,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let mut private = opening.private;
    private.extend(private_words(&settings));
    let terminal = TerminalTraits::detect(&context.environment, context.options.appearance);
    let opened = Opened::of(&settings);
    let options = tui::Options {
        project: opened.project.clone(),
        service: settings.service().to_owned(),
        start: opened.start.clone(),
        psql: psql_command(&settings),
        notes: opening.notes,
        config: opened.file.clone(),
        proposal: opened
            .found
            .filter(|_| opening.proposals.is_some())
            .map(|found| ProposalScreen::new(found, opened.file)),
        presenter: opening.present,
        replay: opening.replay,
        demo: opening.demo.is_some(),
        private,
        no_color: terminal.no_color,
        ascii: terminal.ascii,
        light: terminal.background == tui::Background::Light,
        ask_background: terminal.asks_background(),
        links: terminal.links,
        browser: browser::is_there(&context.environment)
            .then(|| context.environment_of(Child::Browser)),
        psql_environment: context.environment_of(Child::Psql),
        editor: opening.editor,
        tmux: terminal.tmux.then(|| context.environment_of(Child::Tmux)),
    };
    let (runtime, events) = Runtime::new(settings, ports);
    let WizardEnd { plan, reason } =
        tui::run(runtime, events, options, opening.demo, opening.proposals).await?;
    let tally = lines::tally(&plan, &StepId::ALL);
    match reason {
        ExitReason::Bug(text) => Err(CommandError::ScreenBug(text)),
        ExitReason::Hangup => Ok(Exit::Cancelled),
        ExitReason::Cancelled => {
            output.note(format!("canceled. {tally} Run it again to resume."));
            Ok(Exit::Cancelled)
        }
        ExitReason::Finished | ExitReason::Quit => {
            output.note(tally);
            Ok(plan.exit(&StepId::ALL))
        }
    }
}
