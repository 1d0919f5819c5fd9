//! One step: what was seen, what there is to choose from, and what a reply does.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use crate::{
    commands::{
        browser_login,
        plain::{
            line_wizard::{Destination, LineWizard, Stopped},
            numbered::{self, StepView},
            reply::{LineReply, is_yes},
            step_text,
        },
    },
    core::{
        answer::{Answer, KeyStorage, LoginAnswer, ProjectAnswer},
        choices::{Action, Choices},
        plan::{Status, StepState},
        presenter::script,
        secret::Secret,
        step::StepId,
    },
    report::lines,
};

/// How often a watch probes.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// What a reply came to.
enum Chosen {
    Action(Action),
    Destination(Destination),
    /// Project: list those that match this.
    Filter(String),
}

impl LineWizard<'_> {
    /// Prints a step and, where it is open or wanted, asks what to do.
    pub(super) async fn show_step(
        &mut self,
        step: StepId,
        wanted: bool,
        change: bool,
    ) -> Result<Destination, Stopped> {
        if self.announced != Some(step) {
            self.announced = Some(step);
            if let Some(destination) = self.announce(script::step(step)).await? {
                return Ok(destination);
            }
        }
        if !wanted || self.session.plan.status(step) == Status::Unknown {
            self.probe(&[step]).await?;
        }
        let state = self.session.plan.step(step).clone();
        step_text::print(self.output, step, &state);
        // the warnings of a step that is done are stopped at once
        let warned = state.warnings() > 0 && self.warned.insert(step);
        if matches!(state.status, Status::Done | Status::Skipped) && !wanted && !warned {
            return Ok(Destination::Next);
        }
        lines::print_changes(self.output, &state);
        loop {
            let blocker = self.session.plan.blocker(step);
            let asked = StepView {
                filter: &self.filter,
                blocker,
                change,
                can_edit: self.editor.is_some(),
            };
            let choices = numbered::choices(step, &state, asked);
            if let Some(line) = numbered::left_out(&state, &self.filter) {
                self.output.line(line);
            }
            self.print_choices(&choices);
            match self.choose(step, &state, &choices).await? {
                Chosen::Action(action) => return self.act(step, &state, action).await,
                Chosen::Destination(destination) => return Ok(destination),
                Chosen::Filter(filter) => self.filter = filter,
            }
        }
    }

    /// Reads replies until one chooses something.
    async fn choose(
        &mut self,
        step: StepId,
        state: &StepState,
        choices: &Choices,
    ) -> Result<Chosen, Stopped> {
        loop {
            let line = self.ask("Answer, or b for back, ? for help: ").await?;
            match LineReply::parse(&line) {
                LineReply::Default => match choices.default_row() {
                    Some(row) => {
                        let here = (self.session.plan.fingerprint(), step);
                        let action = row.action();
                        if action == Action::GoOn || self.taken.insert(here) {
                            return Ok(Chosen::Action(action));
                        }
                        self.output.line(
                            "Nothing has changed since you last took the default. Type a number.",
                        );
                    }
                    None => self.output.line(
                        "No default here: any of them could be the wrong one. Type a number.",
                    ),
                },
                LineReply::Number(number) if let Some(row) = numbered::get(choices, number) => {
                    return Ok(Chosen::Action(row.action()));
                }
                LineReply::Probe => return Ok(Chosen::Action(Action::Probe)),
                LineReply::Skip => return Ok(Chosen::Action(Action::AskToSkip)),
                LineReply::Back => return Ok(Chosen::Destination(Destination::Previous)),
                LineReply::Quit => return Ok(Chosen::Destination(Destination::End)),
                LineReply::GoTo(step) => return Ok(Chosen::Destination(Destination::Step(step))),
                LineReply::Incidents => {
                    return Ok(Chosen::Destination(self.choose_incident().await?));
                }
                LineReply::Reset => return Ok(Chosen::Destination(self.reset().await?)),
                LineReply::Filter(filter) if step == StepId::Project => {
                    return Ok(Chosen::Filter(filter.to_owned()));
                }
                LineReply::Details => step_text::print_details(self.output, state),
                LineReply::Help => self.print_help(),
                LineReply::Command(number)
                    if let Some(command) = numbered::command(choices, number) =>
                {
                    self.output.line(command.to_string());
                }
                // what was typed may be a key at the wrong place, so that it is not repeated
                LineReply::Number(_)
                | LineReply::Filter(_)
                | LineReply::Command(_)
                | LineReply::Unknown => {
                    let last = choices.count();
                    self.output
                        .line(format!("No such answer: 1 to {last}, or ? for help."));
                }
            }
        }
    }

    /// Does what was chosen.
    async fn act(
        &mut self,
        step: StepId,
        state: &StepState,
        action: Action,
    ) -> Result<Destination, Stopped> {
        match action {
            Action::Apply(Answer::Login(LoginAnswer::Browser(storage))) => {
                self.log_in(storage).await
            }
            Action::Apply(answer) => self.apply(answer).await,
            Action::ApplyKey(storage) => match self.ask_for_key().await? {
                Some(key) => {
                    let answer = LoginAnswer::Key(key, storage);
                    self.apply(Answer::Login(answer)).await
                }
                None => Ok(Destination::Stay),
            },
            Action::Create => match self.ask_for_name(state).await? {
                Some(name) => {
                    let answer = ProjectAnswer::Create(name);
                    self.apply(Answer::Project(answer)).await
                }
                None => Ok(Destination::Stay),
            },
            Action::Rotate => {
                let question = "Everything that still uses the old password stops working. Type yes to rotate it: ";
                if is_yes(&self.ask(question).await?) {
                    self.apply(Answer::rotation_at(step)).await
                } else {
                    Ok(Destination::Stay)
                }
            }
            Action::Probe => {
                self.session.plan.reopen(step);
                self.probe(&[step]).await?;
                Ok(Destination::Stay)
            }
            Action::Change => {
                if step == StepId::Project {
                    let list = Answer::Project(ProjectAnswer::List);
                    self.session.apply(list, self.output).await?;
                    self.redact_learned();
                }
                Ok(Destination::Change)
            }
            Action::GoOn => Ok(Destination::Next),
            Action::GoTo(other) => {
                // whoever goes there wants it done, also where it was skipped
                self.session.plan.reopen(other);
                self.probe(&[other]).await?;
                Ok(Destination::Step(other))
            }
            Action::Skip(reason) => {
                self.session.plan.skip(step, reason);
                Ok(Destination::Next)
            }
            Action::AskToSkip => self.skip(step).await,
            Action::Run(command) => {
                self.output
                    .line(format!("Run this in another terminal: {command}"));
                Ok(Destination::Stay)
            }
            Action::Watch => self.watch().await,
            Action::Settings(_) => self.change_settings().await,
            Action::EditFile(file) => self.edit(&file).await,
            Action::Quit => Ok(Destination::End),
            // choices of the summary
            Action::ProbeAll
            | Action::FixAll(_)
            | Action::Receipt
            | Action::KeepApp
            | Action::StopApp
            | Action::OpenPsql
            | Action::Open(_)
            // choices of the proposal
            | Action::WriteConfig
            | Action::LeaveProposal
            | Action::NextApp
            | Action::EditValue(_) => Ok(Destination::Stay),
        }
    }

    /// Asks for an API key, which is never shown. `None` is a step back.
    async fn ask_for_key(&mut self) -> Result<Option<Secret>, Stopped> {
        self.output.prompt("API key (it is not shown): ");
        let key = if io::stdin().is_terminal() {
            self.session.read_secret().await?
        } else {
            let line = self.session.read_line(&mut self.input).await?;
            Some(Secret::new(line.ok_or(Stopped::InputEnded)?))
        };
        self.output.line("");
        Ok(key)
    }

    /// Asks for the name of a new project. `None` where there is none, or another project has it.
    async fn ask_for_name(&mut self, state: &StepState) -> Result<Option<String>, Stopped> {
        let name = self.ask("Name of the new project: ").await?;
        if numbered::is_taken(state, &name) {
            self.output.line(format!(
                "A project named {name} already exists: join it, or type another name."
            ));
            return Ok(None);
        }
        Ok(Some(name).filter(|name| !name.is_empty()))
    }

    async fn skip(&mut self, step: StepId) -> Result<Destination, Stopped> {
        let reason = self.ask("Reason (default: not now): ").await?;
        let reason = if reason.is_empty() {
            "not now"
        } else {
            &reason
        };
        self.output
            .line(format!("{}: skipped, {reason}.", step.title()));
        self.session.plan.skip(step, reason);
        Ok(Destination::Next)
    }

    /// Probes the database once a second, and prints how long a query takes, until Enter.
    async fn watch(&mut self) -> Result<Destination, Stopped> {
        self.output.line("Watching once a second; Enter stops.");
        loop {
            self.probe(&[StepId::Health]).await?;
            let line = step_text::watched(self.session.plan.step(StepId::Health));
            self.output.line(line);
            let next = tokio::time::sleep(WATCH_EVERY);
            tokio::select! {
                biased;
                line = self.session.read_line(&mut self.input) => {
                    line?;
                    return Ok(Destination::Stay);
                }
                () = next => {}
            }
        }
    }

    pub(super) async fn apply(&mut self, answer: Answer) -> Result<Destination, Stopped> {
        let step = answer.step();
        if !self.confirm_consequences(&answer).await? {
            return Ok(Destination::Stay);
        }
        self.session.plan.reopen(step);
        self.session.apply(answer, self.output).await?;
        self.show_end(step).await
    }

    /// Logs in with the browser.
    async fn log_in(&mut self, storage: KeyStorage) -> Result<Destination, Stopped> {
        let answer = Answer::Login(LoginAnswer::Browser(storage));
        if !self.confirm_consequences(&answer).await? {
            return Ok(Destination::Stay);
        }
        self.session.plan.reopen(StepId::Login);
        let reads = io::stdin().is_terminal();
        browser_login::log_in(&mut self.session, storage, reads, self.output).await?;
        self.show_end(StepId::Login).await
    }

    /// Has an env file edited in the user's editor, which has the terminal meanwhile.
    async fn edit(&mut self, file: &str) -> Result<Destination, Stopped> {
        let Some(editor) = &self.editor else {
            return Ok(Destination::Stay);
        };
        match self.session.edit(editor, file).await? {
            Ok(true) => {
                self.probe(&[StepId::Env]).await?;
                self.output
                    .line("Edited, not written yet: check what changes, then write it.");
            }
            Ok(false) => self.output.line("Nothing was changed in the editor."),
            Err(problem) => self.output.line(format!("That failed: {problem}.")),
        }
        Ok(Destination::Stay)
    }

    /// Says how an apply has ended, and where that leads.
    async fn show_end(&mut self, step: StepId) -> Result<Destination, Stopped> {
        // what was printed of other steps may no longer be so; those that nobody has seen yet are probed in their turn
        let mut others = step.seen_by();
        others.retain(|other| self.session.plan.status(*other) != Status::Unknown);
        self.probe(&others).await?;
        let state = self.session.plan.step(step);
        if state.warnings() > 0 && !self.warned.contains(&step) {
            return Ok(Destination::Stay);
        }
        if matches!(state.status, Status::Done | Status::Skipped) {
            step_text::print_end(self.output, step, state);
            return Ok(Destination::Next);
        }
        Ok(Destination::Stay)
    }
}
