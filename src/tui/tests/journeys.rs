//! The whole loop on a test's screen, with a test's keys and time: no terminal, no sleeping.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    convert::Infallible,
    future::Future,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};

use crossterm::event::{Event as TermEvent, KeyCode, KeyEvent, KeyModifiers};
use futures_util::Stream;
use ratatui::{Terminal, backend::TestBackend};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::tui::tests::pictures::text;
use crate::{
    core::{
        answer::Answer,
        event::Event,
        plan::{Plan, Status},
        step::StepId,
    },
    os::signals::Signal,
    testing::screens::{ScriptedEngine, options},
    tui::{
        engine::Engine,
        event_loop::{Canvas, Clock, drive},
        msg::ExitReason,
        state::App,
        view::view,
    },
};

/// Shows frames and remembers them.
struct Paper {
    terminal: Terminal<TestBackend>,
    frames: Vec<String>,
    copied: Vec<String>,
    suspended: usize,
}

impl Canvas for Paper {
    type Error = Infallible;

    fn size(&self) -> Result<(u16, u16), Infallible> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    fn draw(&mut self, app: &App) -> Result<(), Infallible> {
        // as a terminal does, it has its new size before the message says so
        let (columns, rows) = app.size;
        self.terminal.backend_mut().resize(columns, rows);
        self.terminal.draw(|frame| view(app, frame))?;
        self.frames.push(text(self.terminal.backend().buffer()));
        Ok(())
    }

    fn forget(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn copy(&mut self, text: &str) -> Result<(), Infallible> {
        self.copied.push(text.to_owned());
        Ok(())
    }

    fn mouse(&mut self, _on: bool) -> Result<(), Infallible> {
        Ok(())
    }

    fn suspend(&mut self) -> Result<(), Infallible> {
        self.suspended += 1;
        Ok(())
    }
}

/// Things that happen at the keyboard, one at a time: after each, everything else that is ready goes first.
struct Hands {
    events: VecDeque<TermEvent>,
    rest: u8,
    closes: bool,
}

impl Stream for Hands {
    type Item = io::Result<TermEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.events.is_empty() && !self.closes {
            return Poll::Pending;
        }
        self.rest += 1;
        if !self.rest.is_multiple_of(8) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.events.pop_front().map(Ok))
    }
}

/// Time that passes only while somebody waits for it.
#[derive(Default)]
struct Sand {
    now: Cell<Duration>,
    waits: Cell<usize>,
}

impl Clock for Sand {
    fn now(&self) -> Duration {
        self.now.get()
    }

    fn until(&self, then: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.waits.set(self.waits.get() + 1);
        self.now.set(self.now.get().max(then));
        Box::pin(std::future::ready(()))
    }
}

/// The scripted engine; everything happens at once.
struct Swift {
    world: RefCell<ScriptedEngine>,
    events: UnboundedSender<Event>,
    applied: RefCell<Vec<(StepId, Answer)>>,
    /// Applies that never end by themselves.
    stuck: Option<StepId>,
    runs: RefCell<Vec<(StepId, u64)>>,
}

impl Swift {
    fn new(done: &[StepId]) -> (Self, UnboundedReceiver<Event>) {
        let (events, receiver) = unbounded_channel();
        let engine = Self {
            world: RefCell::new(ScriptedEngine::with_done(done)),
            events,
            applied: RefCell::default(),
            stuck: None,
            runs: RefCell::default(),
        };
        (engine, receiver)
    }

    fn play(&self, mut happens: Vec<(Duration, Event)>) {
        happens.sort_by_key(|(after, _)| *after);
        for (_, event) in happens {
            self.runs.borrow_mut().push((event.step, event.run));
            self.events.send(event).unwrap();
        }
    }
}

impl Engine for Swift {
    fn probe(&self, steps: &[StepId]) {
        let happens = self.world.borrow_mut().probe(steps);
        self.play(happens);
    }

    fn apply(&self, answer: Answer) {
        let step = answer.step();
        let mut happens = self.world.borrow_mut().apply(&answer);
        if self.stuck == Some(step) {
            happens.pop();
        }
        self.applied.borrow_mut().push((step, answer));
        self.play(happens);
    }

    fn cancel(&self, step: StepId) {
        let runs = self.runs.borrow();
        let run = runs
            .iter()
            .rev()
            .find(|(other, _)| *other == step)
            .unwrap()
            .1;
        let event = self.world.borrow_mut().cancel(step, run);
        self.events.send(event).unwrap();
    }
}

fn key(code: KeyCode) -> TermEvent {
    TermEvent::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn ctrl(char: char) -> TermEvent {
    TermEvent::Key(KeyEvent::new(KeyCode::Char(char), KeyModifiers::CONTROL))
}

struct Told {
    plan: Plan,
    reason: ExitReason,
    paper: Paper,
    applied: Vec<(StepId, Answer)>,
}

impl Told {
    fn last(&self) -> &str {
        self.paper.frames.last().unwrap()
    }

    fn saw(&self, words: &str) -> bool {
        self.paper.frames.iter().any(|frame| frame.contains(words))
    }
}

fn paper() -> Paper {
    Paper {
        terminal: Terminal::new(TestBackend::new(80, 24)).unwrap(),
        frames: Vec::new(),
        copied: Vec::new(),
        suspended: 0,
    }
}

fn journey(engine: &Swift, mut receiver: UnboundedReceiver<Event>, events: Vec<TermEvent>) -> Told {
    let mut paper = paper();
    let hands = Hands {
        events: events.into(),
        rest: 0,
        closes: true,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (plan, reason) = runtime
        .block_on(drive(
            &mut paper,
            hands,
            futures_util::stream::pending::<Signal>(),
            &mut receiver,
            engine,
            &Sand::default(),
            options(),
        ))
        .unwrap();
    Told {
        plan,
        reason,
        paper,
        applied: engine.applied.borrow().clone(),
    }
}

#[test]
fn enter_alone_leads_from_a_found_key_to_the_summary() {
    let (engine, receiver) = Swift::new(&[StepId::Login]);
    let told = journey(&engine, receiver, vec![key(KeyCode::Enter); 7]);
    assert_eq!(told.reason, ExitReason::Finished, "{}", told.last());
    for step in StepId::ALL {
        assert_eq!(told.plan.status(step), Status::Done, "{step}");
    }
    let steps: Vec<_> = told.applied.iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, StepId::ALL[1..]);
    assert!(told.applied.iter().all(|(_, answer)| answer.is_default()));
    assert!(told.saw("Everything is in place"));
}

#[test]
fn a_wrong_key_then_the_right_one() {
    let (engine, receiver) = Swift::new(&[]);
    let told = journey(
        &engine,
        receiver,
        vec![
            TermEvent::Paste("napi_bad\n".to_owned()),
            key(KeyCode::Enter),
            TermEvent::Paste("napi_good\n".to_owned()),
            key(KeyCode::Enter),
            key(KeyCode::Char('q')),
        ],
    );
    assert!(told.saw("refused by Neon"));
    assert_eq!(told.plan.status(StepId::Login), Status::Done);
    assert_eq!(told.reason, ExitReason::Quit);
    assert!(
        told.last().contains("Joins your team's Neon project"),
        "{}",
        told.last()
    );
}

#[test]
fn four_kilobytes_with_line_ends_go_into_the_field_in_one_piece() {
    let (engine, receiver) = Swift::new(&[]);
    let told = journey(
        &engine,
        receiver,
        vec![
            TermEvent::Paste("0123456\n".repeat(512)),
            key(KeyCode::Enter),
        ],
    );
    assert!(told.applied.is_empty());
    assert!(
        told.saw("3584 characters cannot be a key"),
        "{}",
        told.last()
    );
}

#[test]
fn a_paste_on_a_terminal_that_does_not_mark_it_presses_no_enter() {
    struct Burst(VecDeque<TermEvent>);
    impl Stream for Burst {
        type Item = io::Result<TermEvent>;
        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            match self.0.pop_front() {
                Some(event) => Poll::Ready(Some(Ok(event))),
                None => Poll::Pending,
            }
        }
    }
    let (engine, mut receiver) = Swift::new(&[]);
    let mut paper = paper();
    let clock = Sand::default();
    let events = "napi_0123456789\nabcdef\n".chars().map(|char| match char {
        '\n' => key(KeyCode::Enter),
        char => key(KeyCode::Char(char)),
    });
    {
        // the burst comes when the field is there
        let hands = futures_util::stream::StreamExt::chain(
            Hands {
                events: [key(KeyCode::Up)].into(),
                rest: 0,
                closes: true,
            },
            Burst(events.collect()),
        );
        let signals = futures_util::stream::pending::<Signal>();
        let mut running = pin!(drive(
            &mut paper,
            hands,
            signals,
            &mut receiver,
            &engine,
            &clock,
            options()
        ));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..50 {
            assert!(running.as_mut().poll(&mut context).is_pending());
        }
    }
    assert!(engine.applied.borrow().is_empty());
    assert!(
        paper.frames.last().unwrap().contains("21 characters"),
        "{}",
        paper.frames.last().unwrap()
    );
}

#[test]
fn there_and_back_again_keeps_the_answers() {
    let (engine, receiver) = Swift::new(&[]);
    let told = journey(
        &engine,
        receiver,
        vec![
            TermEvent::Paste("napi_good".to_owned()),
            key(KeyCode::Esc),
            key(KeyCode::Char('5')),
            key(KeyCode::Left),
            key(KeyCode::Char('1')),
            ctrl('c'),
        ],
    );
    assert_eq!(told.reason, ExitReason::Cancelled);
    assert!(told.last().contains("9 characters"), "{}", told.last());
}

#[test]
fn escape_cancels_and_the_step_is_open_again() {
    let (mut engine, receiver) = Swift::new(&[StepId::Login]);
    engine.stuck = Some(StepId::Project);
    let told = journey(
        &engine,
        receiver,
        vec![
            key(KeyCode::Enter),
            key(KeyCode::Esc),
            key(KeyCode::Char('q')),
        ],
    );
    assert!(told.saw("talking to Neon"), "a spinner came");
    assert!(told.saw("cancelled; looking at what was done"));
    assert_eq!(told.plan.status(StepId::Project), Status::Todo);
    assert_eq!(told.reason, ExitReason::Quit);
}

#[test]
fn a_resize_in_the_middle_of_work_is_drawn_at_the_new_size() {
    let (mut engine, receiver) = Swift::new(&[StepId::Login]);
    engine.stuck = Some(StepId::Project);
    let told = journey(
        &engine,
        receiver,
        vec![
            key(KeyCode::Enter),
            TermEvent::Resize(40, 10),
            TermEvent::Resize(133, 40),
            TermEvent::Resize(60, 18),
            ctrl('c'),
            ctrl('c'),
        ],
    );
    assert!(told.saw("Make the window larger"));
    assert!(told.last().contains("Leave now?"), "{}", told.last());
    assert_eq!(told.last().lines().count(), 18);
}

#[test]
fn copy_and_suspend_reach_the_terminal() {
    let (engine, receiver) = Swift::new(&StepId::ALL);
    let told = journey(
        &engine,
        receiver,
        vec![
            key(KeyCode::Char('y')),
            ctrl('z'),
            ctrl('l'),
            key(KeyCode::Enter),
        ],
    );
    assert_eq!(told.paper.copied, ["neonup check"]);
    assert_eq!(told.paper.suspended, 1);
    assert_eq!(told.reason, ExitReason::Finished);
}

#[test]
fn idling_waits_for_no_clock() {
    let (engine, mut receiver) = Swift::new(&[StepId::Login]);
    let mut paper = paper();
    let clock = Sand::default();
    let hands = Hands {
        events: VecDeque::new(),
        rest: 0,
        closes: false,
    };
    let signals = futures_util::stream::pending::<Signal>();
    {
        let mut running = pin!(drive(
            &mut paper,
            hands,
            signals,
            &mut receiver,
            &engine,
            &clock,
            options()
        ));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..20 {
            assert!(running.as_mut().poll(&mut context).is_pending());
        }
        let before = clock.waits.get();
        assert!(running.as_mut().poll(&mut context).is_pending());
        assert_eq!(
            clock.waits.get(),
            before,
            "the probes are over, so nothing moves"
        );
    }
    assert!(
        paper.frames.len() < 6,
        "bursts are drawn once: {}",
        paper.frames.len()
    );
    assert!(paper.frames.last().unwrap().contains("Create “aido-todo”"));
}
