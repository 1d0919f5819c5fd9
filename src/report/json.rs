//! What is printed with `--json`. The shapes are part of the contract.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    core::{
        finding::Finding,
        plan::{Plan, Status},
        step::StepId,
    },
    report::error::ErrorReport,
};

/// The plan as a document.
#[derive(Debug, Serialize)]
pub(crate) struct PlanDocument<'a> {
    version: u8,
    status: Status,
    steps: Vec<StepDocument<'a>>,
    next: Vec<String>,
}

#[derive(Debug, Serialize)]
struct StepDocument<'a> {
    step: StepId,
    status: Status,
    evidence: &'a str,
    findings: &'a [Finding],
}

impl<'a> PlanDocument<'a> {
    /// Makes the document of these steps.
    pub(crate) fn new(plan: &'a Plan, steps: &[StepId]) -> Self {
        let step = |id: &StepId| {
            let state = plan.step(*id);
            StepDocument {
                step: *id,
                status: state.status.reported(),
                evidence: &state.evidence,
                findings: &state.findings,
            }
        };
        Self {
            version: 1,
            status: plan.verdict(steps),
            steps: steps.iter().map(step).collect(),
            next: plan
                .next_commands(steps)
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }
}

/// The document of a command that could not do its work.
pub(crate) fn error(error: &ErrorReport) -> Value {
    json!({
        "version": 1,
        "status": "failed",
        "steps": [],
        "next": [],
        "error": { "title": error.what, "detail": error.detail(), "hint": error.hint },
    })
}
