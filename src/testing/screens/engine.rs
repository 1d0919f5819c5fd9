//! An engine that plays, for journeys through the wizard.

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

/// A make-believe world for the wizard: nothing is done at first, and every apply works, but for a key that ends in `bad`.
#[derive(Debug, Default)]
pub(crate) struct World {
    done: std::collections::BTreeSet<StepId>,
    run: u64,
}

impl World {
    /// A world in which these steps are done.
    pub(crate) fn with(done: &[StepId]) -> Self {
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
            // of the gallery's gaps, the one that this world can close
            None if step == StepId::Secrets => Report {
                findings: vec![
                    Finding::new(Code::SecretsNotIgnored, "git does not ignore backend/.env")
                        .path("backend/.env")
                        .fixable(),
                ],
                evidence: "backend/.env is not ignored".to_owned(),
                ..todo(step)
            },
            None => todo(step),
        }
    }

    /// What happens when these steps are probed: after how long, what.
    pub(crate) fn probe(&mut self, steps: &[StepId]) -> Vec<(Duration, Event)> {
        let mut happens = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            self.run += 1;
            let report = self.report(*step);
            let end = 60 * (index as u64 + 1);
            happens.push((
                ms(0),
                event(*step, self.run, EventKind::Started(Phase::Probe)),
            ));
            happens.push((
                ms(end),
                event(*step, self.run, finished(Phase::Probe, end, report)),
            ));
        }
        happens
    }

    /// What happens when a step is applied.
    pub(crate) fn apply(&mut self, answer: &Answer) -> Vec<(Duration, Event)> {
        let step = answer.step();
        self.run += 1;
        let run = self.run;
        let mut happens = vec![
            (ms(0), event(step, run, EventKind::Started(Phase::Apply))),
            (
                ms(200),
                event(
                    step,
                    run,
                    EventKind::Progress(Progress::label(crate::tui::screens::working(
                        step,
                        Phase::Apply,
                    ))),
                ),
            ),
        ];
        if let Answer::Login(LoginAnswer::Key(key, _)) = answer
            && key.expose().ends_with("bad")
        {
            happens.push((
                ms(700),
                event(step, run, failed(Phase::Apply, failure(step))),
            ));
            return happens;
        }
        let blocked = step.needs().iter().any(|need| !self.done.contains(need));
        if blocked && step != StepId::Secrets {
            happens.push((
                ms(300),
                event(step, run, failed(Phase::Apply, failure(step))),
            ));
            return happens;
        }
        if step == StepId::Health {
            for rung in 0..8 {
                let shown = EventKind::Facts(health(rung, CheckState::Running));
                happens.push((ms(100 + 200 * rung as u64), event(step, run, shown)));
            }
        }
        self.done.insert(step);
        let end = if step == StepId::Health { 1900 } else { 900 };
        happens.push((
            ms(end),
            event(step, run, finished(Phase::Apply, end, done(step))),
        ));
        happens
    }

    /// What happens when the work on a step is cancelled.
    pub(crate) fn cancel(&mut self, step: StepId, run: u64) -> Event {
        self.done.remove(&step);
        event(step, run, failed(Phase::Apply, RunError::Cancelled))
    }
}
