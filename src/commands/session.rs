//! Drives the runtime from a command: starts work, folds its events, and stops on a signal.

use std::collections::BTreeSet;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::{commands::Output, report::lines};
use crate::{
    core::{
        answer::Answer,
        code::Code,
        event::{Event, EventKind},
        exit::Exit,
        failure::Failure,
        plan::Plan,
        step::StepId,
    },
    engine::Runtime,
    os::signals::Signals,
    ports::Ports,
    project::settings::Settings,
};

/// Why work ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// Ctrl-C, SIGTERM or SIGHUP.
    Signal,
    /// A bug of ours.
    Bug(String),
}

/// The runtime, and what is known so far.
pub(super) struct Work {
    pub(super) runtime: Runtime,
    events: UnboundedReceiver<Event>,
    pub(super) plan: Plan,
    signals: Signals,
}

impl Work {
    pub(super) fn new(settings: Settings, ports: Ports) -> Self {
        let (runtime, events) = Runtime::new(settings, ports);
        Self {
            runtime,
            events,
            plan: Plan::new(),
            signals: Signals::ending(),
        }
    }

    /// Probes steps, each after those it needs.
    pub(super) async fn probe_all(
        &mut self,
        steps: &[StepId],
        output: &mut Output,
    ) -> Result<(), Stop> {
        self.runtime.probe_all(steps);
        self.settle(steps, output).await
    }

    /// Gives an answer to its step.
    pub(super) async fn apply(&mut self, answer: Answer, output: &mut Output) -> Result<(), Stop> {
        let step = answer.step();
        self.runtime.apply(answer);
        self.settle(&[step], output).await
    }

    /// Folds events until all of these steps have ended.
    async fn settle(&mut self, steps: &[StepId], output: &mut Output) -> Result<(), Stop> {
        let mut open: BTreeSet<_> = steps.iter().copied().collect();
        while !open.is_empty() {
            let event = tokio::select! {
                biased;
                () = self.signals.any() => return Err(Stop::Signal),
                event = self.events.recv() => event,
            };
            let Some(event) = event else {
                return Err(Stop::Bug("the engine went away".to_owned()));
            };
            self.plan.fold(&event);
            match event.kind {
                EventKind::Progress(progress) => {
                    let count = match (progress.done, progress.total) {
                        (done, Some(total)) => format!(" {done} of {total}"),
                        (0, None) => String::new(),
                        (done, None) => format!(" {done}"),
                    };
                    output.progress(format!("{}: {}{count} …", event.step, progress.label));
                }
                EventKind::Finished(_) => {
                    open.remove(&event.step);
                }
                EventKind::Bug(text) => return Err(Stop::Bug(text)),
                EventKind::Started(_) | EventKind::Facts(_) => {}
            }
        }
        Ok(())
    }

    /// Waits for a line that the user types, or for a signal. `None` is the end of input.
    pub(super) async fn line(
        &mut self,
        lines: &mut crate::commands::prompt::Lines,
    ) -> Result<Option<String>, Stop> {
        tokio::select! {
            biased;
            () = self.signals.any() => Err(Stop::Signal),
            line = lines.next() => Ok(line),
        }
    }

    /// Waits for a secret that the user types, or for a signal. `None` is a step back.
    pub(super) async fn secret(&mut self) -> Result<Option<crate::core::secret::Secret>, Stop> {
        match crate::commands::prompt::secret(self.signals.any()).await {
            Ok(crate::commands::prompt::Typed::Secret(secret)) => Ok(Some(secret)),
            Ok(crate::commands::prompt::Typed::Cancelled) => Err(Stop::Signal),
            // a terminal that cannot be read is as good as a step back: the question stands again
            Ok(crate::commands::prompt::Typed::Back) | Err(_) => Ok(None),
        }
    }

    /// Ends after a stop: says what was done and what was not.
    pub(super) async fn stopped(self, stop: Stop, steps: &[StepId], output: &mut Output) -> Exit {
        let Self { runtime, plan, .. } = self;
        runtime.shutdown().await;
        match stop {
            Stop::Signal => {
                if output.json {
                    lines::end(output, &plan, steps);
                }
                let tally = lines::tally(&plan, steps);
                output.note(format!("cancelled. {tally} Run it again to go on."));
                Exit::Cancelled
            }
            Stop::Bug(text) => {
                let failure =
                    Failure::new(Code::LoginUnreachable, format!("a bug in neonup: {text}"))
                        .hint("please report it, with the command that you ran");
                output.failed(&failure, Exit::Bug)
            }
        }
    }

    /// Ends in good order.
    pub(super) async fn finished(self, steps: &[StepId], output: &mut Output) -> Exit {
        let Self { runtime, plan, .. } = self;
        runtime.shutdown().await;
        lines::end(output, &plan, steps);
        plan.exit(steps)
    }

    /// What starts the application, once every step is done; nothing before, and where no command is known.
    pub(super) fn start_line(&self, steps: &[StepId]) -> Option<String> {
        let all = steps.len() == StepId::ALL.len() && self.plan.exit(steps) == Exit::Done;
        let start = crate::commands::wizard::start_line(self.runtime.settings())?;
        all.then(|| format!("start the app: {start}"))
    }
}

/// The steps to show: those that were named, in order, or all.
pub(super) fn chosen(steps: &[StepId]) -> Vec<StepId> {
    if steps.is_empty() {
        return StepId::ALL.to_vec();
    }
    StepId::ALL
        .into_iter()
        .filter(|id| steps.contains(id))
        .collect()
}

/// The steps to probe so that the chosen ones can say all they know.
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
