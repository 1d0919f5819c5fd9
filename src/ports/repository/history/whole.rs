//! Whether the whole history is here: what objects lead to, and what was left on a server.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    core::proof::{Coverage, Unread},
    ports::repository::{
        history::{links::MOST_ELSEWHERE, objects::Store},
        layout::Layout,
        meter::Meter,
        program::GitProgram,
    },
};

/// How long git may take to go through the whole history.
const LIMIT: Duration = Duration::from_mins(5);

/// Asks whether objects are missing.
pub(super) struct Whole<'a> {
    pub(super) layout: &'a Layout,
    pub(super) git: &'a GitProgram,
    pub(super) meter: &'a Meter,
    pub(super) stores: &'a [Store],
}

impl Whole<'_> {
    /// Looks for the objects that others lead to. Git is asked only where one of them is not found.
    pub(super) fn check(&self, wanted: &BTreeSet<Vec<u8>>, prefix: &str) -> Coverage {
        let mut coverage = Coverage::complete();
        let what = if prefix.is_empty() {
            "the history".to_owned()
        } else {
            format!("the history of {}", prefix.trim_end_matches('/'))
        };
        if self.layout.is_shallow() {
            coverage.leave_out(Unread {
                what,
                why: "the clone is shallow: only part of the history is here".to_owned(),
                hint: "git fetch --unshallow".to_owned(),
            });
            return coverage;
        }
        let here = |id: &Vec<u8>| self.stores.iter().any(|store| store.has(id));
        let partial = self.layout.is_partial();
        if !partial && wanted.len() <= MOST_ELSEWHERE && wanted.iter().all(here) {
            return coverage;
        }
        let (why, hint) = match self.missing() {
            Ok(0) => return coverage,
            Ok(count) if partial => (
                format!("the clone is partial: {} only on the server", are(count)),
                "clone it without `--filter`, and check there",
            ),
            Ok(count) => (
                format!("{} missing", are(count)),
                "check `git fsck`; `git fetch` restores them if a remote has them",
            ),
            Err(why) => (why, "check `git fsck`"),
        };
        coverage.leave_out(Unread {
            what,
            why,
            hint: hint.to_owned(),
        });
        coverage
    }

    /// How many objects are missing that something leads to. What only other lost objects lead to is not missed.
    fn missing(&self) -> Result<usize, String> {
        let question = [
            "rev-list",
            "--objects",
            "--missing=print",
            "--ignore-missing",
            "--all",
            "--reflog",
            "--indexed-objects",
        ];
        let (root, meter) = (&self.layout.root, self.meter);
        let answer = self
            .git
            .run_within(root, &question, Vec::new(), LIMIT, meter)
            .and_then(|output| {
                if output.success() {
                    Ok(output)
                } else {
                    Err(output.failure())
                }
            });
        match answer {
            Ok(output) => Ok(output
                .out
                .split(|byte| *byte == b'\n')
                .filter(|line| line.starts_with(b"?"))
                .count()),
            Err(error) => Err(format!("can't tell whether it is complete: {error}")),
        }
    }
}

fn are(count: usize) -> String {
    if count == 1 {
        "1 object is".to_owned()
    } else {
        format!("{count} objects are")
    }
}
