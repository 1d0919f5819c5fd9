//! What the program asks of others, and hears from them, as it happens.

use std::{collections::VecDeque, time::Duration};

use tui_input::Input;

use crate::core::{
    event::{Activity, ActivityKind},
    step::StepId,
};

/// The most lines that are remembered.
const MOST: usize = 2000;

/// The last lines, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ActivityLog(VecDeque<ActivityLine>);

/// A line, and when and for which step it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActivityLine {
    pub at: Duration,
    pub step: StepId,
    pub kind: ActivityKind,
    pub text: String,
}

impl ActivityLog {
    /// Adds a line.
    pub(crate) fn push(&mut self, at: Duration, step: StepId, activity: &Activity) {
        if activity.text.trim().is_empty() {
            return;
        }
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(ActivityLine {
            at,
            step,
            kind: activity.kind,
            text: activity.text.clone(),
        });
    }

    /// The last lines that the application has printed since then, oldest first.
    pub(crate) fn of_app(&self, since: Duration, most: usize) -> Vec<&ActivityLine> {
        let is_its = |line: &&ActivityLine| {
            line.at >= since && line.step == StepId::Health && line.kind == ActivityKind::Log
        };
        let mut lines: Vec<_> = self.0.iter().rev().filter(is_its).take(most).collect();
        lines.reverse();
        lines
    }

    /// The lines in which all words of a search occur, whatever their case.
    pub(crate) fn matching(&self, search: &str) -> impl Iterator<Item = &ActivityLine> {
        let words: Vec<_> = search.split_whitespace().map(str::to_lowercase).collect();
        self.0.iter().filter(move |line| {
            let text = format!("{} {} {}", line.step, line.kind.word(), line.text).to_lowercase();
            words.iter().all(|word| text.contains(word))
        })
    }
}

/// The pane that shows them.
#[derive(Debug, Clone, Default)]
pub(crate) struct ActivityPane {
    /// How many rows of text are below the last one that is shown: with none it follows what happens.
    pub below: usize,
    pub search: Input,
    /// Whether the search is being typed.
    pub typing: bool,
}

impl PartialEq for ActivityPane {
    fn eq(&self, other: &Self) -> bool {
        (self.below, self.search.value(), self.typing)
            == (other.below, other.search.value(), other.typing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_their_words_and_the_oldest_go() {
        let mut log = ActivityLog::default();
        let mut push = |kind, text: &str| {
            let text = text.to_owned();
            log.push(Duration::ZERO, StepId::Env, &Activity { kind, text });
        };
        push(ActivityKind::Request, "GET /projects 200");
        push(ActivityKind::Git, "git check-ignore");
        push(ActivityKind::Log, "  ");
        let found = |log: &ActivityLog, search: &str| log.matching(search).count();
        assert_eq!(found(&log, ""), 2);
        assert_eq!(found(&log, "http PROJECTS"), 1);
        assert_eq!(found(&log, "env"), 2);
        assert_eq!(found(&log, "git projects"), 0);
        for number in 0..MOST {
            let text = number.to_string();
            let kind = ActivityKind::Sql;
            log.push(Duration::ZERO, StepId::Env, &Activity { kind, text });
        }
        assert_eq!(found(&log, ""), MOST);
        assert_eq!(found(&log, "git"), 0);
    }
}
