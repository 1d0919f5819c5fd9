//! What is printed with `--json`. The shapes are part of the contract.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    core::{
        finding::Finding,
        plan::{Plan, Status},
        step::StepId,
    },
    domain::{gate::Gate, visible},
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

/// A document as it is written: indented, without a secret, and safe to show. Its values are what they were.
pub(crate) fn text(document: &impl Serialize, gate: &Gate) -> String {
    let written = serde_json::to_string_pretty(document)
        .unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
    if matches!(gate.mask_known(&written), Cow::Borrowed(_)) {
        return visible::json(&written).into_owned();
    }
    // inside of its escapes nothing can be cut out: each string is masked by itself
    let masked = serde_json::from_str(&written).map(|mut value: Value| {
        mask(&mut value, gate);
        format!("{value:#}")
    });
    visible::json(&masked.unwrap_or_default()).into_owned()
}

fn mask(value: &mut Value, gate: &Gate) {
    match value {
        Value::String(text) => *text = gate.mask_known(text).into_owned(),
        Value::Array(values) => values.iter_mut().for_each(|value| mask(value, gate)),
        Value::Object(members) => members.values_mut().for_each(|value| mask(value, gate)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::secret::Secret;

    #[test]
    fn a_document_holds_no_known_secret_and_nothing_raw() {
        let gate = Gate::default();
        gate.close_to(&Secret::new("nine\"canaries"));
        let document = json!({ "b": "nine\"canaries\u{9b}", "a": ["\n\u{202e}", 1] });
        let written = text(&document, &gate);
        assert!(written.is_ascii() || !written.contains(['\u{9b}', '\u{202e}']));
        let read: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(read, json!({ "b": "••••\u{9b}", "a": ["\n\u{202e}", 1] }));
    }
}
