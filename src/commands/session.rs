//! Drives the runtime from a command: starts work, folds its events, and stops on a signal.

use std::collections::BTreeSet;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    commands::{
        error::CommandError,
        input::{self, InputLines, TypedSecret},
    },
    core::{
        answer::Answer,
        code::Code,
        event::{Event, EventKind, Progress},
        exit::Exit,
        failure::Failure,
        plan::Plan,
        secret::Secret,
        step::StepId,
    },
    engine::Runtime,
    os::signals::Signals,
    ports::{
        Ports,
        editor::{EditorError, TextEditor},
        lock::CloneHold,
    },
    project::settings::Settings,
    report::{json::PlanDocument, lines, output::Output},
};

/// Why work ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Interruption {
    /// Ctrl-C, SIGTERM or SIGHUP.
    Signal,
    /// A task of ours panicked; the text is its place.
    Bug(String),
    /// Another process works in this clone.
    Busy(Box<Failure>),
}

/// The runtime, and what is known so far.
pub(super) struct CommandSession {
    pub(super) runtime: Runtime,
    events: UnboundedReceiver<Event>,
    pub(super) plan: Plan,
    signals: Signals,
    /// The clone, where this run has it to itself.
    hold: Option<CloneHold>,
}

impl CommandSession {
    pub(super) fn new(settings: Settings, ports: Ports) -> Self {
        let (runtime, events) = Runtime::new(settings, ports);
        Self {
            runtime,
            events,
            plan: Plan::new(),
            signals: Signals::ending(),
            hold: None,
        }
    }

    /// Takes the clone for the rest of this run; waits for another process that has it.
    pub(super) async fn take_clone(&mut self, output: &mut Output) -> Result<(), Interruption> {
        let mut waiting = |text: String| output.note(text);
        let hold = tokio::select! {
            biased;
            () = self.signals.any() => return Err(Interruption::Signal),
            hold = self.runtime.take_clone(&mut waiting) => hold,
        };
        self.hold = Some(hold.map_err(|failure| Interruption::Busy(Box::new(failure)))?);
        Ok(())
    }

    /// Probes steps, each after those it needs.
    pub(super) async fn probe(
        &mut self,
        steps: &[StepId],
        output: &mut Output,
    ) -> Result<(), Interruption> {
        self.runtime.probe_all(steps);
        self.settle(steps, output).await
    }

    /// Gives an answer to its step.
    pub(super) async fn apply(
        &mut self,
        answer: Answer,
        output: &mut Output,
    ) -> Result<(), Interruption> {
        let step = answer.step();
        self.runtime.apply(answer);
        self.settle(&[step], output).await
    }

    /// Waits for the next event, and folds it.
    pub(super) async fn next_event(&mut self) -> Result<Event, Interruption> {
        let event = tokio::select! {
            biased;
            () = self.signals.any() => return Err(Interruption::Signal),
            event = self.events.recv() => event,
        };
        let event = event.ok_or_else(|| Interruption::Bug("the engine has ended".to_owned()))?;
        self.plan.fold(&event);
        Ok(event)
    }

    /// Folds events until all of these steps have ended.
    async fn settle(&mut self, steps: &[StepId], output: &mut Output) -> Result<(), Interruption> {
        let mut open: BTreeSet<_> = steps.iter().copied().collect();
        while !open.is_empty() {
            let event = self.next_event().await?;
            match event.kind {
                EventKind::Progress(progress) => {
                    output.progress(progress_line(event.step, &progress));
                }
                EventKind::Finished(_) => {
                    open.remove(&event.step);
                }
                EventKind::Bug(place) => return Err(Interruption::Bug(place)),
                EventKind::Started(_)
                | EventKind::Facts(_)
                | EventKind::Activity(_)
                | EventKind::App(_) => {}
            }
        }
        Ok(())
    }

    /// Waits for a line that the user types. `None` is the end of input.
    pub(super) async fn read_line(
        &mut self,
        lines: &mut InputLines,
    ) -> Result<Option<String>, Interruption> {
        tokio::select! {
            biased;
            () = self.signals.any() => Err(Interruption::Signal),
            line = lines.next() => Ok(line),
        }
    }

    /// Has an env file edited in the user's editor, which has the terminal meanwhile: whether anything differs, or why nothing was kept.
    pub(super) async fn edit(
        &mut self,
        editor: &TextEditor,
        file: &str,
    ) -> Result<Result<bool, String>, Interruption> {
        let base = match self.runtime.env_text(file).await {
            Ok(base) => base,
            Err(why) => return Ok(Err(why)),
        };
        let take = |edited| self.runtime.keep_edit(file, &base, edited);
        let edited = editor
            .edit_until_taken(file, &base, &mut self.signals, take)
            .await;
        // a Ctrl-C in the editor was the editor's
        if self.signals.forget_keys() {
            return Err(Interruption::Signal);
        }
        match edited {
            Ok(differs) => Ok(Ok(differs)),
            Err(EditorError::Ended) => Err(Interruption::Signal),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// Waits for a secret that the user types. `None` is a step back.
    pub(super) async fn read_secret(&mut self) -> Result<Option<Secret>, Interruption> {
        match input::secret(self.signals.any()).await {
            Ok(TypedSecret::Secret(secret)) => Ok(Some(secret)),
            Ok(TypedSecret::Cancelled) => Err(Interruption::Signal),
            // a terminal that cannot be read is as good as a step back: the question is asked again
            Ok(TypedSecret::Back) | Err(_) => Ok(None),
        }
    }

    /// Prints a step as lines. JSON has it in the document at the end.
    pub(super) fn print_step(&self, id: StepId, output: &mut Output) {
        if !output.json {
            lines::print_step(output, id, self.plan.step(id));
        }
    }

    /// Ends all work, and prints the result.
    pub(super) async fn finish(self, steps: &[StepId], output: &mut Output) -> Exit {
        self.runtime.shutdown().await;
        if output.json {
            output.document(&PlanDocument::new(&self.plan, steps));
        } else {
            lines::print_totals(output, &self.plan, steps);
        }
        self.plan.exit(steps)
    }

    /// Ends all work after an interruption, and prints what was done and what was not.
    pub(super) async fn interrupted(
        mut self,
        interruption: Interruption,
        steps: &[StepId],
        output: &mut Output,
    ) -> Result<Exit, CommandError> {
        self.runtime.shutdown().await;
        match interruption {
            Interruption::Signal => {
                self.plan.interrupt();
                if output.json {
                    output.document(&PlanDocument::new(&self.plan, steps));
                }
                let tally = lines::tally(&self.plan, steps);
                output.note(format!("canceled. {tally} Run it again to resume."));
                Ok(Exit::Cancelled)
            }
            Interruption::Bug(place) => Err(CommandError::Bug(place)),
            Interruption::Busy(failure) => Err(CommandError::Failure(*failure)),
        }
    }

    /// What starts the application, once every step is done. `None` before, and where no command is known.
    pub(super) fn start_line(&self, steps: &[StepId]) -> Option<String> {
        let all = steps.len() == StepId::ALL.len() && self.plan.exit(steps) == Exit::Done;
        let settings = self.runtime.settings();
        let start = settings.start_line()?;
        let given = self
            .plan
            .step(StepId::Health)
            .has(Code::HealthEnvironmentGiven);
        // what was given to it here is not there where a person starts it
        let loads = settings
            .connection_file()
            .filter(|_| given)
            .map(|file| format!("set -a; . ./{file}; set +a; "))
            .unwrap_or_default();
        all.then(|| format!("start the app: {loads}{start}"))
    }
}

fn progress_line(step: StepId, progress: &Progress) -> String {
    let count = match (progress.done, progress.total) {
        (done, Some(total)) => format!(" {done} of {total}"),
        (0, None) => String::new(),
        (done, None) => format!(" {done}"),
    };
    format!("{step}: {}{count} …", progress.label)
}

/// The steps to show: those that were named, in order, or all.
pub(super) fn chosen_steps(steps: &[StepId]) -> Vec<StepId> {
    if steps.is_empty() {
        return StepId::ALL.to_vec();
    }
    StepId::ALL
        .into_iter()
        .filter(|id| steps.contains(id))
        .collect()
}

/// These steps with all that they need, directly or not.
pub(super) fn with_needs(steps: &[StepId]) -> Vec<StepId> {
    let mut wanted: BTreeSet<_> = steps.iter().copied().collect();
    let mut before = 0;
    while wanted.len() != before {
        before = wanted.len();
        let needs: Vec<_> = wanted.iter().flat_map(|id| id.needs()).copied().collect();
        wanted.extend(needs);
    }
    wanted.into_iter().collect()
}
