//! What the engine says while it works. One stream, folded three ways: the screen, the lines, the JSON.

use std::time::Duration;

use crate::core::{
    app_run::AppEvent,
    code::Severity,
    facts::Facts,
    failure::{Failure, Result},
    finding::Finding,
    proof::Basis,
    skip::{Skip, SkipTarget},
    step::StepId,
};

/// Looking or doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Looks at the world and changes nothing.
    Probe,
    /// Changes the world.
    Apply,
}

/// How far a piece of work is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    /// What is being done: `starting the compute`.
    pub label: String,
    /// How many are done.
    pub done: u64,
    /// Of how many, where that is known.
    pub total: Option<u64>,
}

impl Progress {
    /// Work whose amount is not known.
    pub(crate) fn label(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            done: 0,
            total: None,
        }
    }
}

/// How a probe settles a step. Only [`Report::judged`] makes `Done`, from what was [seen](Basis::Seen).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing is missing.
    Done,
    /// Something is missing.
    Todo,
    /// The step does not apply; the evidence says why.
    Skipped,
}

/// What a probe or an apply found at its end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Report {
    verdict: Verdict,
    /// Why, in one sentence without a full stop.
    pub evidence: String,
    /// What was seen.
    pub findings: Vec<Finding>,
    /// What the screen shows.
    pub facts: Option<Facts>,
}

impl Report {
    /// Judges by what was seen: done if all of it was looked at and nothing that was found is a gap, else todo.
    pub(crate) fn judged(
        evidence: impl Into<String>,
        basis: Basis,
        mut findings: Vec<Finding>,
    ) -> Self {
        let verdict = match basis {
            Basis::Seen => Verdict::Done,
            Basis::NotDetermined(reasons) => {
                findings.extend(reasons.into_iter().map(Finding::from));
                Verdict::Todo
            }
        };
        Self {
            verdict,
            evidence: evidence.into(),
            findings,
            facts: None,
        }
    }

    /// How the step stands. With a gap among the findings it is never done.
    pub(crate) fn verdict(&self) -> Verdict {
        let gap = self
            .findings
            .iter()
            .any(|finding| finding.severity == Severity::Gap);
        match self.verdict {
            Verdict::Done if gap => Verdict::Todo,
            Verdict::Done | Verdict::Todo | Verdict::Skipped => self.verdict,
        }
    }

    /// Lets pass what was not found out where a person has chosen so: each such finding becomes a note with the reason. With
    /// none left, and nothing seen to be wrong, the step is done.
    pub(crate) fn let_pass(&mut self, skips: &[Skip]) {
        let mut passed = None;
        for finding in &mut self.findings {
            let target = SkipTarget::Undetermined(finding.code);
            let skip = skips.iter().find(|skip| skip.target == target);
            if let Some(skip) = skip.filter(|_| finding.undetermined) {
                finding.severity = Severity::Note;
                finding.hint = skip.words();
                finding.command = None;
                finding.fixable = false;
                passed.get_or_insert_with(|| finding.title.clone());
            }
        }
        let open = self
            .findings
            .iter()
            .any(|finding| finding.severity == Severity::Gap);
        if let Some(title) = passed
            && !open
            && self.verdict == Verdict::Todo
        {
            self.verdict = Verdict::Done;
            // the first words are those that a summary has room for
            self.evidence = if self.evidence.starts_with(&title) {
                format!("skipped: {}", self.evidence)
            } else {
                format!("skipped: {title}; {}", self.evidence)
            };
        }
    }

    /// A report as a screen or a test wants it, which nothing was looked at for.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn staged(
        verdict: Verdict,
        evidence: impl Into<String>,
        findings: Vec<Finding>,
        facts: Option<Facts>,
    ) -> Self {
        Self {
            verdict,
            evidence: evidence.into(),
            findings,
            facts,
        }
    }

    /// A step that has nothing to do here.
    pub(crate) fn skipped(reason: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Skipped,
            evidence: reason.into(),
            findings: Vec::new(),
            facts: None,
        }
    }

    /// Open, because an earlier step is.
    pub(crate) fn waiting(reason: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Todo,
            evidence: reason.into(),
            findings: Vec::new(),
            facts: None,
        }
    }

    /// Adds what the screen shows.
    #[must_use]
    pub(crate) fn facts(mut self, facts: Facts) -> Self {
        self.facts = Some(facts);
        self
    }
}

/// Why a probe or an apply ended without a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RunError {
    /// The user stopped it, which isn't the fault of the step.
    Cancelled,
    /// It failed.
    Failed(Failure),
}

impl From<Failure> for RunError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The end of a probe or an apply.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub phase: Phase,
    pub elapsed: Duration,
    pub result: Result<Report, RunError>,
}

/// What a piece of activity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActivityKind {
    /// A request to Neon, or to the application.
    Request,
    /// A query or statement for a database.
    Sql,
    /// A question for git.
    Git,
    /// A program that was started.
    Program,
    /// A line that a program has printed.
    Log,
}

impl ActivityKind {
    /// The word before the text.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Request => "http",
            Self::Sql => "sql",
            Self::Git => "git",
            Self::Program => "run",
            Self::Log => "log",
        }
    }
}

/// One thing that was asked, or heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Activity {
    pub kind: ActivityKind,
    /// One line.
    pub text: String,
}

/// What happened to a step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum EventKind {
    /// Work began.
    Started(Phase),
    /// Work goes on.
    Progress(Progress),
    /// Something to show before the end, such as the first checks.
    Facts(Facts),
    /// Work ended.
    Finished(Outcome),
    /// Something was asked of another program, or heard from it.
    Activity(Activity),
    /// Something became of the application that is kept running.
    App(AppEvent),
    /// A task of ours panicked: leave cleanly, and say so. The text is the panic's place, never its message.
    Bug(String),
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    /// Which probe or apply it belongs to; later work has a greater number.
    pub run: u64,
    /// The step.
    pub step: StepId,
    /// What happened.
    pub kind: EventKind,
}
