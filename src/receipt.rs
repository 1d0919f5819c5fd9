//! The plan as Markdown that may be shown to anybody: what was done, what was found, and nobody's identifiers.
//!
//! Secrets are in no plan to begin with. Identifiers are: people's addresses, ids, hosts. Here, and in the wizard's presenter mode, they
//! are hidden.

use crate::{
    detail::Detail,
    finding::Finding,
    plan::{Plan, StepId},
};

/// What stands for something hidden.
pub const HIDDEN: &str = "•••";

/// Everything in the plan that identifies somebody or something: hosts, ids, addresses of people. Longest first.
pub fn identifiers(plan: &Plan) -> Vec<String> {
    let mut words = Vec::new();
    for step in StepId::ALL {
        match &plan.step(step).detail {
            Some(Detail::Login(login)) => {
                words.push(login.who.clone());
                words.extend(login.neon_cli.clone());
            }
            Some(Detail::Project(project)) => {
                words.extend(project.choices.iter().map(|choice| choice.id.clone()));
                if let Some(joined) = &project.joined {
                    words.push(joined.id.clone());
                    words.push(joined.host.clone());
                    words.extend(joined.host.split([':', '.']).next().map(str::to_owned));
                }
            }
            Some(
                Detail::Env(_)
                | Detail::Backend(_)
                | Detail::Schema(_)
                | Detail::Health(_)
                | Detail::Secrets(_),
            )
            | None => {}
        }
    }
    // a very short word would take half of the page with it
    words.retain(|word| word.chars().count() >= 4 && word != "localhost");
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    words
}

/// Hides these words in a text, and everything that looks like an e-mail address.
pub fn hide(words: &[String], text: &mut String) {
    for word in words {
        if text.contains(word.as_str()) {
            *text = text.replace(word.as_str(), HIDDEN);
        }
    }
    if text.contains('@') {
        let parts: Vec<_> = text
            .split(' ')
            .map(|part| {
                let mail = part.split_once('@').is_some_and(|(name, host)| {
                    !name.is_empty() && host.contains('.') && !part.contains("://")
                });
                if mail { HIDDEN } else { part }
            })
            .collect();
        *text = parts.join(" ");
    }
}

/// The receipt of these steps, as a Markdown table: one row for each step, and one for each of its findings.
pub fn markdown(plan: &Plan, steps: &[StepId]) -> String {
    let words = identifiers(plan);
    let cell = |text: &str| {
        let mut text = text.to_owned();
        hide(&words, &mut text);
        escaped(&text)
    };
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
                place(finding)
            ));
        }
    }
    lines.join("\n")
}

/// Where a finding stands, unless its title says so.
fn place(finding: &Finding) -> String {
    match (&finding.path, finding.line) {
        (Some(path), Some(line)) => format!(" ({}:{line})", escaped(path)),
        (Some(path), None) if !finding.title.contains(path.as_str()) => {
            format!(" ({})", escaped(path))
        }
        (Some(_) | None, _) => String::new(),
    }
}

/// A text as one cell: nothing in it ends the cell, begins HTML or mentions anybody.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace('<', "&lt;")
        .replace(['\r', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        detail::{Joined, Project},
        event::{Event, EventKind, Outcome, Phase, Report},
        finding::Code,
    };

    #[test]
    fn identifiers_are_hidden_and_cells_stay_cells() {
        let mut plan = Plan::new();
        let joined = Joined {
            id: "old-violet-32930710".to_owned(),
            host: "ep-misty-sea-a5833nbi.us-east-2.aws.neon.tech".to_owned(),
            ..Joined::default()
        };
        let finding = Finding::new(Code::ProjectDuplicate, "a|b of old-violet-32930710 <b>")
            .path("neonup.toml");
        let report = Report::judged("old-violet-32930710, of ada@example.org", vec![finding])
            .detail(Detail::Project(Project {
                joined: Some(joined),
                ..Project::default()
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
            "| step | status | evidence |\n|---|---|---|\n| project | todo | •••, of ••• |\n| | gap | `project.duplicate` a\\|b of ••• &lt;b> (neonup.toml) |"
        );
    }
}
