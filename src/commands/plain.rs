//! The same questions as numbered lines: for screen readers, simple terminals, pipes and logs.
//!
//! End of input is never consent: it ends the run with what was asked, and exit code 2.

mod numbered;
mod presenter;
mod progress;

use std::{
    io::{self, IsTerminal as _},
    sync::Arc,
    time::Duration,
};

use crate::{
    commands::{
        error::CommandError,
        input::InputLines,
        opening::{Opening, private_words},
        session::{self, Interruption, Session},
    },
    core::{
        answer::{Answer, LoginAnswer, ProjectAnswer, SecretsAnswer},
        choices::{self, Action, ChoiceRow, Choices, Medium},
        exit::Exit,
        plan::{Status, StepState},
        presenter::script,
        redact::Redactor,
        secret::Secret,
        step::StepId,
    },
    ports::{Ports, demo::DemoEnvironment},
    project::settings::Settings,
    report::{lines, output::Output, receipt},
};

/// Where an answer leads.
enum Turn {
    /// The same step again.
    Again,
    /// The same step, with its question although it is done.
    Change,
    /// The step before.
    Back,
    /// On to the next.
    On,
    /// Straight to a step.
    To(StepId),
    /// Everything is as at the beginning.
    Anew,
    /// The user leaves.
    Quit,
    /// There is no more input.
    EndOfInput,
}

/// How a walk through the steps ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walked {
    /// Every question was answered, or the user left.
    Through,
    /// The input ended before that: an answer is missing.
    EndOfInput,
}

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
    let present = opening.present;
    if present {
        let mut private = opening.private;
        private.extend(private_words(&settings));
        output.redactor = Some(Redactor::new(private));
    }
    output.speak_progress();
    output.line(format!(
        "neonup, {}, {}.",
        settings.project.name,
        settings.service()
    ));
    for note in opening.notes {
        output.line(format!("{note}."));
    }
    let mut dialogue = Dialogue {
        work: Session::new(settings, ports),
        lines: InputLines::standard(),
        output,
        present,
        demo: opening.demo,
        announced: None,
        summary,
        filter: String::new(),
    };
    let walked = dialogue.walk(shown).await;
    let Dialogue { work, output, .. } = dialogue;
    match walked {
        Ok(Walked::Through) => Ok(work.finish(shown, output).await),
        Ok(Walked::EndOfInput) => match work.finish(shown, output).await {
            Exit::Done => Ok(Exit::Done),
            Exit::Gaps | Exit::Failed | Exit::Usage | Exit::Bug | Exit::Cancelled => {
                Ok(Exit::Failed)
            }
        },
        Err(interruption) => work.interrupted(interruption, shown, output).await,
    }
}

/// The conversation.
struct Dialogue<'a> {
    work: Session,
    lines: InputLines,
    output: &'a mut Output,
    /// Whether it is shown to a room: what happens is announced before it does.
    present: bool,
    /// The demo, where this is one.
    demo: Option<Arc<dyn DemoEnvironment>>,
    /// The step that was announced last.
    announced: Option<StepId>,
    /// Whether the end is a question.
    summary: bool,
    /// What the list of projects is filtered by.
    filter: String,
}

impl Dialogue<'_> {
    /// Asks. `None` is the end of input.
    async fn ask(&mut self, question: &str) -> Result<Option<String>, Interruption> {
        self.output.prompt(question);
        let line = self.work.read_line(&mut self.lines).await?;
        let line = line.map(|line| line.trim().to_owned());
        // a terminal has shown what was typed; a log has not
        if line.is_none() || !io::stdin().is_terminal() {
            self.output.line(line.as_deref().unwrap_or_default());
        }
        Ok(line)
    }

    async fn probe(&mut self, steps: &[StepId]) -> Result<(), Interruption> {
        self.work.probe(steps, self.output).await?;
        self.redact();
        Ok(())
    }

    /// Hides the identifiers that were learned, too.
    fn redact(&mut self) {
        if let Some(redactor) = &mut self.output.redactor {
            redactor.learn(&self.work.plan);
        }
    }

    /// Walks through the steps.
    async fn walk(&mut self, shown: &[StepId]) -> Result<Walked, Interruption> {
        let before: Vec<_> = session::with_needs(shown)
            .into_iter()
            .filter(|id| !shown.contains(id))
            .collect();
        self.probe(&before).await?;
        let mut place = 0;
        let mut insist = false;
        let mut change = false;
        let mut turn = self.announce(script::OPENING).await?;
        loop {
            let next = match (turn.take(), shown.get(place).copied()) {
                (Some(turn), _) => turn,
                (None, None) => match self.closing(shown).await? {
                    None => return Ok(Walked::Through),
                    Some(turn) => turn,
                },
                (None, Some(id)) => self.step(id, insist, change).await?,
            };
            change = matches!(next, Turn::Change);
            match next {
                // a step that was gone to stays, whatever it says
                Turn::Again => {
                    insist |= shown.get(place).is_some_and(|id| {
                        !matches!(self.work.plan.status(*id), Status::Done | Status::Skipped)
                    });
                }
                Turn::Change => insist = true,
                Turn::Back => {
                    place = place.saturating_sub(1);
                    insist = true;
                }
                Turn::On => {
                    place += 1;
                    insist = false;
                }
                Turn::To(id) => match shown.iter().position(|other| *other == id) {
                    Some(at) => {
                        place = at;
                        insist = true;
                    }
                    None => self
                        .output
                        .line(format!("Step {} is not part of this command.", id.number())),
                },
                Turn::Anew => {
                    place = 0;
                    insist = false;
                    turn = self.announce(script::OPENING).await?;
                }
                Turn::Quit => return Ok(Walked::Through),
                Turn::EndOfInput => {
                    self.output.note("the input ended here: nothing was assumed. `neonup setup --yes` takes the defaults");
                    return Ok(Walked::EndOfInput);
                }
            }
        }
    }

    /// The summary. Where it is a question, the answer may lead back to a step.
    async fn closing(&mut self, shown: &[StepId]) -> Result<Option<Turn>, Interruption> {
        loop {
            self.output.line("");
            self.output.line("Summary.");
            for id in shown {
                lines::print_step(self.output, *id, self.work.plan.step(*id));
            }
            if !self.summary {
                return Ok(None);
            }
            if let Some(start) = self.work.start_line(shown) {
                self.output.line(format!("To {start}"));
            }
            let choices = choices::of_summary(Medium::Lines, None, "");
            for line in numbered::lines(&choices) {
                self.output.line(line);
            }
            if let Some(turn) = self.closed(shown, &choices).await? {
                return Ok(turn);
            }
        }
    }

    /// Reads the answer to the summary. Nothing: everything was looked at again.
    async fn closed(
        &mut self,
        shown: &[StepId],
        choices: &Choices,
    ) -> Result<Option<Option<Turn>>, Interruption> {
        loop {
            let question = "Answer, or g and a number to go to a step: ";
            // whoever has answered every question may end the input here
            let answer = self.ask(question).await?.unwrap_or_default();
            let action = match answer.as_str() {
                "" | "q" => Some(Action::Quit),
                "r" => Some(Action::ProbeAll),
                text => numbered::numbered(choices, text).map(ChoiceRow::action),
            };
            match action {
                Some(Action::Quit) => return Ok(Some(None)),
                Some(Action::ProbeAll) => {
                    self.probe(shown).await?;
                    return Ok(None);
                }
                Some(Action::Receipt) => {
                    let receipt = receipt::markdown(&self.work.plan, shown);
                    self.output.line(receipt);
                    continue;
                }
                Some(_) | None => {}
            }
            match answer.as_str() {
                "b" => return Ok(Some(Some(Turn::Back))),
                "?" => self.help(),
                presenter::INCIDENTS => return Ok(Some(Some(self.incidents().await?))),
                text if presenter::resets(text) => return Ok(Some(Some(self.reset().await?))),
                text => match jump(text) {
                    Some(id) => return Ok(Some(Some(Turn::To(id)))),
                    // what was typed may be a key at the wrong place, so that it is not repeated
                    None => self
                        .output
                        .line("There is no such answer: 1 to 3, b, g 1 to g 7, or q."),
                },
            }
        }
    }

    /// What can be typed at every question.
    fn help(&mut self) {
        self.output.line(HELP);
        if self.demo.is_some() {
            self.output.line(presenter::HELP);
        }
    }

    /// Tells of a step, and asks what it asks.
    async fn step(&mut self, id: StepId, insist: bool, change: bool) -> Result<Turn, Interruption> {
        if self.announced != Some(id) {
            self.announced = Some(id);
            if let Some(turn) = self.announce(script::step(id)).await? {
                return Ok(turn);
            }
        }
        if !insist || self.work.plan.status(id) == Status::Unknown {
            self.probe(&[id]).await?;
        }
        let state = self.work.plan.step(id).clone();
        progress::step(self.output, id, &state);
        if matches!(state.status, Status::Done | Status::Skipped) && !insist {
            return Ok(Turn::On);
        }
        lines::print_changes(self.output, &state);
        self.question(id, &state, change).await
    }

    async fn question(
        &mut self,
        id: StepId,
        state: &StepState,
        change: bool,
    ) -> Result<Turn, Interruption> {
        let action = loop {
            let blocker = self.work.plan.blocker(id);
            let choices = numbered::choices(id, state, &self.filter, blocker, change);
            if let Some(line) = numbered::left_out(state, &self.filter) {
                self.output.line(line);
            }
            for line in numbered::lines(&choices) {
                self.output.line(line);
            }
            match self.answer(id, state, &choices).await? {
                Answered::Action(action) => break action,
                Answered::Turn(turn) => return Ok(turn),
                Answered::Filter(filter) => self.filter = filter,
            }
        };
        let answer = match action {
            Action::GoOn => return Ok(Turn::On),
            Action::GoTo(id) => {
                // whoever goes there wants it done, also where it was left out
                self.work.plan.reopen(id);
                self.probe(&[id]).await?;
                return Ok(Turn::To(id));
            }
            Action::Change => {
                if id == StepId::Project {
                    self.work
                        .apply(Answer::Project(ProjectAnswer::List), self.output)
                        .await?;
                    self.redact();
                }
                return Ok(Turn::Change);
            }
            Action::Probe => {
                self.work.plan.reopen(id);
                self.probe(&[id]).await?;
                return Ok(Turn::Again);
            }
            Action::AskToSkip => return self.skip(id).await,
            Action::Skip(reason) => {
                self.work.plan.skip(id, reason);
                return Ok(Turn::On);
            }
            Action::Run(command) => {
                self.output
                    .line(format!("Run this in another terminal: {command}"));
                return Ok(Turn::Again);
            }
            Action::Rotate => {
                let sure = self
                    .ask("Whatever still uses the old password stops working. Type yes to rotate it: ")
                    .await?;
                match sure.as_deref() {
                    None => return Ok(Turn::EndOfInput),
                    Some("yes" | "y") => Answer::Secrets(SecretsAnswer::RotatePassword),
                    Some(_) => return Ok(Turn::Again),
                }
            }
            Action::Apply(answer) => answer,
            Action::Watch => return self.watch().await,
            Action::Quit => return Ok(Turn::Quit),
            // nothing of the summary is a choice of a step
            Action::ProbeAll | Action::Receipt => return Ok(Turn::Again),
            Action::Create => match self.ask("Name of the new project: ").await? {
                None => return Ok(Turn::EndOfInput),
                Some(name) if name.is_empty() => return Ok(Turn::Again),
                Some(name) if numbered::is_taken(state, &name) => {
                    self.output.line(format!(
                        "There is a project {name} already: join it, or type another name."
                    ));
                    return Ok(Turn::Again);
                }
                Some(name) => Answer::Project(ProjectAnswer::Create(name)),
            },
            Action::ApplyKey(store) => match self.key().await? {
                Ok(Some(key)) => Answer::Login(LoginAnswer::Key(key, store)),
                Ok(None) => return Ok(Turn::Again),
                Err(turn) => return Ok(turn),
            },
        };
        self.apply(id, answer).await
    }

    /// Reads an answer until it is one.
    async fn answer(
        &mut self,
        id: StepId,
        state: &StepState,
        choices: &Choices,
    ) -> Result<Answered, Interruption> {
        loop {
            let Some(line) = self.ask("Answer, or b for back, ? for help: ").await? else {
                return Ok(Answered::Turn(Turn::EndOfInput));
            };
            let chosen = match line.as_str() {
                "" if choices.default_row().is_some() => choices.default_row(),
                "" => {
                    self.output.line(
                        "There is no default here: each could be the wrong one. Type a number.",
                    );
                    continue;
                }
                "b" => return Ok(Answered::Turn(Turn::Back)),
                "q" => return Ok(Answered::Turn(Turn::Quit)),
                "r" => return Ok(Answered::Action(Action::Probe)),
                "s" => return Ok(Answered::Action(Action::AskToSkip)),
                presenter::INCIDENTS => return Ok(Answered::Turn(self.incidents().await?)),
                text if presenter::resets(text) => return Ok(Answered::Turn(self.reset().await?)),
                "d" => {
                    progress::details(self.output, state);
                    continue;
                }
                "?" => {
                    self.help();
                    continue;
                }
                text if let Some(command) = same(text, choices) => {
                    self.output.line(command);
                    continue;
                }
                text => match (text.strip_prefix('/'), jump(text)) {
                    (Some(filter), _) if id == StepId::Project => {
                        return Ok(Answered::Filter(filter.trim().to_owned()));
                    }
                    (_, Some(id)) => return Ok(Answered::Turn(Turn::To(id))),
                    _ => numbered::numbered(choices, text),
                },
            };
            match chosen {
                Some(row) => return Ok(Answered::Action(row.action())),
                // what was typed may be a key at the wrong place, so that it is not repeated
                None => self.output.line(format!(
                    "There is no such answer: 1 to {}, or ? for help.",
                    choices.count()
                )),
            }
        }
    }

    async fn skip(&mut self, id: StepId) -> Result<Turn, Interruption> {
        let Some(reason) = self.ask("Why, in a word (default: not now): ").await? else {
            return Ok(Turn::EndOfInput);
        };
        let reason = if reason.is_empty() {
            "not now"
        } else {
            &reason
        };
        self.output
            .line(format!("{}: skipped, {reason}.", id.title()));
        self.work.plan.skip(id, reason);
        Ok(Turn::On)
    }

    /// An API key, never shown. `Ok(None)` is a step back; `Err` the end of input.
    async fn key(&mut self) -> Result<Result<Option<Secret>, Turn>, Interruption> {
        self.output.prompt("API key (it is not shown): ");
        let key = if io::stdin().is_terminal() {
            self.work.read_secret().await?
        } else {
            match self.work.read_line(&mut self.lines).await? {
                None => return Ok(Err(Turn::EndOfInput)),
                Some(line) => Some(Secret::new(line)),
            }
        };
        self.output.line("");
        Ok(Ok(key))
    }

    /// Looks at the database once a second and says how long it takes, until Enter.
    async fn watch(&mut self) -> Result<Turn, Interruption> {
        self.output.line("Watching once a second; Enter ends it.");
        loop {
            self.probe(&[StepId::Health]).await?;
            let state = self.work.plan.step(StepId::Health);
            let line = progress::look(state);
            self.output.line(line);
            let next = tokio::time::sleep(WATCH_EVERY);
            tokio::select! {
                biased;
                line = self.work.read_line(&mut self.lines) => {
                    line?;
                    return Ok(Turn::Again);
                }
                () = next => {}
            }
        }
    }

    async fn apply(&mut self, id: StepId, answer: Answer) -> Result<Turn, Interruption> {
        if self.present {
            self.output.line("What will happen:");
            for sentence in script::consequences(&answer, &self.work.plan) {
                self.output.line(format!("- {sentence}"));
            }
            match self.ask("Enter does it, anything else leaves it: ").await? {
                None => return Ok(Turn::EndOfInput),
                Some(line) if !line.is_empty() => return Ok(Turn::Again),
                Some(_) => {}
            }
        }
        self.work.plan.reopen(id);
        self.work.apply(answer, self.output).await?;
        // what was told of other steps may no longer be so; those that nobody has seen yet are looked at in their turn
        let mut others = id.seen_by();
        others.retain(|id| self.work.plan.status(*id) != Status::Unknown);
        self.probe(&others).await?;
        let state = self.work.plan.step(id);
        if matches!(state.status, Status::Done | Status::Skipped) {
            progress::ended(self.output, id, state);
            return Ok(Turn::On);
        }
        Ok(Turn::Again)
    }
}

/// What was typed at a question.
enum Answered {
    Action(Action),
    Turn(Turn),
    /// Project: filter the list by this.
    Filter(String),
}

const HELP: &str = "Type the number of an answer, or nothing for the default. d tells the details, r looks again, s skips this step, \
b goes back, g 3 goes to step 3, / and a word filters the projects, c tells the command that does the same as the default, c 2 as the second answer, q leaves.";

/// How often a watch looks.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// `c`, or `c 2`: the command that does the same as an answer.
fn same(text: &str, choices: &Choices) -> Option<String> {
    let command = numbered::command(choices, text.strip_prefix('c')?.trim())?;
    Some(command.to_string())
}

/// `g 3`: straight to a step.
fn jump(text: &str) -> Option<StepId> {
    let number: usize = text.strip_prefix('g')?.trim().parse().ok()?;
    StepId::ALL.get(number.checked_sub(1)?).copied()
}
