//! The codes, the reports and the plan.

use std::collections::BTreeSet;

use crate::core::{
    code::{Code, Severity},
    event::{Event, EventKind, Outcome, Phase, Report, RunError, Verdict},
    exit::Exit,
    failure::Failure,
    finding::Finding,
    plan::{Plan, Status},
    proof::Basis,
    skip::Skip,
    step::StepId,
};

#[test]
fn every_code_and_every_step_has_a_heading_in_setup_md() {
    let text = include_str!("../../SETUP.md");
    let headings: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .collect();
    for code in Code::ALL {
        assert!(
            headings.contains(code.as_str()),
            "SETUP.md has no heading `### {code}`"
        );
    }
    for heading in &headings {
        assert!(
            Code::ALL.iter().any(|code| code.as_str() == *heading),
            "SETUP.md explains `{heading}`, which is no code"
        );
    }
    for step in StepId::ALL {
        assert!(
            text.contains(&format!("\n## {}\n", step.label())),
            "SETUP.md has no heading for {step}"
        );
    }
}

#[test]
fn a_report_is_judged_by_its_gaps() {
    let warning = Finding::new(Code::HealthSlow, "slow");
    assert_eq!(
        Report::judged("", Basis::Seen, vec![warning]).verdict(),
        Verdict::Done
    );
    assert_eq!(
        Report::judged("", Basis::Seen, vec![Finding::new(Code::EnvNoTls, "")]).verdict(),
        Verdict::Todo
    );
    let unknown = Basis::not_determined(Finding::new(Code::HealthSlow, "nobody could tell"));
    assert_eq!(Report::judged("", unknown, vec![]).verdict(), Verdict::Todo);
    let mut report = Report::judged("", Basis::Seen, vec![]);
    report
        .findings
        .push(Finding::new(Code::EnvNoTls, "found later"));
    assert_eq!(report.verdict(), Verdict::Todo);
}

fn finished(run: u64, step: StepId, result: Result<Report, RunError>) -> Event {
    Event {
        run,
        step,
        kind: EventKind::Finished(Outcome {
            phase: Phase::Probe,
            elapsed: std::time::Duration::from_millis(1),
            result,
        }),
    }
}

fn started(run: u64, step: StepId) -> Event {
    Event {
        run,
        step,
        kind: EventKind::Started(Phase::Probe),
    }
}

#[test]
fn the_exit_code_is_a_function_of_the_plan() {
    let done = || Ok(Report::judged("all well", Basis::Seen, Vec::new()));
    let gap = || {
        Ok(Report::judged(
            "",
            Basis::Seen,
            vec![Finding::new(Code::EnvMissingFile, "gone")],
        ))
    };
    let warning = || {
        Ok(Report::judged(
            "",
            Basis::Seen,
            vec![Finding::new(Code::HealthSlow, "slow")],
        ))
    };
    let failed = || Err(Failure::new(Code::HealthTcp, "refused").into());
    let skipped = || Ok(Report::skipped("no backend"));
    let exit = |results: Vec<Result<Report, RunError>>| {
        let mut plan = Plan::new();
        let steps: Vec<_> = StepId::ALL.into_iter().take(results.len()).collect();
        for (step, result) in steps.iter().zip(results) {
            plan.fold(&started(1, *step));
            plan.fold(&finished(1, *step, result));
        }
        plan.exit(&steps)
    };
    assert_eq!(exit(vec![done(), warning(), skipped()]), Exit::Done);
    assert_eq!(exit(vec![done(), gap()]), Exit::Gaps);
    assert_eq!(exit(vec![gap(), failed(), done()]), Exit::Failed);
    assert_eq!(
        Plan::new().exit(&StepId::ALL),
        Exit::Gaps,
        "what was not looked at is not done"
    );
    let codes = [
        Exit::Done,
        Exit::Gaps,
        Exit::Failed,
        Exit::Usage,
        Exit::Bug,
        Exit::Cancelled,
    ]
    .map(|exit| exit as u8);
    assert_eq!(codes, [0, 1, 2, 64, 70, 130]);
}

#[test]
fn an_event_of_an_older_run_changes_nothing() {
    let mut plan = Plan::new();
    plan.fold(&started(1, StepId::Env));
    plan.fold(&started(2, StepId::Env));
    plan.fold(&finished(
        1,
        StepId::Env,
        Err(Failure::new(Code::EnvStaleUrl, "old").into()),
    ));
    assert_eq!(plan.status(StepId::Env), Status::Running);
    plan.fold(&finished(
        2,
        StepId::Env,
        Ok(Report::judged("new", Basis::Seen, Vec::new())),
    ));
    assert_eq!(plan.status(StepId::Env), Status::Done);
    plan.fold(&started(3, StepId::Env));
    plan.fold(&finished(3, StepId::Env, Err(RunError::Cancelled)));
    assert_eq!(
        plan.status(StepId::Env),
        Status::Done,
        "a cancelled probe changes nothing"
    );
}

#[test]
fn only_what_was_not_determined_can_be_let_pass() {
    let skip: Skip = "secrets.unknown=a partial clone".parse().unwrap();
    let unknown = Finding::new(Code::SecretsUnknown, "an archive").hint("look yourself");
    let mut report = Report::judged("", Basis::not_determined(unknown.clone()), vec![]);
    report.let_pass(std::slice::from_ref(&skip));
    assert_eq!(report.verdict(), Verdict::Done);
    assert_eq!(report.findings[0].severity, Severity::Note);
    assert!(report.evidence.starts_with("skipped: an archive"));
    assert!(report.findings[0].hint.contains("a partial clone"));
    // what was seen to be wrong stays, whatever its code
    let mut report = Report::judged("", Basis::Seen, vec![unknown]);
    report.let_pass(std::slice::from_ref(&skip));
    assert_eq!(report.verdict(), Verdict::Todo);
    // and beside another gap the step stays open
    let other = Finding::new(Code::SecretsTracked, "tracked");
    let unknown = Finding::new(Code::SecretsUnknown, "an archive");
    let mut report = Report::judged("", Basis::not_determined(unknown), vec![other]);
    report.let_pass(&[skip]);
    assert_eq!(report.verdict(), Verdict::Todo);
}
