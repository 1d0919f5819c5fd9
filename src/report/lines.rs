//! The plan as lines of text.

use std::{borrow::Cow, cmp::Reverse};

use crate::{
    core::{
        code::{Code, Severity},
        facts::{DiffLine, DiffSign, Facts},
        finding::Finding,
        invocation::Invocation,
        plan::{Plan, Status, StepState},
        step::StepId,
    },
    domain::duration,
    report::{
        output::Output,
        styled::{StyledLine, Tone},
    },
};

/// How a step looks at a glance, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Bad,
    Warning,
    /// It waits for another step, or wasn't looked at.
    Open,
    Good,
    Skipped,
}

impl Mark {
    fn of(state: &StepState) -> Self {
        match state.status {
            Status::Done if state.warnings() > 0 => Self::Warning,
            Status::Done => Self::Good,
            // it fails for what is wrong elsewhere
            Status::Failed if state.is_effect() => Self::Open,
            Status::Failed => Self::Bad,
            Status::Todo if state.waits_for.is_none() => Self::Bad,
            Status::Skipped => Self::Skipped,
            Status::Todo | Status::Unknown | Status::Running => Self::Open,
        }
    }

    const fn glyph(self) -> &'static str {
        match self {
            Self::Bad => "✗",
            Self::Warning => "!",
            Self::Open => "·",
            Self::Good => "✓",
            Self::Skipped => "-",
        }
    }

    const fn tone(self) -> Tone {
        match self {
            Self::Bad => Tone::Bad,
            Self::Warning => Tone::Warn,
            Self::Good => Tone::Good,
            Self::Open | Self::Skipped => Tone::Dim,
        }
    }
}

/// Where the texts of a step begin, under its name and not under its glyph.
const INDENT: usize = 11;

/// The same steps, the worst first.
pub(crate) fn worst_first(plan: &Plan, steps: &[StepId]) -> Vec<StepId> {
    let mut sorted = steps.to_vec();
    sorted.sort_by_key(|id| Mark::of(plan.step(*id)));
    sorted
}

/// Prints one step and its findings.
pub(crate) fn print_step(output: &mut Output, id: StepId, state: &StepState) {
    let mark = Mark::of(state);
    let evidence = evidence(state);
    let mut line = if output.is_spoken() {
        let word = state.status.reported().word();
        StyledLine::new().plain(format!("{id}: {word}. {evidence}"))
    } else {
        let line = StyledLine::new()
            .painted(mark.tone(), mark.glyph())
            .plain(" ")
            .painted(Tone::Strong, format!("{:<8}", id.name()))
            .plain(" ");
        match mark {
            Mark::Bad | Mark::Warning => line.painted(Tone::Strong, &*evidence),
            Mark::Open | Mark::Skipped => line.painted(Tone::Dim, &*evidence),
            Mark::Good => line.plain(&*evidence),
        }
    };
    if let Some(elapsed) = state.elapsed.filter(|_| state.status == Status::Done) {
        line = line.painted(Tone::Dim, format!("  {}", duration::format(elapsed)));
    }
    print_findings(output, state, Some(line), &evidence);
}

/// Why the step stands as it does, the cause first. One that waits for another has nothing to say of itself.
fn evidence(state: &StepState) -> Cow<'_, str> {
    let cause = state.gaps().find_map(|finding| finding.follows);
    let before = match state.waits_for {
        Some(before) => state.gaps().next().map(|_| before),
        None => cause.filter(|_| state.is_effect()).map(Code::step),
    };
    if let Some(before) = before {
        return Cow::Owned(format!("waits for {before}"));
    }
    let mut gaps = state.own_gaps();
    match (gaps.next(), gaps.next()) {
        (Some(only), None) if !only.title.is_empty() && !state.evidence.contains(&only.title) => {
            Cow::Borrowed(&only.title)
        }
        _ => Cow::Borrowed(&state.evidence),
    }
}

/// Prints a step's findings after its own line, the worst first: of each the cause, the place, the fix, and its code. What that
/// line says already isn't said again.
pub(crate) fn print_findings(
    output: &mut Output,
    state: &StepState,
    headline: Option<StyledLine>,
    evidence: &str,
) {
    let mut findings: Vec<&Finding> = state.findings.iter().collect();
    findings.sort_by_key(|finding| (finding.follows.is_some(), Reverse(finding.severity)));
    let mut block: Vec<_> = headline.into_iter().collect();
    for (at, finding) in findings.iter().enumerate() {
        let title = finding.title.as_str();
        let told =
            at == 0 && !block.is_empty() && finding.follows.is_none() && evidence.contains(title);
        if told {
            let last = block.pop().unwrap_or_default();
            block.push(place(finding, evidence, last));
        } else {
            print_block(output, &std::mem::take(&mut block));
            block.push(place(finding, title, title_line(output, finding)));
        }
        if finding.follows.is_none() {
            let indent = " ".repeat(INDENT);
            if !finding.detail.is_empty() {
                block.push(StyledLine::new().plain(format!("{indent}{}", finding.detail)));
            }
            // what several findings have in common is said once, under the last of them
            let again = findings.get(at + 1).is_some_and(|next| {
                next.follows.is_none()
                    && next.severity == finding.severity
                    && next.hint == finding.hint
            });
            if !finding.hint.is_empty() && !again {
                block.push(fix(finding));
            }
        }
        let last = block.pop().unwrap_or_default();
        block.push(last.painted(Tone::Dim, format!("  {}", finding.code)));
    }
    print_block(output, &block);
}

fn print_block(output: &mut Output, block: &[StyledLine]) {
    for line in block {
        output.prose(INDENT, line.clone());
    }
}

fn title_line(output: &Output, finding: &Finding) -> StyledLine {
    let title = match finding.follows {
        Some(cause) => format!("{}; follows from {cause}", finding.title),
        None => finding.title.clone(),
    };
    if output.is_spoken() {
        let word = finding.severity.word();
        return StyledLine::new().plain(format!("  {word}: {title}"));
    }
    let (glyph, tone) = match (finding.follows, finding.severity) {
        (None, Severity::Gap) => ("✗", Tone::Bad),
        (None, Severity::Warning) => ("!", Tone::Warn),
        (Some(_), _) | (_, Severity::Note) => ("·", Tone::Dim),
    };
    let line = StyledLine::new()
        .plain(" ".repeat(INDENT - 2))
        .painted(tone, glyph)
        .plain(" ");
    if tone == Tone::Dim {
        line.painted(Tone::Dim, title)
    } else {
        line.plain(title)
    }
}

/// Adds where a finding is, unless the text says so.
fn place(finding: &Finding, said: &str, line: StyledLine) -> StyledLine {
    let known = |path: &String| finding.line.is_none() && said.contains(path.as_str());
    match &finding.path {
        Some(path) if !known(path) => line.plain(" ").painted(Tone::Dim, location(finding)),
        Some(_) | None => line,
    }
}

fn fix(finding: &Finding) -> StyledLine {
    let indent = " ".repeat(INDENT);
    // a note has nothing to fix
    let label = if finding.severity == Severity::Note {
        ""
    } else {
        "fix: "
    };
    let line = StyledLine::new().plain(format!("{indent}{label}"));
    let command = finding.command.as_ref().map(ToString::to_string);
    if command.as_ref() == Some(&finding.hint) {
        line.painted(Tone::Hint, &finding.hint)
    } else {
        line.plain(&finding.hint)
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

/// Prints the last lines: how many failures and warnings there are, how many steps are done, and what to run next.
pub(crate) fn print_totals(output: &mut Output, plan: &Plan, steps: &[StepId]) {
    let states = || steps.iter().map(|id| plan.step(*id));
    let failures: usize = states().map(|state| state.own_gaps().count()).sum();
    let warnings: usize = states().map(StepState::all_warnings).sum();
    let left_out: usize = states().map(StepState::left_out).sum();
    let count = |status: Status| states().filter(|state| state.status == status).count();
    let mut found = Vec::new();
    for (number, one, many) in [
        (failures, "1 failure", "failures"),
        (warnings, "1 warning", "warnings"),
    ] {
        match number {
            0 => {}
            1 => found.push(one.to_owned()),
            _ => found.push(format!("{number} {many}")),
        }
    }
    if left_out > 0 {
        found.push(format!("{left_out} skipped without proof"));
    }
    let (done, skipped) = (count(Status::Done), count(Status::Skipped));
    found.push(match (done, steps.len()) {
        (1, 1) => "done".to_owned(),
        (done, all) if done == all => format!("all {all} steps are done"),
        (done, all) => format!("{done} of {all} steps done"),
    });
    if skipped > 0 {
        found.push(format!("{skipped} skipped"));
    }
    let tone = if plan.verdict(steps) != Status::Done {
        Tone::Bad
    } else if warnings > 0 {
        Tone::Warn
    } else {
        Tone::Good
    };
    output.line("");
    let mut found = found.join(", ");
    if let Some(first) = found.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    output.prose(0, StyledLine::new().painted(tone, found));
    if let Some(next) = next_command(&plan.next_commands(steps)) {
        output.prose(
            6,
            StyledLine::new().plain("next: ").painted(Tone::Hint, next),
        );
    }
}

/// The one command to run next. Steps that setup does one after the other are one command.
fn next_command(commands: &[Invocation]) -> Option<String> {
    let mut next = commands.first()?.to_string();
    if matches!(commands.first(), Some(Invocation::SetupStep(_))) {
        for command in commands.iter().skip(1) {
            let Invocation::SetupStep(step) = command else {
                break;
            };
            next.push(' ');
            next.push_str(step.name());
        }
    }
    Some(next)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
        time::Duration,
    };

    use super::*;
    use crate::core::event::{Event, EventKind, Outcome, Phase, Report, Verdict};

    #[derive(Clone, Default)]
    struct Stream(Arc<Mutex<Vec<u8>>>);

    impl Write for Stream {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn plan(steps: Vec<(StepId, &str, Vec<Finding>)>) -> Plan {
        let mut plan = Plan::new();
        for (step, evidence, findings) in steps {
            let verdict = if findings.iter().any(|found| found.severity == Severity::Gap) {
                Verdict::Todo
            } else {
                Verdict::Done
            };
            let outcome = Outcome {
                phase: Phase::Probe,
                elapsed: Duration::from_millis(12),
                result: Ok(Report::staged(verdict, evidence, findings, None)),
            };
            for kind in [
                EventKind::Started(Phase::Probe),
                EventKind::Finished(outcome),
            ] {
                plan.fold(&Event { run: 1, step, kind });
            }
        }
        plan
    }

    fn shown(plan: &Plan, prepare: impl Fn(&mut Output)) -> String {
        let stream = Stream::default();
        let out = Box::new(stream.clone());
        let mut output = Output::captured(out, Box::new(io::sink()), false);
        prepare(&mut output);
        for id in worst_first(plan, &StepId::ALL) {
            print_step(&mut output, id, plan.step(id));
        }
        print_totals(&mut output, plan, &StepId::ALL);
        let bytes = stream.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn rotated() -> Plan {
        let stale = Finding::new(
            Code::EnvStaleUrl,
            "`DATABASE_URL` has an old password (changed in Neon)",
        )
        .path("backend/.env")
        .line(3)
        .command(Invocation::SetupStep(StepId::Env))
        .fixable();
        let refused = Finding::new(Code::HealthAuth, "Neon refused the password");
        let slow = Finding::new(Code::LoginStoredInClear, "the key is stored in plain text")
            .detail("~/.config/neonup/key has mode 0600, and no keyring runs here")
            .hint("run `neonup login` where a keyring runs");
        plan(vec![
            (StepId::Login, "personal key of ada", vec![slow]),
            (StepId::Project, "aido-todo", vec![]),
            (StepId::Env, "1 of 5 keys is wrong", vec![stale]),
            (StepId::Backend, "a session module", vec![]),
            (StepId::Schema, "2 tables", vec![]),
            (StepId::Health, "refused", vec![refused]),
            (StepId::Secrets, "no leak", vec![]),
        ])
    }

    #[test]
    fn the_worst_comes_first_with_cause_place_and_fix() {
        assert_eq!(
            shown(&rotated(), |output| output.fit(Some(60))),
            "\
✗ env      `DATABASE_URL` has an old password (changed in
           Neon)  backend/.env:3
           fix: neonup setup env  env.stale-url
! login    personal key of ada  12 ms
         ! the key is stored in plain text
           ~/.config/neonup/key has mode 0600, and no
           keyring runs here
           fix: run `neonup login` where a keyring runs
           login.stored-in-clear
· health   waits for env
         · Neon refused the password; follows from
           env.stale-url  health.auth
✓ project  aido-todo  12 ms
✓ backend  a session module  12 ms
✓ schema   2 tables  12 ms
✓ secrets  no leak  12 ms

1 failure, 1 warning, 5 of 7 steps done
next: neonup setup env
"
        );
    }

    #[test]
    fn words_stand_for_glyphs_where_lines_are_spoken() {
        let text = shown(&rotated(), Output::speak);
        assert!(text.starts_with("env: todo. `DATABASE_URL`"), "{text}");
        assert!(text.contains("\n  warning: the key is stored"), "{text}");
        assert!(!text.contains(['✗', '✓', '·']), "{text}");
    }

    #[test]
    fn several_setups_are_one_next_command() {
        let setup = Invocation::SetupStep;
        for (commands, next) in [
            (vec![], None),
            (
                vec![setup(StepId::Env), setup(StepId::Schema)],
                Some("neonup setup env schema"),
            ),
            (
                vec![Invocation::Trust, Invocation::Setup],
                Some("neonup trust"),
            ),
            (
                vec![setup(StepId::Secrets), Invocation::RotatePassword],
                Some("neonup setup secrets"),
            ),
        ] {
            assert_eq!(next_command(&commands).as_deref(), next);
        }
    }
}
