//! An engine that answers by a script, for journeys through the wizard.

use std::time::Duration;

use super::{facts::*, reports::*};
use crate::core::{
    answer::{Answer, LoginAnswer},
    code::Code,
    event::{Event, EventKind, Phase, Progress, Report, RunError},
    facts::CheckState,
    finding::Finding,
    step::StepId,
};

/// Applies every step with success, but for a key that ends in `bad`.
#[derive(Debug, Default)]
pub(crate) struct ScriptedEngine {
    done: std::collections::BTreeSet<StepId>,
    run: u64,
}

impl ScriptedEngine {
    /// Starts with these steps done.
    pub(crate) fn with_done(done: &[StepId]) -> Self {
        Self {
            done: done.iter().copied().collect(),
            run: 0,
        }
    }

    fn report(&self, step: StepId) -> Report {
        let blocked = step.needs().iter().find(|need| !self.done.contains(need));
        match blocked {
            _ if self.done.contains(&step) => done(step),
            Some(need) => Report::waiting(format!("{need} comes first")),
            // a finding that an apply can fix, unlike the leak of the fixtures
            None if step == StepId::Secrets => {
                let mut report = todo(step);
                report.findings = vec![
                    Finding::new(
                        Code::SecretsNotIgnored,
                        "`backend/.env` isn't ignored by git",
                    )
                    .path("backend/.env")
                    .fixable(),
                ];
                "backend/.env isn't ignored by git".clone_into(&mut report.evidence);
                report
            }
            None => todo(step),
        }
    }

    /// Returns the events of a probe, and after how long each comes.
    pub(crate) fn probe(&mut self, steps: &[StepId]) -> Vec<(Duration, Event)> {
        let mut events = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            self.run += 1;
            let report = self.report(*step);
            let end = 60 * (index as u64 + 1);
            events.push((
                ms(0),
                event(*step, self.run, EventKind::Started(Phase::Probe)),
            ));
            events.push((
                ms(end),
                event(*step, self.run, finished(Phase::Probe, end, report)),
            ));
        }
        events
    }

    /// Returns the events of an apply, and after how long each comes.
    pub(crate) fn apply(&mut self, answer: &Answer) -> Vec<(Duration, Event)> {
        let step = answer.step();
        self.run += 1;
        let run = self.run;
        let mut events = vec![
            (ms(0), event(step, run, EventKind::Started(Phase::Apply))),
            (
                ms(200),
                event(
                    step,
                    run,
                    EventKind::Progress(Progress::label(
                        crate::tui::screens::progress::default_label(step, Phase::Apply),
                    )),
                ),
            ),
        ];
        if let Answer::Login(LoginAnswer::Key(key, _)) = answer
            && key.expose().ends_with("bad")
        {
            events.push((
                ms(700),
                event(step, run, failed(Phase::Apply, failure(step))),
            ));
            return events;
        }
        let blocked = step.needs().iter().any(|need| !self.done.contains(need));
        if blocked && step != StepId::Secrets {
            events.push((
                ms(300),
                event(step, run, failed(Phase::Apply, failure(step))),
            ));
            return events;
        }
        if step == StepId::Health {
            for passed in 0..8 {
                let shown = EventKind::Facts(health(passed, CheckState::Running));
                events.push((ms(100 + 200 * passed as u64), event(step, run, shown)));
            }
        }
        self.done.insert(step);
        let end = if step == StepId::Health { 1900 } else { 900 };
        events.push((
            ms(end),
            event(step, run, finished(Phase::Apply, end, done(step))),
        ));
        events
    }

    /// Returns the event of a cancelled apply.
    pub(crate) fn cancel(&mut self, step: StepId, run: u64) -> Event {
        self.done.remove(&step);
        event(step, run, failed(Phase::Apply, RunError::Cancelled))
    }
}
