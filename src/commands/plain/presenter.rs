//! Presenter mode in lines: what is announced before each step, the incidents of the demo, and its reset.

use crate::{
    commands::plain::{
        line_wizard::{Destination, LineWizard, Stopped},
        reply::{LineReply, is_yes},
    },
    core::{
        answer::Answer,
        plan::Plan,
        presenter::{DemoError, DemoRequest, Incident, script},
    },
    ports::demo::carry_out,
};

/// A title as a word: capitals alone are spelled out letter by letter.
fn spoken(title: &str) -> String {
    let mut letters = title.chars();
    let first = letters.next();
    let rest = letters.as_str().to_lowercase();
    first.map_or_else(String::new, |first| format!("{first}{rest}"))
}

impl LineWizard<'_> {
    /// Announces what comes, and waits for Enter; does nothing outside of presenter mode. What was typed instead leads elsewhere.
    pub(super) async fn announce(
        &mut self,
        announcement: script::Announcement,
    ) -> Result<Option<Destination>, Stopped> {
        if !self.present {
            return Ok(None);
        }
        self.output.line("");
        self.output.line(format!(
            "{}. {}.",
            spoken(announcement.title),
            announcement.caption
        ));
        self.output.line(announcement.text);
        self.output.line(format!("Watch: {}", announcement.watch));
        let (question, others) = if self.demo.is_some() {
            (
                "Enter continues (m: mishaps, reset: start over): ",
                "Type Enter, m, reset, or q to quit.",
            )
        } else {
            ("Enter continues: ", "Type Enter, or q to quit.")
        };
        loop {
            let line = self.ask(question).await?;
            return Ok(match LineReply::parse(&line) {
                LineReply::Default => None,
                LineReply::Quit => Some(Destination::End),
                LineReply::Incidents => Some(Box::pin(self.choose_incident()).await?),
                LineReply::Reset => Some(self.reset().await?),
                LineReply::Number(_)
                | LineReply::Back
                | LineReply::Probe
                | LineReply::Skip
                | LineReply::Details
                | LineReply::Help
                | LineReply::GoTo(_)
                | LineReply::Filter(_)
                | LineReply::Command(_)
                | LineReply::Unknown => {
                    self.output.line(others);
                    continue;
                }
            });
        }
    }

    /// Says what an answer is going to do, in presenter mode, and whether that shall happen.
    pub(super) async fn confirm_consequences(&mut self, answer: &Answer) -> Result<bool, Stopped> {
        if !self.present {
            return Ok(true);
        }
        self.output.line("What happens next:");
        for sentence in script::consequences(answer, &self.session.plan) {
            self.output.line(format!("- {sentence}"));
        }
        let line = self.ask("Enter does it, anything else cancels: ").await?;
        Ok(line.is_empty())
    }

    /// Asks which incident shall happen, and lets it. It leads to the step that sees it.
    pub(super) async fn choose_incident(&mut self) -> Result<Destination, Stopped> {
        if self.demo.is_none() {
            return Ok(self.refuse_outside_demo());
        }
        self.output.line("Break something:");
        for (number, incident) in (1..).zip(Incident::ALL) {
            let (name, summary) = (script::name(incident), script::summary(incident));
            self.output.line(format!("{number}. {name}: {summary}"));
        }
        let line = self.ask("Number, or Enter for none: ").await?;
        let number = line.parse::<usize>().ok();
        let incident = number.and_then(|number| Incident::ALL.get(number.checked_sub(1)?).copied());
        let Some(incident) = incident else {
            if !line.is_empty() {
                let last = Incident::ALL.len();
                self.output.line(format!("No such mishap: 1 to {last}."));
            }
            return Ok(Destination::Stay);
        };
        if !self.request(DemoRequest::Cause(incident)).await? {
            return Ok(Destination::Stay);
        }
        self.announced = Some(incident.step());
        if let Some(destination) = self.announce(script::incident(incident)).await? {
            return Ok(destination);
        }
        self.probe(incident.seen_by()).await?;
        Ok(Destination::Step(incident.step()))
    }

    /// Asks whether the demo shall be reset, and resets it.
    pub(super) async fn reset(&mut self) -> Result<Destination, Stopped> {
        if self.demo.is_none() {
            return Ok(self.refuse_outside_demo());
        }
        let question = "The sample project becomes a fresh clone, and the sandbox forgets its projects. Type yes to reset: ";
        if !is_yes(&self.ask(question).await?) {
            return Ok(Destination::Stay);
        }
        self.session.runtime.forget();
        if !self.request(DemoRequest::Reset).await? {
            return Ok(Destination::Stay);
        }
        self.session.plan = Plan::new();
        self.announced = None;
        self.filter.clear();
        Ok(Destination::Beginning)
    }

    /// Asks the demo for something, and says why where it could not do that.
    async fn request(&mut self, request: DemoRequest) -> Result<bool, Stopped> {
        self.output
            .progress(format!("{} …", script::progress(request)));
        let Err(error) = carry_out(self.demo.clone(), request).await.result else {
            return Ok(true);
        };
        self.output.line(format!("That didn't work: {error}."));
        for part in [error.why(), error.hint()] {
            if !part.is_empty() {
                self.output.line(format!("{part}."));
            }
        }
        Ok(false)
    }

    fn refuse_outside_demo(&mut self) -> Destination {
        let error = DemoError::NotTheDemo;
        self.output.line(format!("{error}; {}.", error.hint()));
        Destination::Stay
    }
}
