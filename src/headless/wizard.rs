//! Opens the wizard, and says at its end what was done.

use super::{Output, report};
use crate::{
    cli::Display,
    engine::Runtime,
    failure::{Exit, Failure},
    finding::Code,
    plan::StepId,
    ports::Ports,
    settings::Settings,
    tui::{self, Ended, Reason},
};

/// Runs the wizard until it ends.
pub async fn run(
    settings: Settings,
    ports: Ports,
    display: Display,
    notes: Vec<String>,
    output: &mut Output,
) -> Exit {
    let options = tui::Options {
        project: settings.project.name.clone(),
        place: if settings.is_sandbox() {
            "Sandbox"
        } else {
            "Neon"
        }
        .to_owned(),
        notes,
        no_color: display.no_color,
        ascii: display.ascii,
        light: display.light,
        links: display.links,
        tmux: display.tmux,
        ..tui::Options::default()
    };
    let (runtime, events) = Runtime::new(settings, ports);
    let Ended { plan, reason } = match tui::run(runtime, events, options).await {
        Ok(ended) => ended,
        Err(error) => {
            let failure = Failure::new(Code::LoginUnreachable, "the terminal cannot be used")
                .why(error.to_string())
                .hint("`neonup --plain` asks in lines; `neonup setup --yes` needs no terminal");
            return output.failed(&failure, Exit::Failed);
        }
    };
    let tally = report::tally(&plan, &StepId::ALL);
    match reason {
        Reason::Bug(text) => {
            let failure = Failure::new(Code::LoginUnreachable, format!("a bug in neonup: {text}"))
                .hint("please report it; nothing is half-written");
            output.failed(&failure, Exit::Bug)
        }
        Reason::Hangup => Exit::Cancelled,
        Reason::Cancelled => {
            output.note(format!("cancelled. {tally} Run it again to go on."));
            Exit::Cancelled
        }
        Reason::Finished | Reason::Quit => {
            output.note(tally);
            plan.exit(&StepId::ALL)
        }
    }
}
