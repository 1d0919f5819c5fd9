//! Presenter mode in lines: what is announced before each step, the incidents of the demo, and its reset.

use crate::commands::plain::{Dialogue, Turn};
use crate::{
    commands::session::Interruption,
    core::{
        plan::Plan,
        presenter::{DemoError, DemoRequest, Incident, script},
    },
    ports::demo::carry_out,
};

/// What is typed to let something go wrong.
pub(super) const INCIDENTS: &str = "m";
/// What both mean.
pub(super) const HELP: &str = "In the demo, m lets something go wrong, to be cured; reset puts everything back to the beginning.";

/// Whether this asks for the beginning: a word, since a capital letter cannot be heard; or the screens' key.
pub(super) fn resets(text: &str) -> bool {
    matches!(text, "reset" | "R")
}

/// A title as a word: capitals alone are spelled out letter by letter.
fn spoken(title: &str) -> String {
    let mut letters = title.chars();
    let first = letters.next();
    let rest = letters.as_str().to_lowercase();
    first.map_or_else(String::new, |first| format!("{first}{rest}"))
}

impl Dialogue<'_> {
    /// Announces what comes, and waits for Enter; does nothing outside of presenter mode. What was typed instead leads elsewhere.
    pub(super) async fn announce(
        &mut self,
        announcement: script::Announcement,
    ) -> Result<Option<Turn>, Interruption> {
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
                "Enter goes on (m: mishaps, reset: begin again): ",
                "Here are Enter, m, reset, and q to leave.",
            )
        } else {
            ("Enter goes on: ", "Here are Enter, and q to leave.")
        };
        loop {
            return Ok(match self.ask(question).await?.as_deref() {
                None => Some(Turn::EndOfInput),
                Some("") => None,
                Some("q") => Some(Turn::Quit),
                Some(INCIDENTS) => Some(Box::pin(self.incidents()).await?),
                Some(text) if resets(text) => Some(self.reset().await?),
                Some(_) => {
                    self.output.line(others);
                    continue;
                }
            });
        }
    }

    /// Asks which mishap shall happen, and lets it. It leads to the step that sees it.
    pub(super) async fn incidents(&mut self) -> Result<Turn, Interruption> {
        if self.demo.is_none() {
            return Ok(self.elsewhere());
        }
        self.output.line("Let something go wrong:");
        for (number, incident) in (1..).zip(Incident::ALL) {
            let (name, summary) = (script::name(incident), script::summary(incident));
            self.output.line(format!("{number}. {name}: {summary}"));
        }
        let Some(line) = self.ask("Number, or Enter for none: ").await? else {
            return Ok(Turn::EndOfInput);
        };
        let number = line.parse::<usize>().ok();
        let incident = number.and_then(|number| Incident::ALL.get(number.checked_sub(1)?).copied());
        let Some(incident) = incident else {
            if !line.is_empty() {
                let last = Incident::ALL.len();
                self.output
                    .line(format!("There is no such mishap: 1 to {last}."));
            }
            return Ok(Turn::Again);
        };
        if !self.request(DemoRequest::Cause(incident)).await? {
            return Ok(Turn::Again);
        }
        self.announced = Some(incident.step());
        if let Some(turn) = self.announce(script::incident(incident)).await? {
            return Ok(turn);
        }
        self.probe(incident.seen_by()).await?;
        Ok(Turn::To(incident.step()))
    }

    /// Asks whether everything shall be as at the beginning, and sees to it.
    pub(super) async fn reset(&mut self) -> Result<Turn, Interruption> {
        if self.demo.is_none() {
            return Ok(self.elsewhere());
        }
        let question = "The sample project becomes a fresh clone, and the sandbox forgets its projects. Type yes to begin again: ";
        match self.ask(question).await?.as_deref() {
            None => return Ok(Turn::EndOfInput),
            Some("yes" | "y") => {}
            Some(_) => return Ok(Turn::Again),
        }
        self.work.runtime.forget();
        if !self.request(DemoRequest::Reset).await? {
            return Ok(Turn::Again);
        }
        self.work.plan = Plan::new();
        self.announced = None;
        self.filter.clear();
        Ok(Turn::Anew)
    }

    /// Asks the demo for something, and says why where it could not do that.
    async fn request(&mut self, request: DemoRequest) -> Result<bool, Interruption> {
        self.output
            .progress(format!("{} …", script::progress(request)));
        let Err(error) = carry_out(self.demo.clone(), request).await.result else {
            return Ok(true);
        };
        self.output.line(format!("That did not work: {error}."));
        for part in [error.why(), error.hint()] {
            if !part.is_empty() {
                self.output.line(format!("{part}."));
            }
        }
        Ok(false)
    }

    fn elsewhere(&mut self) -> Turn {
        let error = DemoError::NotTheDemo;
        self.output.line(format!("{error}; {}.", error.hint()));
        Turn::Again
    }
}
