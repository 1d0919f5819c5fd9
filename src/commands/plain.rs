//! The wizard as numbered lines: for screen readers, simple terminals, pipes and logs.
//!
//! It shows the choices that the screens show. End of input is never consent: it ends the wizard, and the exit code is 2.

mod line_wizard;
mod numbered;
mod presenter;
mod proposal;
mod reply;
mod step;
mod step_text;
mod summary;
mod walk;

use crate::{
    commands::{
        error::CommandError,
        opening::{Opening, private_words},
        plain::line_wizard::{LineWizard, Stopped},
    },
    core::{exit::Exit, redact::Redactor, step::StepId},
    ports::Ports,
    project::settings::Settings,
    report::output::Output,
};

/// The wizard in lines: all steps, and a summary to come back from.
pub(crate) async fn run(
    settings: Settings,
    ports: Ports,
    opening: Opening,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    steps(settings, ports, &StepId::ALL, true, opening, output).await
}

/// Some steps in lines. With `summary` the end is a question, too.
pub(crate) async fn steps(
    settings: Settings,
    ports: Ports,
    shown: &[StepId],
    summary: bool,
    opening: Opening,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    if opening.present {
        let mut private = opening.private.clone();
        private.extend(private_words(&settings));
        output.redactor = Some(Redactor::new(private));
    }
    output.speak_progress();
    output.line(format!(
        "neonup, {}, {}.",
        settings.project.name,
        settings.service()
    ));
    for note in &opening.notes {
        output.line(format!("{note}."));
    }
    let mut wizard = LineWizard::new(settings, ports, opening, summary, output);
    let walked = match wizard.propose().await {
        Ok(true) => wizard.walk(shown).await,
        Ok(false) => Ok(()),
        Err(stopped) => Err(stopped),
    };
    let LineWizard {
        session, output, ..
    } = wizard;
    match walked {
        Ok(()) => Ok(session.finish(shown, output).await),
        Err(Stopped::InputEnded) => {
            output.note("input ended; nothing was changed. `neonup setup --yes` uses the defaults");
            match session.finish(shown, output).await {
                Exit::Done => Ok(Exit::Done),
                Exit::Gaps | Exit::Failed | Exit::Usage | Exit::Bug | Exit::Cancelled => {
                    Ok(Exit::Failed)
                }
            }
        }
        Err(Stopped::Interrupted(interruption)) => {
            session.interrupted(interruption, shown, output).await
        }
    }
}
