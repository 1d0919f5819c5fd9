//! The summary.

use crate::{
    commands::plain::{
        line_wizard::{Destination, LineWizard, Stopped},
        numbered,
        reply::LineReply,
    },
    core::{
        answer::Answer,
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
            let mut fixable = self.session.plan.fixable();
            fixable.retain(|step| shown.contains(step));
            let choices = choices::of_summary(
                Medium::Lines,
                None,
                &fixable,
                "",
                "",
                choices::AppChoice::None,
            );
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
            let action = match LineReply::parse(&line) {
                LineReply::Default => choices.default_row().map(ChoiceRow::action),
                LineReply::Number(number) => numbered::get(choices, number).map(ChoiceRow::action),
                LineReply::Quit => Some(Action::Quit),
                LineReply::Probe => Some(Action::ProbeAll),
                LineReply::Back => return Ok(Some(Destination::Previous)),
                LineReply::GoTo(step) => return Ok(Some(Destination::Step(step))),
                LineReply::Incidents => return Ok(Some(self.choose_incident().await?)),
                LineReply::Reset => return Ok(Some(self.reset().await?)),
                LineReply::Help => {
                    self.print_help();
                    continue;
                }
                LineReply::Skip
                | LineReply::Details
                | LineReply::Filter(_)
                | LineReply::Command(_)
                | LineReply::Unknown => None,
            };
            match action {
                Some(Action::ProbeAll) => return Ok(None),
                Some(Action::FixAll(steps)) => {
                    for step in steps {
                        self.apply(Answer::default_of(step)).await?;
                    }
                    return Ok(None);
                }
                Some(Action::Receipt) => {
                    let receipt = receipt::markdown(&self.session.plan, shown);
                    self.output.block(&receipt);
                }
                Some(_) => return Ok(Some(Destination::End)),
                // what was typed may be a key at the wrong place, so that it is not repeated
                None => self
                    .output
                    .line("No such answer: type a number from the list, b, g 1 to g 7, or q."),
            }
        }
    }
}
