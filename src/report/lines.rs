//! The plan as lines of text.

use std::borrow::Cow;

use crate::{
    core::{
        code::Severity,
        facts::{DiffLine, DiffSign, Facts},
        finding::Finding,
        plan::{Plan, Status, StepState},
        step::StepId,
    },
    domain::duration,
    report::{
        output::Output,
        styled::{StyledLine, Tone},
    },
};

/// Prints one step and its findings.
pub(crate) fn print_step(output: &mut Output, id: StepId, state: &StepState) {
    let (glyph, tone) = match state.status {
        Status::Done if state.warnings() > 0 => ("!", Tone::Warn),
        Status::Done => ("✓", Tone::Good),
        Status::Failed => ("✗", Tone::Bad),
        Status::Todo => ("▸", Tone::Warn),
        Status::Skipped => ("-", Tone::Dim),
        Status::Unknown | Status::Running => ("·", Tone::Dim),
    };
    let word = state.status.reported().word();
    let mut line = StyledLine::new()
        .painted(tone, format!("{glyph} {:<8} {word:<7}", id.name()))
        .plain(format!("  {}", evidence(state)));
    if let Some(elapsed) = state.elapsed {
        line = line.painted(Tone::Dim, format!("  ({})", duration::format(elapsed)));
    }
    output.line(line);
    for finding in &state.findings {
        print_finding(output, finding, &state.evidence);
    }
}

/// Why the step stands as it does. One that waits for another has nothing to say of itself.
fn evidence(state: &StepState) -> Cow<'_, str> {
    match state.waits_for {
        Some(before) if state.gaps().next().is_some() => Cow::Owned(format!("waits for {before}")),
        _ => Cow::Borrowed(&state.evidence),
    }
}

/// Prints one finding, without its title where the evidence says the same.
pub(crate) fn print_finding(output: &mut Output, finding: &Finding, evidence: &str) {
    if let Some(cause) = finding.follows {
        let line = format!(
            "    {}: {}; follows from {cause}",
            finding.code, finding.title
        );
        output.line(StyledLine::new().painted(Tone::Dim, line));
        return;
    }
    let tone = match finding.severity {
        Severity::Gap => Tone::Bad,
        Severity::Warning => Tone::Warn,
        Severity::Note => Tone::Dim,
    };
    let title = if finding.title == evidence || finding.title.is_empty() {
        String::new()
    } else {
        format!(": {}", finding.title)
    };
    output.line(
        StyledLine::new()
            .plain("    ")
            .painted(tone, finding.severity.word())
            .plain(format!(" {}{}{title}", finding.code, location(finding))),
    );
    if !finding.detail.is_empty() {
        output.line(format!("      {}", finding.detail));
    }
    if !finding.hint.is_empty() {
        let hint = format!("hint: {}", finding.hint);
        output.line(StyledLine::new().plain("      ").painted(Tone::Hint, hint));
    }
}

/// Where a finding is, after a space: ` backend/.env:3`. Empty where it has none.
pub(crate) fn location(finding: &Finding) -> String {
    match (&finding.path, finding.line) {
        (Some(path), Some(line)) => format!(" {path}:{line}"),
        (Some(path), None) => format!(" {path}"),
        (None, _) => String::new(),
    }
}

/// Prints what an apply would change: the masked diffs.
pub(crate) fn print_changes(output: &mut Output, state: &StepState) {
    match &state.facts {
        Some(Facts::Env(env)) => {
            for file in &env.files {
                print_diff(output, &file.file, &file.diff);
            }
        }
        Some(Facts::Backend(backend)) => {
            for change in &backend.changes {
                print_diff(output, &change.path, &change.diff);
            }
        }
        Some(Facts::Schema(schema))
            if state.status == Status::Todo && !schema.source.is_empty() =>
        {
            output.line_in_full(&format!("      would run {}", schema.source));
            for line in schema.sql.lines() {
                output.line_in_full(format!("        {line}").trim_end());
            }
        }
        Some(
            Facts::Login(_)
            | Facts::Project(_)
            | Facts::Schema(_)
            | Facts::Health(_)
            | Facts::Secrets(_),
        )
        | None => {}
    }
}

fn print_diff(output: &mut Output, path: &str, lines: &[DiffLine]) {
    if lines.iter().all(|line| line.sign == DiffSign::Same) {
        return;
    }
    output.line(format!("      {path}"));
    for line in lines {
        let text = match line.sign {
            DiffSign::Same => StyledLine::from(format!("          {}", line.text)),
            DiffSign::Add => {
                StyledLine::new().painted(Tone::Good, format!("        + {}", line.text))
            }
            DiffSign::Remove => {
                StyledLine::new().painted(Tone::Bad, format!("        - {}", line.text))
            }
        };
        output.line(text);
    }
}

/// Names the steps that are done and those that are not.
pub(crate) fn tally(plan: &Plan, steps: &[StepId]) -> String {
    let names = |wanted: &dyn Fn(Status) -> bool| {
        let names: Vec<_> = steps
            .iter()
            .filter(|id| wanted(plan.status(**id)))
            .map(|id| id.name())
            .collect();
        if names.is_empty() {
            "nothing".to_owned()
        } else {
            names.join(", ")
        }
    };
    let done = names(&|status| status == Status::Done);
    let open = names(&|status| !matches!(status, Status::Done | Status::Skipped));
    format!("Done: {done}. Not done: {open}.")
}

/// Prints the last lines: how many steps are done, and what to run next.
pub(crate) fn print_totals(output: &mut Output, plan: &Plan, steps: &[StepId]) {
    let count = |status: Status| {
        steps
            .iter()
            .filter(|id| plan.status(**id).reported() == status)
            .count()
    };
    let mut parts = vec![format!("{} done", count(Status::Done))];
    for (status, label) in [
        (Status::Skipped, "skipped"),
        (Status::Todo, "to do"),
        (Status::Failed, "failed"),
    ] {
        if count(status) > 0 {
            parts.push(format!("{} {label}", count(status)));
        }
    }
    let warnings: usize = steps.iter().map(|id| plan.step(*id).warnings()).sum();
    if warnings > 0 {
        parts.push(match warnings {
            1 => "1 warning".to_owned(),
            _ => format!("{warnings} warnings"),
        });
    }
    let left_out: usize = steps.iter().map(|id| plan.step(*id).left_out()).sum();
    if left_out > 0 {
        parts.push(format!("{left_out} skipped without proof"));
    }
    output.line("");
    output.line(parts.join(", "));
    let next: Vec<_> = plan
        .next_commands(steps)
        .iter()
        .map(ToString::to_string)
        .collect();
    if !next.is_empty() {
        let commands = StyledLine::new().plain("next: ");
        output.line(commands.painted(Tone::Hint, next.join(" && ")));
    }
}
