//! The status of all steps, and what follows from it: the exit code and the next commands.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::Duration,
};

use serde::Serialize;

use crate::core::{
    causes,
    code::{Code, Severity},
    event::{Event, EventKind, Progress, RunError, Verdict},
    exit::Exit,
    facts::Facts,
    failure::Failure,
    finding::Finding,
    invocation::Invocation,
    remedy::Remedy,
    step::StepId,
};

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// Not looked at yet.
    Unknown,
    /// A probe or an apply is under way.
    Running,
    /// Nothing is missing.
    Done,
    /// Something is missing that the step can do.
    Todo,
    /// The step could not find out, or could not do it.
    Failed,
    /// Does not apply here, or was declined.
    Skipped,
}

impl Status {
    /// The word beside the glyph.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Running => "run",
            Self::Done => "done",
            Self::Todo => "todo",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// The status as it leaves the program: what was never reached is still to do.
    pub(crate) const fn reported(self) -> Self {
        match self {
            Self::Unknown | Self::Running | Self::Todo => Self::Todo,
            Self::Done => Self::Done,
            Self::Failed => Self::Failed,
            Self::Skipped => Self::Skipped,
        }
    }
}

/// Everything known of one step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StepState {
    /// Where it stands.
    pub status: Status,
    /// What it was before the work that is under way.
    pub settled: Status,
    /// Why the status is what it is, in one sentence.
    pub evidence: String,
    /// What the last probe saw.
    pub findings: Vec<Finding>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What the screen shows; survives a new probe until that one has something better.
    pub facts: Option<Facts>,
    /// How far the work is.
    pub progress: Option<Progress>,
    /// How long the last probe or apply took.
    pub elapsed: Option<Duration>,
    /// Why the user left it out, until it is opened again.
    pub declined: Option<String>,
    /// The step that it waits for: nothing of its own is wrong.
    pub waits_for: Option<StepId>,
    run: u64,
}

impl Default for StepState {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl StepState {
    /// Whether another one says the same: how long it took may differ.
    pub(crate) fn says_as(&self, other: &Self) -> bool {
        self.known() == other.known()
            && self.evidence == other.evidence
            && self.findings == other.findings
            && self.failure == other.failure
            && self.facts == other.facts
    }

    const EMPTY: Self = Self {
        status: Status::Unknown,
        settled: Status::Unknown,
        evidence: String::new(),
        findings: Vec::new(),
        failure: None,
        facts: None,
        progress: None,
        elapsed: None,
        declined: None,
        waits_for: None,
        run: 0,
    };

    /// How it stands, or stood before the work that is under way.
    pub(crate) const fn known(&self) -> Status {
        match self.status {
            Status::Running => self.settled,
            Status::Unknown | Status::Done | Status::Todo | Status::Failed | Status::Skipped => {
                self.status
            }
        }
    }

    fn leave_out(&mut self) {
        self.status = Status::Skipped;
        self.settled = Status::Skipped;
        if let Some(reason) = &self.declined {
            self.evidence.clone_from(reason);
        }
    }

    /// Whether it waits for consent to a command of the clone.
    pub(crate) fn is_untrusted(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.untrusted.is_some())
    }

    /// The findings that stop the step.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.severity == Severity::Gap)
    }

    /// The findings that stop the step by themselves: what follows from another finding is fixed with that one.
    pub(crate) fn own_gaps(&self) -> impl Iterator<Item = &Finding> {
        self.gaps().filter(|finding| finding.follows.is_none())
    }

    /// Whether all that stops the step follows from other findings.
    pub(crate) fn is_effect(&self) -> bool {
        self.gaps().next().is_some() && self.own_gaps().next().is_none()
    }

    /// Whether what others need of the step is there, and only the proof of something is not: the env file is written, or the
    /// migrations have run, and whether that is all could not be found out.
    fn only_undetermined(&self, id: StepId) -> bool {
        let mut gaps = self.gaps().peekable();
        matches!(id, StepId::Env | StepId::Schema)
            && gaps.peek().is_some()
            && gaps.all(|finding| finding.undetermined)
    }

    /// How many things were not found out, and let pass since somebody has left them out.
    pub(crate) fn left_out(&self) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.undetermined && finding.severity == Severity::Note)
            .count()
    }

    /// How many warnings a step that is done has.
    pub(crate) fn warnings(&self) -> usize {
        if self.known() != Status::Done {
            return 0;
        }
        self.all_warnings()
    }

    /// How many warnings there are, whatever the status.
    pub(crate) fn all_warnings(&self) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == Severity::Warning)
            .count()
    }

    /// The cures of its gaps, the most urgent first.
    fn remedies(&self) -> Vec<Remedy> {
        let mut remedies: Vec<_> = self.gaps().filter_map(|finding| finding.remedy).collect();
        remedies.sort_unstable_by(|one, other| other.cmp(one));
        remedies.dedup();
        remedies
    }

    /// What would fix the failure, or else the most urgent of the findings, where a person has to want it.
    pub(crate) fn remedy(&self) -> Option<Remedy> {
        let failure = self.failure.as_ref().and_then(|failure| failure.remedy);
        failure.or_else(|| {
            self.findings
                .iter()
                .filter_map(|finding| finding.remedy)
                .max()
        })
    }

    /// Whether a finding of this code is among them.
    pub(crate) fn has(&self, code: Code) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }

    /// Whether a finding of this code is among them that is more than told.
    pub(crate) fn is_open(&self, code: Code) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.code == code && finding.severity != Severity::Note)
    }
}

/// All steps with their status: what the wizard, the lines and the JSON show, and where the exit code comes from.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Plan {
    steps: BTreeMap<StepId, StepState>,
}

impl Plan {
    /// A plan in which nothing is known.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// What is known of a step.
    pub(crate) fn step(&self, id: StepId) -> &StepState {
        static EMPTY: StepState = StepState::EMPTY;
        self.steps.get(&id).unwrap_or(&EMPTY)
    }

    /// The status of a step.
    pub(crate) fn status(&self, id: StepId) -> Status {
        self.step(id).status
    }

    /// Takes an event in. Events of a run that a later one has replaced are ignored.
    pub(crate) fn fold(&mut self, event: &Event) {
        self.take_in(event);
        if matches!(event.kind, EventKind::Finished(_)) {
            self.link();
        }
    }

    /// Says of each gap what it follows from, and of each open step what it waits for.
    fn link(&mut self) {
        let open = |state: &StepState| matches!(state.known(), Status::Todo | Status::Failed);
        let known: Vec<_> = self
            .steps
            .values()
            .filter(|state| open(state))
            .flat_map(StepState::gaps)
            .map(|finding| (finding.code, finding.path.clone()))
            .collect();
        for state in self.steps.values_mut() {
            for finding in &mut state.findings {
                finding.follows = causes::first_cause(finding, &known);
            }
        }
        for id in StepId::ALL {
            let waits_for = self.waits_for(id);
            if let Some(state) = self.steps.get_mut(&id) {
                state.waits_for = waits_for;
            }
        }
    }

    fn waits_for(&self, id: StepId) -> Option<StepId> {
        let state = self.step(id);
        if state.known() != Status::Todo || state.own_gaps().next().is_some() {
            return None;
        }
        let cause = state.gaps().find_map(|finding| finding.follows);
        let cause = cause.map(Code::step).filter(|step| *step != id);
        cause.or_else(|| self.blocker(id)).or_else(|| {
            // without a connection nothing can be said of the tables; why there is none is told there
            let health = self.step(StepId::Health);
            let unreachable = id == StepId::Schema && health.own_gaps().next().is_some();
            unreachable.then_some(StepId::Health)
        })
    }

    fn take_in(&mut self, event: &Event) {
        let state = self.steps.entry(event.step).or_default();
        match &event.kind {
            EventKind::Started(_) => {
                if event.run < state.run {
                    return;
                }
                if state.status != Status::Running {
                    state.settled = state.status;
                }
                state.run = event.run;
                state.status = Status::Running;
                state.progress = None;
            }
            EventKind::Progress(progress) if event.run == state.run => {
                state.progress = Some(progress.clone());
            }
            EventKind::Facts(facts) if event.run == state.run => {
                state.facts = Some(facts.clone());
            }
            EventKind::Finished(outcome) if event.run == state.run => {
                state.progress = None;
                state.elapsed = Some(outcome.elapsed);
                match &outcome.result {
                    Ok(report) => {
                        state.status = match report.verdict() {
                            Verdict::Done => Status::Done,
                            Verdict::Todo => Status::Todo,
                            Verdict::Skipped => Status::Skipped,
                        };
                        state.evidence.clone_from(&report.evidence);
                        state.findings.clone_from(&report.findings);
                        state.failure = None;
                        if report.facts.is_some() {
                            state.facts.clone_from(&report.facts);
                        }
                    }
                    Err(RunError::Cancelled) => state.status = state.settled,
                    Err(RunError::Failed(failure)) => {
                        state.status = Status::Failed;
                        state.evidence.clone_from(&failure.what);
                        state.findings = vec![failure.finding()];
                        state.failure = Some(failure.clone());
                    }
                }
                if let Some(Facts::Login(login)) = &mut state.facts {
                    // whoever was waited for is not any more
                    login.waiting = None;
                }
                state.settled = state.status;
                if state.declined.is_some() {
                    state.leave_out();
                }
            }
            EventKind::Progress(_)
            | EventKind::Facts(_)
            | EventKind::Finished(_)
            | EventKind::Activity(_)
            | EventKind::App(_)
            | EventKind::Bug(_) => {}
        }
    }

    /// A number that stays the same as long as nothing is found to be different: each step's status, findings and failure. Times,
    /// which differ with each look, are not part of it.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (id, state) in &self.steps {
            (id, state.known(), &state.declined).hash(&mut hasher);
            for found in &state.findings {
                let place = (&found.path, found.line);
                (found.code, found.severity, &found.title, place).hash(&mut hasher);
            }
            let failure = state.failure.as_ref();
            let words = failure.map(|failure| (failure.code, &failure.what, &failure.why));
            words.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Notes that the work under way was canceled: what was found before it may no longer be so.
    pub(crate) fn interrupt(&mut self) {
        for state in self.steps.values_mut() {
            if state.status == Status::Running {
                let work = state.progress.take().map(|progress| progress.label);
                state.evidence = work.map_or_else(
                    || "canceled".to_owned(),
                    |label| format!("canceled while {label}"),
                );
                state.findings.clear();
            }
        }
    }

    /// Notes that a step's fix failed. What was found besides stays: it is as true as before.
    pub(crate) fn fail(&mut self, id: StepId, failure: Failure) {
        let state = self.steps.entry(id).or_default();
        if state.declined.is_some() {
            return;
        }
        let finding = failure.finding();
        let open = |known: &Finding| !known.fixable || known.code != finding.code;
        state.findings.retain(open);
        // nor does it fix the others, so it is not offered for them again
        for known in state.findings.iter_mut().filter(|known| known.fixable) {
            known.fixable = false;
            known.command = None;
            known.hint.clone_from(&finding.hint);
        }
        state.findings.insert(0, finding);
        state.status = Status::Failed;
        state.settled = Status::Failed;
        state.evidence.clone_from(&failure.what);
        state.failure = Some(failure);
    }

    /// Leaves a step out, for the user's reason. It stays so whatever later probes see, until it is opened again.
    pub(crate) fn skip(&mut self, id: StepId, reason: impl Into<String>) {
        let state = self.steps.entry(id).or_default();
        state.declined = Some(reason.into());
        state.leave_out();
    }

    /// Takes back that a step was left out. The next probe says how it stands.
    pub(crate) fn reopen(&mut self, id: StepId) {
        if let Some(state) = self.steps.get_mut(&id) {
            state.declined = None;
        }
    }

    /// The first step that this one waits for: one that it needs, directly or not, and that is open or was left out. A step
    /// that does not apply here blocks nothing.
    pub(crate) fn blocker(&self, id: StepId) -> Option<StepId> {
        let need = id
            .needs()
            .iter()
            .copied()
            .find(|need| self.holds_up(*need))?;
        Some(self.blocker(need).unwrap_or(need))
    }

    /// Whether steps that need this one have to wait for it.
    pub(crate) fn holds_up(&self, id: StepId) -> bool {
        let state = self.step(id);
        match state.known() {
            Status::Done => false,
            Status::Skipped => state.declined.is_some(),
            Status::Todo => !state.only_undetermined(id),
            Status::Unknown | Status::Running | Status::Failed => true,
        }
    }

    /// The steps that can fix something without a question, in the order to do it.
    pub(crate) fn fixable(&self) -> Vec<StepId> {
        let can_fix = |id: &StepId| {
            // which key and which project it is, are questions
            let asks = matches!(id, StepId::Login | StepId::Project);
            let state = self.step(*id);
            !asks
                && matches!(state.known(), Status::Todo | Status::Done)
                && state.findings.iter().any(|finding| finding.fixable)
        };
        let mut steps: Vec<_> = StepId::ALL.into_iter().filter(can_fix).collect();
        // no secret is written into an env file that git tracks
        if self.step(StepId::Secrets).is_open(Code::SecretsTracked) {
            steps.sort_by_key(|id| *id != StepId::Secrets);
        }
        steps
    }

    /// The one word for these steps: failed before todo before done.
    pub(crate) fn verdict(&self, steps: &[StepId]) -> Status {
        let any = |wanted: Status| steps.iter().any(|id| self.status(*id) == wanted);
        if any(Status::Failed) {
            Status::Failed
        } else if any(Status::Todo) || any(Status::Unknown) || any(Status::Running) {
            Status::Todo
        } else {
            Status::Done
        }
    }

    /// The exit code for these steps.
    pub(crate) fn exit(&self, steps: &[StepId]) -> Exit {
        match self.verdict(steps) {
            Status::Failed => Exit::Failed,
            Status::Todo | Status::Unknown | Status::Running => Exit::Gaps,
            Status::Done | Status::Skipped => Exit::Done,
        }
    }

    /// The commands that would close what is open, in the order to run them. A step that waits is closed by what it waits for;
    /// what no command of ours can fix has a hint only, since the same again would fail again.
    pub(crate) fn next_commands(&self, steps: &[StepId]) -> Vec<Invocation> {
        let mut commands: Vec<Invocation> = Vec::new();
        for id in steps {
            let command = self.command_for(*id);
            commands.extend(command.filter(|command| !commands.contains(command)));
        }
        let untrusted = |id: &StepId| self.step(*id).is_untrusted();
        if steps.iter().any(untrusted) {
            // before that no step runs a command of the clone
            commands.retain(|command| *command != Invocation::Trust);
            commands.insert(0, Invocation::Trust);
        }
        // what was not even looked at, since it waits, is done by the same command as what it waits for
        let unseen = |id: &&StepId| {
            let state = self.step(**id);
            state.waits_for.is_some() && state.gaps().next().is_none()
        };
        let setups = commands
            .iter()
            .filter(|command| matches!(command, Invocation::SetupStep(_)))
            .count();
        // where a step fails at the first look, a setup of all changes nothing
        let stuck = steps.iter().any(|id| self.stops_setup(*id));
        if setups > 0 && !stuck && commands.len() + steps.iter().filter(unseen).count() > 2 {
            let trust = commands
                .first()
                .filter(|first| **first == Invocation::Trust);
            commands = trust.cloned().into_iter().collect();
            commands.push(Invocation::Setup);
        }
        // no setup ends a secret that others may have
        if steps.contains(&StepId::Secrets) {
            let remedies = self.step(StepId::Secrets).remedies();
            commands.extend(remedies.into_iter().map(Remedy::command));
        }
        // a tracked env file is not written: it leaves the index first
        if self.step(StepId::Secrets).is_open(Code::SecretsTracked) {
            commands.sort_by_key(|command| *command != Invocation::SetupStep(StepId::Secrets));
        }
        commands
    }

    /// Whether a setup that includes this step changes nothing until the step's failure is mended. A failed health check may be
    /// mended by the steps before it.
    pub(crate) fn stops_setup(&self, id: StepId) -> bool {
        id != StepId::Health && self.status(id) == Status::Failed
    }

    /// The command that brings an open step on, where there is one.
    fn command_for(&self, id: StepId) -> Option<Invocation> {
        let state = self.step(id);
        match state.status {
            Status::Failed => {
                let cause = state.gaps().find_map(|finding| finding.follows);
                if let Some(before) = cause.map(Code::step).filter(|before| *before != id) {
                    return self.command_for(before);
                }
                let failure = state.failure.as_ref()?;
                failure.command.as_deref().cloned()
            }
            Status::Todo => {
                if let Some(before) = state.waits_for.filter(|before| *before != id) {
                    return self.command_for(before);
                }
                let own: Vec<_> = state.own_gaps().collect();
                if own.is_empty() || own.iter().any(|finding| finding.fixable) {
                    return Some(Invocation::SetupStep(id));
                }
                // what the step can't fix may have a command of its own; else only the hint helps
                own.iter().find_map(|finding| finding.command.clone())
            }
            Status::Unknown | Status::Running | Status::Done | Status::Skipped => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::event::{Outcome, Phase, Report};

    fn finished(step: StepId, run: u64, report: Report) -> [Event; 2] {
        let outcome = Outcome {
            phase: Phase::Probe,
            elapsed: Duration::ZERO,
            result: Ok(report),
        };
        [
            EventKind::Started(Phase::Probe),
            EventKind::Finished(outcome),
        ]
        .map(|kind| Event { run, step, kind })
    }

    fn report(verdict: Verdict, findings: Vec<Finding>) -> Report {
        Report::staged(verdict, "as it is".to_owned(), findings, None)
    }

    fn plan(steps: &[(StepId, Verdict)]) -> Plan {
        let mut plan = Plan::new();
        for (step, verdict) in steps {
            for event in finished(*step, 1, report(*verdict, Vec::new())) {
                plan.fold(&event);
            }
        }
        plan
    }

    #[test]
    fn what_was_left_out_stays_so_until_it_is_opened_again() {
        let mut plan = plan(&[(StepId::Env, Verdict::Todo)]);
        plan.skip(StepId::Env, "lunch first");
        for (run, opened, status) in [(2, false, Status::Skipped), (3, true, Status::Todo)] {
            if opened {
                plan.reopen(StepId::Env);
            }
            for event in finished(StepId::Env, run, report(Verdict::Todo, Vec::new())) {
                plan.fold(&event);
            }
            assert_eq!(plan.status(StepId::Env), status, "{run}");
        }
        assert_eq!(plan.step(StepId::Env).evidence, "as it is");
    }

    #[test]
    fn a_step_waits_for_what_is_open_or_was_left_out_and_not_for_what_does_not_apply() {
        let before = [
            (StepId::Login, Verdict::Done),
            (StepId::Project, Verdict::Done),
            (StepId::Env, Verdict::Done),
        ];
        let mut plan = plan(&before);
        let schema = |plan: &mut Plan, run, verdict| {
            for event in finished(StepId::Schema, run, report(verdict, Vec::new())) {
                plan.fold(&event);
            }
        };
        assert_eq!(plan.blocker(StepId::Health), Some(StepId::Schema));
        schema(&mut plan, 1, Verdict::Skipped);
        assert_eq!(plan.blocker(StepId::Health), None, "there is no schema");
        schema(&mut plan, 2, Verdict::Todo);
        plan.skip(StepId::Schema, "later");
        assert_eq!(plan.blocker(StepId::Health), Some(StepId::Schema));
        plan.skip(StepId::Env, "later");
        assert_eq!(plan.blocker(StepId::Health), Some(StepId::Env));
    }

    fn plan_of(steps: Vec<(StepId, Vec<Finding>)>) -> Plan {
        let mut plan = Plan::new();
        for (step, findings) in steps {
            let verdict = if findings.is_empty() {
                Verdict::Done
            } else {
                Verdict::Todo
            };
            for event in finished(step, 1, report(verdict, findings)) {
                plan.fold(&event);
            }
        }
        plan
    }

    #[test]
    fn a_rotated_password_is_one_cause_with_one_command() {
        let stale = Finding::new(Code::EnvStaleUrl, "the password was changed").fixable();
        let auth = Finding::new(Code::HealthAuth, "refused");
        let start = Finding::new(Code::HealthAppStart, "it ends at once").fixable();
        let mut plan = plan_of(vec![
            (StepId::Login, vec![]),
            (StepId::Project, vec![]),
            (StepId::Health, vec![auth, start]),
            (StepId::Env, vec![stale]),
        ]);
        for event in finished(StepId::Schema, 1, report(Verdict::Todo, vec![])) {
            plan.fold(&event);
        }
        let follows = |step| {
            let findings = plan.step(step).findings.iter();
            findings.map(|found| found.follows).collect::<Vec<_>>()
        };
        assert_eq!(follows(StepId::Env), [None]);
        assert_eq!(follows(StepId::Health), [Some(Code::EnvStaleUrl); 2]);
        assert_eq!(plan.step(StepId::Health).waits_for, Some(StepId::Env));
        assert_eq!(plan.step(StepId::Schema).waits_for, Some(StepId::Env));
        let env = [Invocation::SetupStep(StepId::Env)];
        assert_eq!(plan.next_commands(&StepId::ALL), env);
        // whoever asks about another step is led to the cause
        assert_eq!(plan.next_commands(&[StepId::Health]), env);

        for event in finished(StepId::Env, 2, report(Verdict::Done, vec![])) {
            plan.fold(&event);
        }
        let health = plan.step(StepId::Health);
        assert_eq!(health.findings[0].follows, None, "the cause is gone");
        assert_eq!(health.findings[1].follows, Some(Code::HealthAuth));
    }

    #[test]
    fn what_would_fail_again_is_no_next_command() {
        let mut plan = plan_of(vec![(
            StepId::Health,
            vec![Finding::new(Code::HealthDns, "no such host").hint("look at the network")],
        )]);
        assert!(plan.next_commands(&[StepId::Health]).is_empty());
        let failure = Failure::new(Code::SchemaSqlError, "schema.sql:3:1 fails");
        let outcome = Outcome {
            phase: Phase::Apply,
            elapsed: Duration::ZERO,
            result: Err(RunError::Failed(failure)),
        };
        for kind in [
            EventKind::Started(Phase::Apply),
            EventKind::Finished(outcome),
        ] {
            plan.fold(&Event {
                run: 1,
                step: StepId::Schema,
                kind,
            });
        }
        assert!(plan.next_commands(&StepId::ALL).is_empty());
    }

    #[test]
    fn a_fresh_clone_is_set_up_by_one_command() {
        let missing = Finding::new(Code::LoginMissingKey, "no key").fixable();
        let mut plan = plan_of(vec![(StepId::Login, vec![missing])]);
        for step in [StepId::Project, StepId::Env, StepId::Schema] {
            for event in finished(step, 1, report(Verdict::Todo, vec![])) {
                plan.fold(&event);
            }
        }
        assert_eq!(plan.next_commands(&StepId::ALL), [Invocation::Setup]);
    }

    #[test]
    fn what_stops_a_setup_is_left_out_of_the_next_command() {
        let fails = Failure::new(Code::SchemaSqlError, "can't read the file");
        let open = |code| vec![Finding::new(code, "to do").fixable()];
        let mut plan = plan_of(vec![
            (StepId::Login, vec![]),
            (StepId::Project, open(Code::ProjectMissing)),
            (StepId::Env, open(Code::EnvMissingFile)),
            (StepId::Backend, open(Code::BackendSessionMissing)),
        ]);
        assert_eq!(plan.next_commands(&StepId::ALL), [Invocation::Setup]);
        let outcome = Outcome {
            phase: Phase::Probe,
            elapsed: Duration::ZERO,
            result: Err(RunError::Failed(fails)),
        };
        for kind in [
            EventKind::Started(Phase::Probe),
            EventKind::Finished(outcome),
        ] {
            plan.fold(&Event {
                run: 2,
                step: StepId::Schema,
                kind,
            });
        }
        let rest = [StepId::Project, StepId::Env, StepId::Backend].map(Invocation::SetupStep);
        assert_eq!(plan.next_commands(&StepId::ALL), rest);
        assert!(plan.stops_setup(StepId::Schema) && !plan.stops_setup(StepId::Env));
    }

    #[test]
    fn only_a_live_secret_leads_to_a_rotation() {
        let next = |code, remedy| {
            let finding = Finding::new(code, "a password")
                .hint("if it was real and pushed: `neonup rotate` gives the role a new password")
                .remedy(remedy);
            let mut plan = Plan::new();
            for event in finished(StepId::Secrets, 1, report(Verdict::Todo, vec![finding])) {
                plan.fold(&event);
            }
            plan.next_commands(&[StepId::Secrets])
        };
        assert!(next(Code::SecretsCredentialInTree, None).is_empty());
        let live = Code::SecretsLiveSecretInHistory;
        assert_eq!(
            next(live, Some(Remedy::RotatePassword)),
            [Invocation::RotatePassword]
        );
        assert_eq!(next(live, Some(Remedy::RotateKey)), [Invocation::RotateKey]);
    }
}
