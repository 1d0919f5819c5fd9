//! The watch of the health screen.

use std::{collections::VecDeque, time::Duration};

use crate::{
    core::{
        event::{Report, RunError},
        facts::Facts,
    },
    domain::duration,
};

/// How often a watch probes.
pub(crate) const WATCH_EVERY: Duration = Duration::from_secs(1);
/// The probes that a watch remembers; more than the widest screen shows.
const REMEMBERED: usize = 300;

/// Probes every second until it is left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Watch {
    /// When it probes next.
    pub next: Duration,
    /// The median round trip of each probe that came through, the oldest first.
    pub samples: VecDeque<Duration>,
    /// How many probes did not come through.
    pub lost: usize,
}

impl Watch {
    /// Takes in the result of a probe.
    pub(crate) fn record(&mut self, result: &Result<Report, RunError>) {
        match result {
            Ok(report) => {
                if let Some(Facts::Health(health)) = &report.facts {
                    self.samples.extend(duration::median(&health.samples));
                }
            }
            Err(_) => self.lost += 1,
        }
        while self.samples.len() > REMEMBERED {
            self.samples.pop_front();
        }
    }

    /// Describes it in one line.
    pub(crate) fn summary(&self) -> String {
        let looks = match self.samples.len() + self.lost {
            0 => "first check".to_owned(),
            1 => "checked once".to_owned(),
            looks => format!("checked {looks} times"),
        };
        match self.lost {
            0 => format!("Watching: {looks}"),
            lost => format!("Watching: {looks}, {lost} failed"),
        }
    }
}
