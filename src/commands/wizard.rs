//! Opens the wizard, and says at its end what was done.

use std::sync::Arc;

use crate::{commands::Output, report::lines};
use crate::{
    commands::cli::Display,
    core::{code::Code, exit::Exit, failure::Failure, step::StepId},
    engine::Runtime,
    ports::{Ports, demo::DemoEnvironment},
    project::settings::Settings,
    tui::{self, Ended, Reason},
};

/// What the wizard is opened with.
#[derive(Default)]
pub(crate) struct Opening {
    /// What the summary says besides.
    pub notes: Vec<String>,
    /// Whether it is shown to a room from the start.
    pub present: bool,
    /// The demo, where this is one.
    pub demo: Option<Arc<dyn DemoEnvironment>>,
    /// Words that a room must not see, beside what the steps know.
    pub private: Vec<String>,
}

/// Words that say who we are: the user's name and the home directory.
pub(super) fn private(settings: &Settings) -> Vec<String> {
    let environment = &settings.environment;
    let word = |name: &str| environment.get(name).unwrap_or_default().to_owned();
    let mut words = vec![word("HOME"), word("USER"), word("LOGNAME")];
    // these say nothing about anybody, and stand in many sentences
    words.retain(|word| word.len() >= 3 && !["/root", "root", "user"].contains(&word.as_str()));
    words
}

/// What starts the application, for a person to type.
pub(super) fn start_line(settings: &Settings) -> Option<String> {
    settings.backend.as_ref()?.start_line()
}

/// Runs the wizard until it ends.
pub(crate) async fn run(
    settings: Settings,
    ports: Ports,
    display: Display,
    opening: Opening,
    output: &mut Output,
) -> Exit {
    let mut private = private(&settings);
    private.splice(0..0, opening.private);
    let options = tui::Options {
        project: settings.project.name.clone(),
        place: if settings.is_sandbox() {
            "Sandbox"
        } else {
            "Neon"
        }
        .to_owned(),
        start: start_line(&settings).unwrap_or_default(),
        notes: opening.notes,
        presenter: opening.present,
        demo: opening.demo.is_some(),
        private,
        no_color: display.no_color,
        ascii: display.ascii,
        light: display.light,
        links: display.links,
        tmux: display.tmux,
    };
    let (runtime, events) = Runtime::new(settings, ports);
    let Ended { plan, reason } = match tui::run(runtime, events, options, opening.demo).await {
        Ok(ended) => ended,
        Err(error) => {
            let failure = Failure::new(Code::LoginUnreachable, "the terminal cannot be used")
                .why(error.to_string())
                .hint("`neonup --plain` asks in lines; `neonup setup --yes` needs no terminal");
            return output.failed(&failure, Exit::Failed);
        }
    };
    let tally = lines::tally(&plan, &StepId::ALL);
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
