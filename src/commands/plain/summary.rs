//! The summary.

use crate::{
    commands::plain::{
        line_wizard::{Destination, LineWizard, Stopped},
        numbered,
        reply::Reply,
    },
    core::{
        choices::{self, Action, ChoiceRow, Choices, Medium},
        step::StepId,
    },
    report::{lines, receipt},
};

impl LineWizard<'_> {
    /// Prints the summary. Where it is a question, the reply may lead back to a step.
    pub(super) async fn show_summary(&mut self, shown: &[StepId]) -> Result<Destination, Stopped> {
        loop {
            self.output.line("");
            self.output.line("Summary.");
            for step in shown {
                lines::print_step(self.output, *step, self.session.plan.step(*step));
            }
            if !self.summary {
                return Ok(Destination::End);
            }
            if let Some(start) = self.session.start_line(shown) {
                self.output.line(format!("To {start}"));
            }
            let choices = choices::of_summary(Medium::Lines, None, "");
            self.print_choices(&choices);
            if let Some(destination) = self.leave_summary(shown, &choices).await? {
                return Ok(destination);
            }
            self.probe(shown).await?;
        }
    }

    /// Reads replies until one leads elsewhere. `None` probes everything again.
    async fn leave_summary(
        &mut self,
        shown: &[StepId],
        choices: &Choices,
    ) -> Result<Option<Destination>, Stopped> {
        loop {
            let line = match self
                .ask("Answer, or g and a number to go to a step: ")
                .await
            {
                // whoever has answered every question may end the input here
                Err(Stopped::InputEnded) => String::new(),
                line => line?,
            };
            let action = match Reply::parse(&line) {
                Reply::Default => choices.default_row().map(ChoiceRow::action),
                Reply::Number(number) => numbered::get(choices, number).map(ChoiceRow::action),
                Reply::Quit => Some(Action::Quit),
                Reply::Probe => Some(Action::ProbeAll),
                Reply::Back => return Ok(Some(Destination::Previous)),
                Reply::GoTo(step) => return Ok(Some(Destination::Step(step))),
                Reply::Incidents => return Ok(Some(self.choose_incident().await?)),
                Reply::Reset => return Ok(Some(self.reset().await?)),
                Reply::Help => {
                    self.print_help();
                    continue;
                }
                Reply::Skip
                | Reply::Details
                | Reply::Filter(_)
                | Reply::Command(_)
                | Reply::Unknown => None,
            };
            match action {
                Some(Action::ProbeAll) => return Ok(None),
                Some(Action::Receipt) => {
                    let receipt = receipt::markdown(&self.session.plan, shown);
                    self.output.line(receipt);
                }
                Some(_) => return Ok(Some(Destination::End)),
                // what was typed may be a key at the wrong place, so that it is not repeated
                None => self
                    .output
                    .line("There is no such answer: 1 to 3, b, g 1 to g 7, or q."),
            }
        }
    }
}
