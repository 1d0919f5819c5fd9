//! Keys that are pressed before, while and after a question comes up: nothing is applied that was not shown.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::{prelude::*, sample::select};

use crate::{
    core::{
        answer::Answer,
        event::{Event, EventKind, Phase},
        step::StepId,
    },
    testing::screens::{AppDriver, done, failed, failure, finished, fixtures, todo},
    tui::{
        msg::{Effect, Msg},
        proposal::ProposalRequest,
        state::{App, Screen, overlay::Overlay},
        tests::input::{fixture, press},
        update::update,
    },
};

/// What was on the screen when it was drawn last, as far as an answer depends on it.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    screen: Screen,
    over: Option<String>,
    /// What is known of the step of the screen.
    known: String,
}

/// A wizard with an engine whose work ends when the walk says so.
struct Walk {
    app: App,
    seen: Seen,
    /// Work that was asked for and has not ended.
    work: Vec<(StepId, Phase)>,
    run: u64,
    left: bool,
}

/// Something that happens.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Key(KeyCode),
    /// Some work ends: the number chooses which, and how.
    Ends(usize, bool),
    /// What has happened so far is drawn, after some time in milliseconds.
    Drawn(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let keys = "qrfusnwyp/?vlEMX123456789 ";
    let mut codes: Vec<_> = keys.chars().map(KeyCode::Char).collect();
    codes.extend([
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Tab,
        KeyCode::Esc,
    ]);
    prop_oneof![
        3 => Just(Happening::Key(KeyCode::Enter)),
        3 => select(codes).prop_map(Happening::Key),
        3 => (any::<usize>(), any::<bool>()).prop_map(|(which, well)| Happening::Ends(which, well)),
        3 => (0..2_000_u64).prop_map(Happening::Drawn),
    ]
}

impl Walk {
    fn new(app: App) -> Self {
        let mut walk = Self {
            seen: Seen {
                screen: app.screen,
                over: None,
                known: String::new(),
            },
            work: app
                .work
                .iter()
                .map(|(step, work)| (*step, work.phase))
                .collect(),
            app,
            run: 1_000_000,
            left: false,
        };
        walk.draw();
        walk
    }

    fn now(&self) -> Seen {
        let over = self.app.overlay.as_ref().map(|over| match over {
            Overlay::Confirm(dialog) => format!("{:?}", dialog.purpose),
            Overlay::Prompt(dialog) => format!("{:?}", dialog.purpose),
            Overlay::Help { .. } => "help".to_owned(),
            Overlay::Activity(_) => "activity".to_owned(),
            Overlay::Palette(palette) => format!("{palette:?}"),
            Overlay::Slide(slide) => format!("{slide:?}")
                .chars()
                .take_while(|c| *c != '(')
                .collect(),
        });
        let step = self.app.screen.step();
        let known = step.filter(|_| over.is_none()).map(|step| {
            let state = self.app.plan.step(step);
            let failure = &state.failure;
            format!(
                "{} {:?} {failure:?} {:?}",
                state.evidence, state.findings, state.facts
            )
        });
        let proposed = self.app.proposal.as_ref().filter(|_| over.is_none());
        let known = known.or_else(|| proposed.map(|proposal| proposal.draft.text()));
        Seen {
            screen: self.app.screen,
            // a dialog says all that it asks
            known: known.unwrap_or_default(),
            over,
        }
    }

    fn draw(&mut self) {
        drop(update(&mut self.app, Msg::Drawn));
        self.seen = self.now();
    }

    fn send(&mut self, msg: Msg) -> Vec<Effect> {
        let effects = update(&mut self.app, msg);
        for effect in &effects {
            match effect {
                Effect::Probe(steps) => {
                    self.work
                        .extend(steps.iter().map(|step| (*step, Phase::Probe)));
                }
                Effect::Apply(answer) => self.work.push((answer.step(), Phase::Apply)),
                Effect::Quit(_) => self.left = true,
                Effect::Cancel(_)
                | Effect::HandOver(_)
                | Effect::KeepApp
                | Effect::StopApp
                | Effect::Edit(_)
                | Effect::Psql
                | Effect::Demo(_)
                | Effect::Proposal(_)
                | Effect::Copy(_)
                | Effect::Open(_)
                | Effect::Mouse(_)
                | Effect::Suspend
                | Effect::Redraw => {}
            }
        }
        effects
    }

    /// Judges what was done: only what was on the screen is answered.
    fn judge(
        &self,
        what: &str,
        code: KeyCode,
        before: &Seen,
        effects: &[Effect],
    ) -> Result<(), TestCaseError> {
        let acts = effects.iter().any(|effect| match effect {
            // to read again what is proposed loses nothing
            Effect::Proposal(request) => matches!(request, ProposalRequest::Write(_)),
            Effect::Apply(_)
            | Effect::HandOver(_)
            | Effect::Edit(_)
            | Effect::Psql
            | Effect::Demo(_)
            | Effect::KeepApp
            | Effect::StopApp => true,
            // q leaves from anywhere
            Effect::Quit(_) => code == KeyCode::Enter,
            Effect::Probe(_)
            | Effect::Cancel(_)
            | Effect::Copy(_)
            | Effect::Open(_)
            | Effect::Mouse(_)
            | Effect::Suspend
            | Effect::Redraw => false,
        });
        prop_assert!(
            !acts || *before == self.seen,
            "{what}, {code:?}, did {effects:?} at {before:?}, and {:?} was on the screen",
            self.seen
        );
        Ok(())
    }

    /// Lets it happen, and judges what a key did.
    fn happens(&mut self, happening: Happening) -> Result<(), TestCaseError> {
        match happening {
            Happening::Drawn(millis) => {
                let later = self.app.now + Duration::from_millis(millis);
                let before = self.now();
                let effects = self.send(Msg::Tick(later));
                self.judge("a wait", KeyCode::Enter, &before, &effects)?;
                self.draw();
            }
            Happening::Ends(which, well) => {
                if self.work.is_empty() {
                    return Ok(());
                }
                let (step, phase) = self.work.remove(which % self.work.len());
                self.run += 1;
                let end = match (phase, well) {
                    (Phase::Apply, false) => failed(phase, failure(step)),
                    (Phase::Probe, false) => finished(phase, 5, todo(step)),
                    (_, true) => finished(phase, 5, done(step)),
                };
                for kind in [EventKind::Started(phase), end] {
                    let event = Event {
                        run: self.run,
                        step,
                        kind,
                    };
                    drop(self.send(Msg::Engine(Box::new(event))));
                }
            }
            Happening::Key(code) => {
                let before = self.now();
                let key = KeyEvent::new(code, KeyModifiers::NONE);
                let effects = self.send(Msg::Key(key));
                self.judge("a key", code, &before, &effects)?;
            }
        }
        Ok(())
    }
}

/// How many walks there are: `NEONUP_FUZZ_CASES` for a long run.
fn cases() -> u32 {
    std::env::var("NEONUP_FUZZ_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn nothing_is_applied_that_was_not_shown(
        start in any::<prop::sample::Index>(),
        happenings in prop::collection::vec(happening(), 1..60),
    ) {
        let fixtures = fixtures();
        let (_, app) = start.get(&fixtures);
        let mut walk = Walk::new(app.clone());
        for happening in happenings {
            walk.happens(happening)?;
            if walk.left {
                break;
            }
        }
    }
}

#[test]
fn enter_that_meets_another_question_does_nothing() {
    let mut driver = AppDriver::up_to(StepId::Env);
    driver.send(Msg::Drawn);
    // the probe ends in the moment in which the key is pressed, with another result
    let mut other = todo(StepId::Env);
    other.evidence = "another file".to_owned();
    driver.probe_again(StepId::Env, other.clone());
    let effects = press(&mut driver.app, KeyCode::Enter);
    assert!(effects.is_empty(), "{effects:?}");
    driver.send(Msg::Drawn);
    // what ends with the same asks the same
    driver.probe_again(StepId::Env, other);
    let effects = press(&mut driver.app, KeyCode::Enter);
    assert!(
        matches!(&effects[..], [Effect::Apply(Answer::Env(_))]),
        "{effects:?}"
    );
}

#[test]
fn a_held_enter_applies_one_step() {
    let mut driver = AppDriver::up_to(StepId::Env);
    driver.send(Msg::Drawn);
    let mut applied = Vec::new();
    for _ in 0..100 {
        for effect in press(&mut driver.app, KeyCode::Enter) {
            if let Effect::Apply(answer) = effect {
                let step = answer.step();
                applied.push(step);
                driver
                    .begin(step, Phase::Apply)
                    .emit(step, finished(Phase::Apply, 5, done(step)));
            }
        }
        driver.wait(35).send(Msg::Drawn);
    }
    assert_eq!(applied, [StepId::Env]);
    assert!(driver.app.toast.is_some(), "nobody is told why");
    // released, and pressed again
    driver.wait(1_000).send(Msg::Drawn);
    let effects = press(&mut driver.app, KeyCode::Enter);
    assert!(!effects.is_empty(), "{:?}", driver.app.screen);
}

#[test]
fn the_question_whether_to_quit_waits_for_its_answer() {
    let mut app = fixture("env-writing");
    app.shown.draw();
    assert!(press(&mut app, KeyCode::Char('q')).is_empty());
    assert!(app.overlay.is_some());
    drop(update(&mut app, Msg::Drawn));
    let run = app.work.values().find_map(|work| work.run).unwrap();
    let event = Event {
        run,
        step: StepId::Env,
        kind: finished(Phase::Apply, 5, done(StepId::Env)),
    };
    drop(update(&mut app, Msg::Engine(Box::new(event))));
    assert!(app.overlay.is_some(), "an event has closed it");
    drop(update(&mut app, Msg::Drawn));
    press(&mut app, KeyCode::Esc);
    assert!(app.overlay.is_none());
}
