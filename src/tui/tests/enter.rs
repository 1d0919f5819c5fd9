//! Enter alone leads somewhere: it never shows the same screen again unless something has changed.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use crossterm::event::KeyCode;

use crate::{
    core::{
        answer::Answer,
        event::{Event, EventKind, Phase, Report},
        plan::Status,
        step::StepId,
    },
    testing::screens::{done, failed, failure, finished, fixtures, todo},
    tui::{
        msg::{Effect, Msg},
        proposal::{Opened, ProposalAnswer, ProposalOutcome, ProposalRequest},
        state::App,
        tests::{
            input::press,
            pictures::{draw, text},
        },
        update::update,
    },
};

/// How the world answers in a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum World {
    /// Nothing ever changes: each look and each change ends with what is known already.
    Frozen,
    /// Each change fails, and each look finds the same gap.
    Failing,
    /// Each change ends with a gap, and each look fails.
    Blind,
    /// Each change works.
    Willing,
}

impl World {
    fn answer(self, app: &App, step: StepId, phase: Phase) -> EventKind {
        let state = app.plan.step(step);
        match (self, phase) {
            (Self::Willing, Phase::Apply) => finished(phase, 5, done(step)),
            (Self::Failing, Phase::Apply) | (Self::Blind, Phase::Probe) => {
                failed(phase, failure(step))
            }
            (Self::Failing, Phase::Probe) | (Self::Blind, Phase::Apply) => {
                finished(phase, 5, todo(step))
            }
            (Self::Frozen | Self::Willing, _) => match (&state.failure, state.known()) {
                (Some(failure), Status::Failed) => failed(phase, failure.clone()),
                (_, Status::Unknown) => finished(phase, 5, todo(step)),
                _ => finished(phase, 5, known(app, step)),
            },
        }
    }
}

/// The report that would lead to what is known.
fn known(app: &App, step: StepId) -> Report {
    let state = app.plan.step(step);
    let mut report = if state.known() == Status::Done {
        done(step)
    } else {
        todo(step)
    };
    report.evidence.clone_from(&state.evidence);
    report.findings.clone_from(&state.findings);
    report.facts.clone_from(&state.facts);
    report
}

/// Carries effects out, and those that follow from them.
fn carry_out(app: &mut App, effects: Vec<Effect>, world: World, run: &mut u64) -> bool {
    let mut effects = VecDeque::from(effects);
    while let Some(effect) = effects.pop_front() {
        let work: Vec<_> = match effect {
            Effect::Probe(steps) => steps.into_iter().map(|step| (step, Phase::Probe)).collect(),
            Effect::Apply(answer) => vec![(Answer::step(&answer), Phase::Apply)],
            Effect::Quit(_) => return false,
            Effect::Proposal(request) => {
                let result = match request {
                    _ if world != World::Willing => Err("the folder is read-only".to_owned()),
                    ProposalRequest::Read(_) => Ok(ProposalAnswer::Text(String::new())),
                    ProposalRequest::Of(_)
                    | ProposalRequest::Write(_)
                    | ProposalRequest::Replace { .. } => {
                        Ok(ProposalAnswer::Settings(Opened::default()))
                    }
                };
                let outcome = ProposalOutcome { request, result };
                effects.extend(update(app, Msg::Proposal(Box::new(outcome))));
                continue;
            }
            Effect::Psql => {
                effects.extend(update(app, Msg::PsqlEnded(Ok(()))));
                continue;
            }
            Effect::Edit(_) => {
                effects.extend(update(app, Msg::Edited(Ok(world == World::Willing))));
                continue;
            }
            Effect::Cancel(_)
            | Effect::HandOver(_)
            | Effect::KeepApp
            | Effect::StopApp
            | Effect::Demo(_)
            | Effect::Copy(_)
            | Effect::Open(_)
            | Effect::Mouse(_)
            | Effect::Suspend
            | Effect::Redraw => continue,
        };
        for (step, phase) in work {
            *run += 1;
            let answer = world.answer(app, step, phase);
            for kind in [EventKind::Started(phase), answer] {
                let event = Event {
                    run: *run,
                    step,
                    kind,
                };
                effects.extend(update(app, Msg::Engine(Box::new(event))));
            }
        }
    }
    true
}

#[test]
fn enter_alone_never_repeats_a_screen_unless_something_has_changed() {
    const ENTERS: usize = 25;
    for (name, start) in fixtures() {
        for world in [World::Frozen, World::Failing, World::Blind, World::Willing] {
            let mut app = start.clone();
            let mut run = 1_000_000;
            // what the fixture has under way ends first
            let under_way: Vec<_> = app
                .work
                .iter()
                .map(|(step, work)| (*step, work.phase))
                .collect();
            for (step, phase) in under_way {
                let effect = match phase {
                    Phase::Probe => Effect::Probe(vec![step]),
                    Phase::Apply => Effect::Apply(Answer::default_of(step)),
                };
                carry_out(&mut app, vec![effect], world, &mut run);
            }
            let mut seen = BTreeSet::new();
            for _ in 0..ENTERS {
                let later = app.now + Duration::from_mins(1);
                update(&mut app, Msg::Tick(later));
                let screen = text(&draw(&app, 80, 24));
                let again = format!("{name}, {world:?}: seen before\n{screen}");
                let shown = (app.plan.fingerprint(), screen.clone());
                assert!(seen.insert(shown), "{again}");
                let effects = press(&mut app, KeyCode::Enter);
                let idle = effects.is_empty();
                if !carry_out(&mut app, effects, world, &mut run) {
                    break;
                }
                update(&mut app, Msg::Tick(later + Duration::from_mins(1)));
                // on a screen where Enter does nothing one stays
                if idle && text(&draw(&app, 80, 24)) == screen {
                    break;
                }
            }
        }
    }
}
