//! The `neonup.toml` that is proposed, and the one that exists while its values are changed, in lines.

use std::sync::Arc;

use crate::{
    commands::plain::{
        line_wizard::{Destination, LineWizard, Stopped},
        numbered,
        reply::LineReply,
    },
    core::{
        choices::{self, Action, ChoiceRow, Choices},
        facts::Facts,
        step::StepId,
    },
    project::{
        edit::{self, Present},
        init,
        settings::{RepositoryFacts, Settings},
    },
    tui::{Opened, ProposalScreen},
};

/// What was asked for.
enum ProposalReply {
    Do(Action),
    /// The next of the values that may be meant here.
    Next(usize),
    Quit,
}

impl LineWizard<'_> {
    /// Shows what is proposed where there is no `neonup.toml`, until it is written or left. Returns whether the wizard goes on.
    pub(super) async fn propose(&mut self) -> Result<bool, Stopped> {
        let Some(proposals) = self.proposals.clone() else {
            return Ok(true);
        };
        let opened = Opened::of(&self.session.runtime.settings());
        let Some(found) = opened.found else {
            return Ok(true);
        };
        let mut shown = ProposalScreen::new(found, opened.file);
        loop {
            let choices = choices::of_proposal(&shown.proposed());
            self.print_proposal(&shown, &choices);
            let result = match self.reply_to_proposal(&choices).await? {
                ProposalReply::Quit => return Ok(false),
                ProposalReply::Next(index) => {
                    if !init::take_next(&mut shown.draft, index) {
                        self.output
                            .line("There are no other suggestions for this value.");
                    }
                    continue;
                }
                ProposalReply::Do(Action::EditValue(index)) => {
                    self.edit_value(&mut shown, index).await?;
                    continue;
                }
                ProposalReply::Do(Action::NextApp) => {
                    let next = shown.next_app().map(|(dir, _)| dir.clone());
                    proposals.of_folder(&next.unwrap_or_default())
                }
                ProposalReply::Do(Action::WriteConfig) => {
                    let present = self.session.runtime.settings();
                    proposals.write(&present, &shown.draft.text())
                }
                ProposalReply::Do(_) => return Ok(true),
            };
            match result {
                Err(problem) => self.output.line(format!("That failed: {problem}.")),
                Ok(settings) => {
                    let Some((found, file)) = self.adopt(settings) else {
                        self.output
                            .line("Written: neonup.toml. Commit it when you commit next.");
                        return Ok(true);
                    };
                    shown.take(found, file);
                }
            }
        }
    }

    /// Shows the values of `neonup.toml`, until they are saved or left.
    pub(super) async fn change_settings(&mut self) -> Result<Destination, Stopped> {
        let Some(proposals) = self.proposals.clone() else {
            return Ok(Destination::Stay);
        };
        if self.output.redactor.is_some() {
            self.output
                .line("Not in presenter mode: the file names the project.");
            return Ok(Destination::Stay);
        }
        let present = self.session.runtime.settings();
        let joined = match &self.session.plan.step(StepId::Project).facts {
            Some(Facts::Project(project)) => project.joined.clone(),
            _ => None,
        };
        let joined = joined.unwrap_or_default();
        let offered = Present {
            branches: &joined.branches,
            databases: &joined.databases,
            roles: &joined.roles,
        };
        let read = proposals.read(&present).and_then(|text| {
            let draft = edit::of_file(&text, &offered);
            draft.map_err(|error| format!("neonup.toml, {error}"))
        });
        let draft = match read {
            Ok(draft) => draft,
            Err(problem) => {
                self.output.line(format!("That failed: {problem}."));
                return Ok(Destination::Stay);
            }
        };
        let mut shown = ProposalScreen::of_file(draft, Opened::of(&present).file);
        loop {
            let choices = choices::of_proposal(&shown.proposed());
            self.print_proposal(&shown, &choices);
            match self.reply_to_proposal(&choices).await? {
                ProposalReply::Quit => return Ok(Destination::End),
                ProposalReply::Next(index) => {
                    if !init::take_next(&mut shown.draft, index) {
                        self.output
                            .line("There are no other suggestions for this value.");
                    }
                }
                ProposalReply::Do(Action::EditValue(index)) => {
                    self.edit_value(&mut shown, index).await?;
                }
                ProposalReply::Do(Action::WriteConfig) if shown.draft.is_changed() => {
                    let before = shown.draft.source().unwrap_or_default();
                    match proposals.replace(&present, before, &shown.draft.text()) {
                        Err(problem) => self.output.line(format!("That failed: {problem}.")),
                        Ok(settings) => {
                            self.session.runtime.adopt(settings);
                            self.output
                                .line("Saved: neonup.toml. Commit it when you commit next.");
                            self.probe(&StepId::ALL).await?;
                            return Ok(Destination::Stay);
                        }
                    }
                }
                ProposalReply::Do(_) => return Ok(Destination::Stay),
            }
        }
    }

    /// Works with these settings. Returns what is proposed with them, if there still is no `neonup.toml`.
    fn adopt(&mut self, settings: Settings) -> Option<(Arc<RepositoryFacts>, String)> {
        let opened = Opened::of(&settings);
        self.session.runtime.adopt(settings);
        opened.found.map(|found| (found, opened.file))
    }

    fn print_proposal(&mut self, shown: &ProposalScreen, choices: &Choices) {
        self.output.line("");
        self.output.line(if shown.exists {
            "The settings in neonup.toml. Nothing is written before you save."
        } else {
            "There is no neonup.toml yet. Commit one: then the next person just runs neonup."
        });
        for line in shown.facts() {
            self.output.line(line);
        }
        for line in numbered::lines(choices) {
            self.output.line(line);
        }
    }

    async fn reply_to_proposal(&mut self, choices: &Choices) -> Result<ProposalReply, Stopped> {
        loop {
            let line = self
                .ask("Answer; the number of a value edits it, n and the number takes the next suggestion: ")
                .await?;
            if let Some(number) = line.strip_prefix('n')
                && let Ok(number) = number.trim().parse()
                && let Some(Action::EditValue(index)) =
                    numbered::get(choices, number).map(ChoiceRow::action)
            {
                return Ok(ProposalReply::Next(index));
            }
            let row = match LineReply::parse(&line) {
                LineReply::Quit => return Ok(ProposalReply::Quit),
                LineReply::Default => choices.default_row(),
                LineReply::Number(number) => numbered::get(choices, number),
                LineReply::Back
                | LineReply::Probe
                | LineReply::Skip
                | LineReply::Details
                | LineReply::Help
                | LineReply::Incidents
                | LineReply::Reset
                | LineReply::GoTo(_)
                | LineReply::Filter(_)
                | LineReply::Command(_)
                | LineReply::Unknown => None,
            };
            match row {
                Some(row) => return Ok(ProposalReply::Do(row.action())),
                None => self.output.line(format!(
                    "No such answer: 1 to {}, or q to quit.",
                    choices.count()
                )),
            }
        }
    }

    /// Asks for another value; nothing keeps the present one.
    async fn edit_value(
        &mut self,
        shown: &mut ProposalScreen,
        index: usize,
    ) -> Result<(), Stopped> {
        let Some(value) = shown.draft.value(index) else {
            return Ok(());
        };
        let optional = value.is_optional();
        let question = format!(
            "{} is {}. New value (Enter keeps it{}): ",
            value.name(),
            if optional {
                value.plain()
            } else {
                value.editable()
            },
            if optional { ", - removes it" } else { "" }
        );
        let mut typed = self.ask(&question).await?;
        if typed.is_empty() {
            return Ok(());
        }
        if optional && typed == "-" {
            typed.clear();
        }
        if let Err(problem) = init::set_value(&mut shown.draft, index, &typed) {
            self.output.line(format!("Not accepted: {problem}."));
        }
        Ok(())
    }
}
