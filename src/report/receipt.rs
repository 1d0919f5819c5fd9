//! The plan as Markdown that anybody may see: what was done and what was found, without identifiers.

use crate::{
    core::{finding::Finding, plan::Plan, redact::Redactor, step::StepId},
    domain::visible,
};

/// Writes the receipt of these steps as a Markdown table: a row for each step and for each of its findings.
pub(crate) fn markdown(plan: &Plan, steps: &[StepId]) -> String {
    let mut redactor = Redactor::default();
    redactor.learn(plan);
    let cell = |text: &str| escape(&redactor.redact(text));
    let mut lines = vec![
        "| step | status | evidence |".to_owned(),
        "|---|---|---|".to_owned(),
    ];
    for step in steps {
        let state = plan.step(*step);
        lines.push(format!(
            "| {step} | {} | {} |",
            state.status.word(),
            cell(&state.evidence)
        ));
        for finding in &state.findings {
            lines.push(format!(
                "| | {} | `{}` {}{} |",
                finding.severity.word(),
                finding.code,
                cell(&finding.title),
                location(finding)
            ));
        }
    }
    lines.join("\n")
}

/// Where a finding is, unless its title tells it.
fn location(finding: &Finding) -> String {
    match (&finding.path, finding.line) {
        (Some(path), Some(line)) => format!(" ({}:{line})", escape(path)),
        (Some(path), None) if !finding.title.contains(path.as_str()) => {
            format!(" ({})", escape(path))
        }
        (Some(_) | None, _) => String::new(),
    }
}

/// Escapes a text so that nothing in it ends the cell, begins HTML, a link or a picture, and nothing is there that isn't seen.
fn escape(text: &str) -> String {
    visible::line(&text.replace(['\r', '\n', '\t'], " "))
        .replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace('<', "&lt;")
        .replace("](", "]\\(")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{
        code::Code,
        event::{Event, EventKind, Outcome, Phase, Report},
        facts::{Facts, JoinedProject, ProjectFacts},
        proof::Basis,
    };

    #[test]
    fn identifiers_are_redacted_and_cells_stay_cells() {
        let mut plan = Plan::new();
        let joined = JoinedProject {
            id: "old-violet-32930710".to_owned(),
            host: "ep-misty-sea-a5833nbi.us-east-2.aws.neon.tech".to_owned(),
            ..JoinedProject::default()
        };
        let finding = Finding::new(
            Code::ProjectDuplicate,
            "a|b of old-violet-32930710 <b>![x](http://evil)\x1b",
        )
        .path("neonup.toml");
        let report = Report::judged(
            "old-violet-32930710, of ada@example.org",
            Basis::Seen,
            vec![finding],
        )
        .facts(Facts::Project(ProjectFacts {
            joined: Some(joined),
            ..ProjectFacts::default()
        }));
        let finished = EventKind::Finished(Outcome {
            phase: Phase::Probe,
            elapsed: std::time::Duration::ZERO,
            result: Ok(report),
        });
        for kind in [EventKind::Started(Phase::Probe), finished] {
            plan.fold(&Event {
                run: 1,
                step: StepId::Project,
                kind,
            });
        }
        assert_eq!(
            markdown(&plan, &[StepId::Project]),
            "| step | status | evidence |\n|---|---|---|\n| project | todo | •••, of ••• |\n| | gap | `project.duplicate` a\\|b of ••• &lt;b>![x]\\(http://evil)\\\\x1b (neonup.toml) |"
        );
    }
}
