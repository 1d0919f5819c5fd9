//! The wizard in a real pseudo-terminal, over a make-believe engine.
//!
//! The child is this very test binary, told by a variable of the environment to be the wizard.

use std::{
    collections::BTreeSet,
    io::{Read as _, Write as _},
    num::NonZero,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use neonup::{
    answer::Answer,
    event::{Event, EventKind},
    plan::StepId,
    tui::{Options, drive::Engine, gallery, terminal},
};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

const CHILD: &str = "NEONUP_TEST_WIZARD";

/// The gallery's world, at its own pace.
struct Paced {
    world: Mutex<gallery::World>,
    events: UnboundedSender<Event>,
    cancelled: Arc<Mutex<BTreeSet<u64>>>,
    latest: Mutex<std::collections::BTreeMap<StepId, u64>>,
    bug: bool,
}

impl Paced {
    fn play(&self, happens: Vec<(Duration, Event)>) {
        for (_, event) in &happens {
            self.latest.lock().unwrap().insert(event.step, event.run);
        }
        let (events, cancelled) = (self.events.clone(), Arc::clone(&self.cancelled));
        thread::spawn(move || {
            let start = Instant::now();
            let mut happens = happens;
            happens.sort_by_key(|(after, _)| *after);
            for (after, event) in happens {
                thread::sleep(after.saturating_sub(start.elapsed()));
                if !cancelled.lock().unwrap().contains(&event.run) {
                    events.send(event).ok();
                }
            }
        });
    }
}

impl Engine for Paced {
    fn probe(&self, steps: &[StepId]) {
        let happens = self.world.lock().unwrap().probe(steps);
        self.play(happens);
    }

    fn apply(&self, step: StepId, answer: Answer) {
        if self.bug {
            // a task of ours panics: the runtime says so, the hook keeps it off the screen
            let events = self.events.clone();
            thread::spawn(move || {
                let panicked = std::panic::catch_unwind(|| panic!("canary of a panic"));
                assert!(panicked.is_err());
                let kind = EventKind::Bug(format!("the {step} step panicked"));
                events.send(gallery::event(step, 1, kind)).ok();
            });
            return;
        }
        let happens = self.world.lock().unwrap().apply(step, &answer);
        self.play(happens);
    }

    fn cancel(&self, step: StepId) {
        let run = self.latest.lock().unwrap().get(&step).copied().unwrap_or(0);
        self.cancelled.lock().unwrap().insert(run);
        let event = self.world.lock().unwrap().cancel(step, run);
        self.events.send(event).ok();
    }
}

#[test]
fn child() {
    let Ok(what) = std::env::var(CHILD) else {
        return;
    };
    let (events, mut receiver) = unbounded_channel();
    let done: &[StepId] = match what.as_str() {
        "done" => &StepId::ALL,
        "login" => &[StepId::Login],
        _ => &[],
    };
    let engine = Paced {
        world: Mutex::new(gallery::World::with(done)),
        events,
        cancelled: Arc::default(),
        latest: Mutex::default(),
        bug: what == "bug",
    };
    let options = Options {
        no_color: std::env::var_os("NO_COLOR").is_some(),
        ascii: what == "ascii",
        ..gallery::options()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let ended = runtime.block_on(terminal::run_with(&engine, &mut receiver, options));
    println!("ended: {:?}", ended.map(|(_, reason)| reason));
}
