//! What a look has established: proved, refuted, or not determined, and what was read for it.
//!
//! A step is done only by what was proved with the inputs as they are now. Neither a limit that was reached, nor a file that
//! could not be read, nor a tool that cannot tell, proves anything: such a look stands on [`Basis::NotDetermined`], and the
//! finding that says so goes with it.

use crate::core::{code::Severity, finding::Finding};

/// Something that was not found out. Its finding names it, and how it can be found out; it is always a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Undetermined(Finding);

impl From<Finding> for Undetermined {
    fn from(finding: Finding) -> Self {
        let mut finding = finding.severity(Severity::Gap);
        finding.undetermined = true;
        Self(finding)
    }
}

impl From<Undetermined> for Finding {
    fn from(undetermined: Undetermined) -> Self {
        undetermined.0
    }
}

/// What the answer of a look stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a probe needs inputs to decide whether its step is done"]
pub(crate) enum Basis {
    /// All that the step promises was looked at, with the inputs as they are now.
    Seen,
    /// Some of it was not; why.
    NotDetermined(Vec<Undetermined>),
}

impl Basis {
    /// Not determined, for one reason.
    pub(crate) fn not_determined(finding: Finding) -> Self {
        Self::NotDetermined(vec![finding.into()])
    }

    /// Both together: seen only where both were.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Seen, basis) | (basis, Self::Seen) => basis,
            (Self::NotDetermined(mut reasons), Self::NotDetermined(more)) => {
                reasons.extend(more);
                Self::NotDetermined(reasons)
            }
        }
    }
}

/// Something that a scan has not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unread {
    /// What: an object, the history; a file stands in backticks.
    pub what: String,
    /// Why, as a fragment of a sentence.
    pub why: String,
    /// What makes it readable; empty where nothing is known to.
    pub hint: String,
}

impl Unread {
    /// A file, or a member of one.
    pub(crate) fn file(path: &str, why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            what: format!("`{path}`"),
            why: why.into(),
            hint: hint.into(),
        }
    }

    /// The file that it is, where it is one.
    pub(crate) fn path(&self) -> Option<&str> {
        self.what.strip_prefix('`')?.strip_suffix('`')
    }
}

/// What a scan has read of all that it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "whatever was not read has to be reported"]
pub(crate) struct Coverage {
    unread: Vec<Unread>,
    more: usize,
}

/// The most unread things that are named; of more only the number is known, and one for each reason.
const MOST_NAMED: usize = 20;
/// The most reasons of which one is named beyond that.
const MOST_REASONS: usize = 100;

impl Coverage {
    /// Everything was read.
    pub(crate) const fn complete() -> Self {
        Self {
            unread: Vec::new(),
            more: 0,
        }
    }

    /// Notes something that was not read. The same is noted once.
    pub(crate) fn leave_out(&mut self, unread: Unread) {
        if self.unread.contains(&unread) {
            return;
        }
        let new = !self.unread.iter().any(|known| known.why == unread.why);
        if self.unread.len() < MOST_NAMED || (new && self.unread.len() < MOST_REASONS) {
            self.unread.push(unread);
        } else {
            self.more += 1;
        }
    }

    /// Adds what another part of the scan has not read.
    pub(crate) fn join(&mut self, other: Self) {
        self.more += other.more;
        for unread in other.unread {
            self.leave_out(unread);
        }
    }

    /// Whether everything was read.
    pub(crate) const fn is_complete(&self) -> bool {
        self.unread.is_empty() && self.more == 0
    }

    /// What was not read, as far as it is named.
    pub(crate) fn unread(&self) -> &[Unread] {
        &self.unread
    }

    /// How many more things were not read.
    pub(crate) const fn more(&self) -> usize {
        self.more
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::code::Code;

    #[test]
    fn what_was_not_found_out_is_a_gap_whatever_its_code_says() {
        let note = Finding::new(Code::SchemaNoTransaction, "x").severity(Severity::Note);
        let Basis::NotDetermined(reasons) = Basis::Seen
            .and(Basis::not_determined(note.clone()))
            .and(Basis::Seen)
            .and(Basis::not_determined(note))
        else {
            panic!("seen");
        };
        let severities = reasons
            .into_iter()
            .map(|reason| Finding::from(reason).severity);
        assert_eq!(severities.collect::<Vec<_>>(), [Severity::Gap; 2]);
        assert_eq!(Basis::Seen.and(Basis::Seen), Basis::Seen);
    }

    #[test]
    fn coverage_forgets_nothing_that_was_left_out() {
        let mut all = Coverage::complete();
        assert!(all.is_complete());
        let of = |number: usize| Unread {
            what: number.to_string(),
            why: "too large".to_owned(),
            hint: String::new(),
        };
        for number in (0..MOST_NAMED + 5).chain(0..3) {
            let mut part = Coverage::complete();
            part.leave_out(of(number));
            all.join(part);
        }
        assert!(!all.is_complete());
        // the three that come again are known, or counted once more
        assert_eq!((all.unread().len(), all.more()), (MOST_NAMED, 5));
        // another reason is never lost among many of one
        let mut part = Coverage::complete();
        part.leave_out(Unread::file("a.zip", "encrypted", ""));
        all.join(part);
        let last = all.unread().last().map(|unread| unread.path());
        assert_eq!(last, Some(Some("a.zip")));
    }
}
