//! Every text in what the steps report, to be looked at in one place.

use crate::core::{
    app_run::AppEvent,
    event::{EventKind, Report, RunError},
    facts::{Check, DiffLine, Facts},
    failure::Failure,
    finding::Finding,
};

/// What kind of text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextKind {
    /// A sentence, or a name.
    Prose,
    /// What is shown exactly as it is, such as the SQL that would run.
    Verbatim,
}

type Visit<'a> = &'a mut dyn FnMut(TextKind, &mut String);

impl EventKind {
    /// Visits every text that is shown. Ids that lead to something are none.
    pub(crate) fn for_each_text(&mut self, visit: Visit<'_>) {
        match self {
            Self::Started(_) => {}
            Self::Progress(progress) => visit(TextKind::Prose, &mut progress.label),
            Self::Activity(activity) => visit(TextKind::Prose, &mut activity.text),
            Self::Bug(place) => visit(TextKind::Prose, place),
            Self::App(event) => match event {
                AppEvent::Started { command: text } | AppEvent::Ended { why: text } => {
                    visit(TextKind::Prose, text);
                }
                AppEvent::Answers(_) | AppEvent::Stopped => {}
            },
            Self::Facts(facts) => in_facts(facts, visit),
            Self::Finished(outcome) => match &mut outcome.result {
                Ok(report) => in_report(report, visit),
                Err(RunError::Failed(failure)) => in_failure(failure, visit),
                Err(RunError::Cancelled) => {}
            },
        }
    }
}

fn in_report(report: &mut Report, visit: Visit<'_>) {
    visit(TextKind::Prose, &mut report.evidence);
    for finding in &mut report.findings {
        in_finding(finding, visit);
    }
    if let Some(facts) = &mut report.facts {
        in_facts(facts, visit);
    }
}

fn in_finding(finding: &mut Finding, visit: Visit<'_>) {
    visit(TextKind::Prose, &mut finding.title);
    visit(TextKind::Prose, &mut finding.detail);
    visit(TextKind::Prose, &mut finding.hint);
}

fn in_failure(failure: &mut Failure, visit: Visit<'_>) {
    visit(TextKind::Prose, &mut failure.what);
    visit(TextKind::Prose, &mut failure.why);
    visit(TextKind::Prose, &mut failure.hint);
}

fn in_checks(checks: &mut [Check], visit: Visit<'_>) {
    for check in checks {
        visit(TextKind::Prose, &mut check.text);
    }
}

fn in_diff(diff: &mut [DiffLine], visit: Visit<'_>) {
    for line in diff {
        visit(TextKind::Verbatim, &mut line.text);
    }
}

fn in_facts(facts: &mut Facts, visit: Visit<'_>) {
    match facts {
        Facts::Login(login) => {
            visit(TextKind::Prose, &mut login.who);
            visit(TextKind::Prose, &mut login.api_host);
            if let Some(waiting) = &mut login.waiting {
                // an address is of use only whole
                visit(TextKind::Verbatim, &mut waiting.address);
            }
        }
        Facts::Project(project) => {
            if let Some(joined) = &mut project.joined {
                for text in [
                    &mut joined.branch,
                    &mut joined.host,
                    &mut joined.database,
                    &mut joined.role,
                ] {
                    visit(TextKind::Prose, text);
                }
            }
        }
        Facts::Env(env) => {
            for file in &mut env.files {
                in_checks(&mut file.checks, visit);
                in_diff(&mut file.diff, visit);
            }
        }
        Facts::Backend(backend) => {
            in_checks(&mut backend.checks, visit);
            for change in &mut backend.changes {
                visit(TextKind::Prose, &mut change.why);
                in_diff(&mut change.diff, visit);
            }
        }
        Facts::Schema(schema) => {
            visit(TextKind::Verbatim, &mut schema.source);
            visit(TextKind::Verbatim, &mut schema.sql);
        }
        Facts::Health(health) => in_checks(&mut health.checks, visit),
        Facts::Secrets(secrets) => in_checks(&mut secrets.checks, visit),
    }
}
