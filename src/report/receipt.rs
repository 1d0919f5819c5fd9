//! The plan as Markdown that may be shown to anybody: what was done, what was found, and nobody's identifiers.
//!
//! Secrets are in no plan to begin with. Identifiers are: people's addresses, ids, hosts. Here, and in the wizard's presenter mode, they
//! are hidden.

use crate::core::{facts::Facts, finding::Finding, plan::Plan, step::StepId};

/// What stands for something hidden.
pub(crate) const HIDDEN: &str = "•••";

/// Everything in the plan that identifies somebody or something: hosts, ids, addresses of people. Longest first.
pub(crate) fn identifiers(plan: &Plan) -> Vec<String> {
    let mut words = Vec::new();
    for step in StepId::ALL {
        match &plan.step(step).facts {
            Some(Facts::Login(login)) => {
                words.push(login.who.clone());
                words.extend(login.neon_cli.clone());
            }
            Some(Facts::Project(project)) => {
                words.extend(project.choices.iter().map(|choice| choice.id.clone()));
                if let Some(joined) = &project.joined {
                    words.push(joined.id.clone());
                    words.push(joined.host.clone());
                    words.extend(joined.host.split([':', '.']).next().map(str::to_owned));
                }
            }
            Some(
                Facts::Env(_)
                | Facts::Backend(_)
                | Facts::Schema(_)
                | Facts::Health(_)
                | Facts::Secrets(_),
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

/// Hides these words in a text, and everything that looks like an e-mail address, an IP address or one of Neon's ids.
pub(crate) fn hide(words: &[String], text: &mut String) {
    for word in words {
        if text.contains(word.as_str()) {
            *text = text.replace(word.as_str(), HIDDEN);
        }
    }
    hide_parts(
        text,
        |char| char != ' ',
        |part| is_mail(part) || is_address(part),
    );
    hide_parts(
        text,
        |char| char.is_ascii_alphanumeric() || char == '-',
        is_id,
    );
}

/// Hides these words where they stand alone: a user's name is often a part of another word.
pub(crate) fn hide_words(words: &[String], text: &mut String) {
    let inside = |char: Option<char>| char.is_some_and(char::is_alphanumeric);
    for word in words.iter().filter(|word| !word.is_empty()) {
        let mut rest = std::mem::take(text);
        while let Some((before, after)) = rest.split_once(word.as_str()) {
            text.push_str(before);
            let alone = !inside(before.chars().next_back()) && !inside(after.chars().next());
            text.push_str(if alone { HIDDEN } else { word });
            rest = after.to_owned();
        }
        text.push_str(&rest);
    }
}

/// Hides those of a text's parts of which it is said; a part is what lies between characters that belong to none.
fn hide_parts(text: &mut String, belongs: impl Fn(char) -> bool, hides: impl Fn(&str) -> bool) {
    let mut out = String::with_capacity(text.len());
    let mut part = String::new();
    let end = |part: &mut String, out: &mut String| {
        out.push_str(if hides(part) { HIDDEN } else { part });
        part.clear();
    };
    for char in text.chars() {
        if belongs(char) {
            part.push(char);
        } else {
            end(&mut part, &mut out);
            out.push(char);
        }
    }
    end(&mut part, &mut out);
    *text = out;
}

fn is_mail(part: &str) -> bool {
    part.split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !part.contains("://"))
}

/// An IP address, with or without a port.
fn is_address(part: &str) -> bool {
    let part = part.trim_matches(|char: char| matches!(char, ',' | '.' | '`' | '(' | ')' | ';'));
    part.parse::<std::net::SocketAddr>().is_ok() || part.parse::<std::net::IpAddr>().is_ok()
}

/// Neon's ids: words of small letters, then eight or more letters and digits, such as `old-violet-32930710`, `ep-misty-sea-a5833nbi`
/// or `org-morning-bread-81040908`.
fn is_id(part: &str) -> bool {
    let Some((words, number)) = part.rsplit_once('-') else {
        return false;
    };
    let words: Vec<&str> = words.split('-').collect();
    let plain =
        |word: &&str| !word.is_empty() && word.chars().all(|char| char.is_ascii_lowercase());
    words.len() >= 2
        && words.iter().all(plain)
        && number.len() >= 8
        && number.chars().any(|char| char.is_ascii_digit())
        && number
            .chars()
            .all(|char| char.is_ascii_lowercase() || char.is_ascii_digit())
}

/// The receipt of these steps, as a Markdown table: one row for each step, and one for each of its findings.
pub(crate) fn markdown(plan: &Plan, steps: &[StepId]) -> String {
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
    use crate::core::{
        code::Code,
        event::{Event, EventKind, Outcome, Phase, Report},
        facts::{JoinedProject, ProjectFacts},
    };

    #[test]
    fn identifiers_are_hidden_and_cells_stay_cells() {
        let mut plan = Plan::new();
        let joined = JoinedProject {
            id: "old-violet-32930710".to_owned(),
            host: "ep-misty-sea-a5833nbi.us-east-2.aws.neon.tech".to_owned(),
            ..JoinedProject::default()
        };
        let finding = Finding::new(Code::ProjectDuplicate, "a|b of old-violet-32930710 <b>")
            .path("neonup.toml");
        let report = Report::judged("old-violet-32930710, of ada@example.org", vec![finding])
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
            "| step | status | evidence |\n|---|---|---|\n| project | todo | •••, of ••• |\n| | gap | `project.duplicate` a\\|b of ••• &lt;b> (neonup.toml) |"
        );
    }

    #[test]
    fn what_looks_like_an_identifier_is_hidden_and_other_words_are_not() {
        for (text, shown) in [
            ("project old-violet-32930710, of it", "project •••, of it"),
            ("(org-morning-bread-81040908)", "(•••)"),
            ("ep-misty-sea-a5833nbi.aws.neon.tech", "•••.aws.neon.tech"),
            ("to 10.0.4.17:5432 and `::1`", "to ••• and •••"),
            ("ask ada@example.org", "ask •••"),
            ("pre-commit-check 2026-11-24", "pre-commit-check 2026-11-24"),
            ("aws-us-east-2, 17.5, 12:30", "aws-us-east-2, 17.5, 12:30"),
            ("postgresql://a@b.c/d  x", "postgresql://a@b.c/d  x"),
        ] {
            let mut text = text.to_owned();
            hide(&[], &mut text);
            assert_eq!(text, shown);
        }
        let mut text = "ada: dev/ada, /home/ada/x, adamant".to_owned();
        hide_words(&["/home/ada".to_owned(), "ada".to_owned()], &mut text);
        assert_eq!(text, "•••: dev/•••, •••/x, adamant");
    }
}
