//! The way through the steps.

use crate::{
    commands::{
        plain::line_wizard::{Destination, LineWizard, Stopped},
        session,
    },
    core::{plan::Status, presenter::script, step::StepId},
};

impl LineWizard<'_> {
    /// Goes through these steps until the end, or until the user leaves.
    pub(super) async fn walk(&mut self, shown: &[StepId]) -> Result<(), Stopped> {
        let before: Vec<_> = session::with_needs(shown)
            .into_iter()
            .filter(|step| !shown.contains(step))
            .collect();
        self.probe(&before).await?;
        let mut at = 0;
        // whether the step shows its choices although it is done, since somebody went there
        let mut wanted = false;
        let mut change = false;
        let mut announced = self.announce(script::OPENING).await?;
        loop {
            let destination = match (announced.take(), shown.get(at).copied()) {
                (Some(destination), _) => destination,
                (None, None) => self.show_summary(shown).await?,
                (None, Some(step)) => self.show_step(step, wanted, change).await?,
            };
            change = destination == Destination::Change;
            match destination {
                // a step that was gone to stays, whatever comes of it
                Destination::Stay => {
                    wanted |= shown.get(at).is_some_and(|step| {
                        let status = self.session.plan.status(*step);
                        !matches!(status, Status::Done | Status::Skipped)
                    });
                }
                Destination::Change => wanted = true,
                Destination::Previous => {
                    at = at.saturating_sub(1);
                    wanted = true;
                }
                Destination::Next => {
                    at += 1;
                    wanted = false;
                }
                Destination::Step(step) => {
                    if let Some(place) = shown.iter().position(|other| *other == step) {
                        at = place;
                        wanted = true;
                    } else {
                        let number = step.number();
                        self.output
                            .line(format!("Step {number} isn't part of this command."));
                    }
                }
                Destination::Beginning => {
                    at = 0;
                    wanted = false;
                    announced = self.announce(script::OPENING).await?;
                }
                Destination::End => return Ok(()),
            }
        }
    }
}
