//! The whole loop on a test's screen, with a test's keys and time: no terminal, no sleeping.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    convert::Infallible,
    future::Future,
    io,
    pin::{Pin, pin},
    rc::Rc,
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
        environment::Environment,
        event::Event,
        plan::{Plan, Status},
        step::StepId,
    },
    os::signals::Signal,
    ports::editor::{EditRefusal, TextEditor},
    testing::screens::{ScriptedEngine, options},
    tui::{
        engine::{Engine, PendingEdit},
        event_loop::{Canvas, Clock, run},
        msg::ExitReason,
        options::Options,
        state::App,
        view::view,
    },
};

/// Shows frames and remembers them.
struct RecordingCanvas {
    terminal: Terminal<TestBackend>,
    frames: Vec<String>,
    copied: Vec<String>,
    suspended: usize,
}

impl Canvas for RecordingCanvas {
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

    fn open(&mut self, address: &str) {
        self.copied.push(format!("opened {address}"));
    }

    fn mouse(&mut self, _on: bool) -> Result<(), Infallible> {
        Ok(())
    }

    fn ask_background(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn suspend(&mut self) -> Result<(), Infallible> {
        self.suspended += 1;
        Ok(())
    }

    fn lend(&mut self) -> Result<(), Infallible> {
        self.frames.push("lent".to_owned());
        Ok(())
    }

    fn say(&mut self, text: &str) -> Result<(), Infallible> {
        self.frames.push(text.to_owned());
        Ok(())
    }

    fn take_back(&mut self) -> Result<(), Infallible> {
        self.frames.push("taken back".to_owned());
        Ok(())
    }
}

/// Things that happen at the keyboard, one at a time: after each, everything else that is ready goes first.
struct TypedInput {
    events: VecDeque<TermEvent>,
    rest: u8,
    closes: bool,
    time: Rc<Cell<Duration>>,
}

/// How long the person takes for a key.
const PACE: Duration = Duration::from_secs(1);

impl Stream for TypedInput {
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
        self.time.set(self.time.get() + PACE);
        Poll::Ready(self.events.pop_front().map(Ok))
    }
}

/// Time that passes only while somebody waits for it, or types.
#[derive(Default)]
struct ManualClock {
    now: Rc<Cell<Duration>>,
    waits: Cell<usize>,
}

impl Clock for ManualClock {
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
struct InstantEngine {
    script: RefCell<ScriptedEngine>,
    events: UnboundedSender<Event>,
    applied: RefCell<Vec<(StepId, Answer)>>,
    /// Applies that never end by themselves.
    stuck: Option<StepId>,
    runs: RefCell<Vec<(StepId, u64)>>,
    /// What was opened in the editor, and what came back.
    edits: RefCell<Vec<String>>,
}

impl InstantEngine {
    fn new(done: &[StepId]) -> (Self, UnboundedReceiver<Event>) {
        let (events, receiver) = unbounded_channel();
        let engine = Self {
            script: RefCell::new(ScriptedEngine::with_done(done)),
            events,
            applied: RefCell::default(),
            stuck: None,
            runs: RefCell::default(),
            edits: RefCell::default(),
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

impl Engine for InstantEngine {
    fn probe(&self, steps: &[StepId]) {
        let happens = self.script.borrow_mut().probe(steps);
        self.play(happens);
    }

    fn apply(&self, answer: Answer) {
        let step = answer.step();
        let mut happens = self.script.borrow_mut().apply(&answer);
        if self.stuck == Some(step) {
            happens.pop();
        }
        self.applied.borrow_mut().push((step, answer));
        self.play(happens);
    }

    fn env_text(&self, file: &str) -> PendingEdit<String> {
        self.edits.borrow_mut().push(format!("opened {file}"));
        Box::pin(std::future::ready(Ok("A=1\n".to_owned())))
    }

    fn keep_edit(
        &self,
        _file: &str,
        _base: &str,
        edited: String,
    ) -> PendingEdit<bool, EditRefusal> {
        let mut edits = self.edits.borrow_mut();
        edits.push(edited);
        // the first text is refused, so that it is edited again
        let result = match edits.len() {
            2 => Err(EditRefusal::Again("line 2: no".to_owned())),
            _ => Ok(true),
        };
        Box::pin(std::future::ready(result))
    }

    fn cancel(&self, step: StepId) {
        let runs = self.runs.borrow();
        let run = runs
            .iter()
            .rev()
            .find(|(other, _)| *other == step)
            .unwrap()
            .1;
        let event = self.script.borrow_mut().cancel(step, run);
        self.events.send(event).unwrap();
    }
}

fn key(code: KeyCode) -> TermEvent {
    TermEvent::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn ctrl(char: char) -> TermEvent {
    TermEvent::Key(KeyEvent::new(KeyCode::Char(char), KeyModifiers::CONTROL))
}

struct Recording {
    plan: Plan,
    reason: ExitReason,
    canvas: RecordingCanvas,
    applied: Vec<(StepId, Answer)>,
}

impl Recording {
    fn last(&self) -> &str {
        self.canvas.frames.last().unwrap()
    }

    fn saw(&self, words: &str) -> bool {
        self.canvas.frames.iter().any(|frame| frame.contains(words))
    }
}

fn canvas() -> RecordingCanvas {
    RecordingCanvas {
        terminal: Terminal::new(TestBackend::new(80, 24)).unwrap(),
        frames: Vec::new(),
        copied: Vec::new(),
        suspended: 0,
    }
}

fn journey(
    engine: &InstantEngine,
    receiver: UnboundedReceiver<Event>,
    events: Vec<TermEvent>,
) -> Recording {
    journey_with(options(), engine, receiver, events)
}

fn journey_with(
    options: Options,
    engine: &InstantEngine,
    mut receiver: UnboundedReceiver<Event>,
    events: Vec<TermEvent>,
) -> Recording {
    let mut canvas = canvas();
    let clock = ManualClock::default();
    let input = TypedInput {
        events: events.into(),
        rest: 0,
        closes: true,
        time: Rc::clone(&clock.now),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (plan, reason) = runtime
        .block_on(run(
            &mut canvas,
            input,
            futures_util::stream::pending::<Signal>(),
            &mut receiver,
            engine,
            &clock,
            options,
        ))
        .unwrap();
    Recording {
        plan,
        reason,
        canvas,
        applied: engine.applied.borrow().clone(),
    }
}

#[test]
fn enter_alone_leads_from_a_found_key_to_the_summary() {
    let (engine, receiver) = InstantEngine::new(&[StepId::Login]);
    let recording = journey(&engine, receiver, vec![key(KeyCode::Enter); 7]);
    assert_eq!(
        recording.reason,
        ExitReason::Finished,
        "{}",
        recording.last()
    );
    for step in StepId::ALL {
        assert_eq!(recording.plan.status(step), Status::Done, "{step}");
    }
    let steps: Vec<_> = recording.applied.iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, StepId::ALL[1..]);
    assert!(
        recording
            .applied
            .iter()
            .all(|(_, answer)| answer.is_default())
    );
    assert!(recording.saw("All done"));
}

#[cfg(unix)]
#[test]
fn an_env_file_is_edited_while_the_editor_has_the_terminal() {
    let tools = crate::testing::folders::temp_dir();
    let script = tools.path().join("editor");
    std::fs::write(&script, "echo B=2 >> \"$1\"\n").unwrap();
    let editor = format!("sh '{}'", script.display());
    let path = std::env::var("PATH").unwrap();
    let variables = [("EDITOR", editor), ("PATH", path)];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    let options = Options {
        editor: TextEditor::find(Environment::new(variables)),
        ..options()
    };
    let (engine, receiver) = InstantEngine::new(&[StepId::Login, StepId::Project]);
    let keys = [KeyCode::Char('e'), KeyCode::Char('q')].map(key).to_vec();
    let recording = journey_with(options, &engine, receiver, keys);
    // what was said about the first text stands above it, and does not come back
    assert_eq!(
        *engine.edits.borrow(),
        ["opened backend/.env", "A=1\nB=2\n", "A=1\nB=2\nB=2\n"]
    );
    let frames = &recording.canvas.frames;
    let lent = frames.iter().position(|frame| frame == "lent").unwrap();
    assert_eq!(frames[lent + 1], "taken back", "nothing is drawn meanwhile");
    assert!(recording.saw("edited, not written yet"));
    assert_eq!(recording.applied, [], "nothing is written by that");
}

#[test]
fn a_rejected_key_can_be_replaced() {
    let (engine, receiver) = InstantEngine::new(&[]);
    let recording = journey(
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
    assert!(recording.saw("Neon rejected this key"));
    assert_eq!(recording.plan.status(StepId::Login), Status::Done);
    assert_eq!(recording.reason, ExitReason::Quit);
    assert!(
        recording.last().contains("Joins your team's Neon project"),
        "{}",
        recording.last()
    );
}

#[test]
fn a_long_paste_with_line_ends_stays_in_the_field() {
    let (engine, receiver) = InstantEngine::new(&[]);
    let recording = journey(
        &engine,
        receiver,
        vec![
            TermEvent::Paste("0123456\n".repeat(512)),
            key(KeyCode::Enter),
        ],
    );
    assert!(recording.applied.is_empty());
    assert!(
        recording.saw("3584 characters can't be a key"),
        "{}",
        recording.last()
    );
}

#[test]
fn an_unmarked_paste_does_not_press_enter() {
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
    let (engine, mut receiver) = InstantEngine::new(&[]);
    let mut canvas = canvas();
    let clock = ManualClock::default();
    let events = "napi_0123456789\nabcdef\n".chars().map(|char| match char {
        '\n' => key(KeyCode::Enter),
        char => key(KeyCode::Char(char)),
    });
    {
        // the burst comes when the field is there
        let input = futures_util::stream::StreamExt::chain(
            TypedInput {
                events: [key(KeyCode::Up)].into(),
                rest: 0,
                closes: true,
                time: Rc::clone(&clock.now),
            },
            Burst(events.collect()),
        );
        let signals = futures_util::stream::pending::<Signal>();
        let mut running = pin!(run(
            &mut canvas,
            input,
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
        canvas.frames.last().unwrap().contains("21 characters"),
        "{}",
        canvas.frames.last().unwrap()
    );
}

#[test]
fn going_back_and_forth_keeps_the_answers() {
    let (engine, receiver) = InstantEngine::new(&[]);
    let recording = journey(
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
    assert_eq!(recording.reason, ExitReason::Cancelled);
    assert!(
        recording.last().contains("9 characters"),
        "{}",
        recording.last()
    );
}

#[test]
fn escape_cancels_and_the_step_is_open_again() {
    let (mut engine, receiver) = InstantEngine::new(&[StepId::Login]);
    engine.stuck = Some(StepId::Project);
    let recording = journey(
        &engine,
        receiver,
        vec![
            key(KeyCode::Enter),
            key(KeyCode::Esc),
            key(KeyCode::Char('q')),
        ],
    );
    assert!(recording.saw("waiting for Neon"), "a spinner came");
    assert!(recording.saw("canceled. Checking what was done…"));
    assert_eq!(recording.plan.status(StepId::Project), Status::Todo);
    assert_eq!(recording.reason, ExitReason::Quit);
}

#[test]
fn a_resize_in_the_middle_of_work_is_drawn_at_the_new_size() {
    let (mut engine, receiver) = InstantEngine::new(&[StepId::Login]);
    engine.stuck = Some(StepId::Project);
    let recording = journey(
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
    assert!(recording.saw("Make the window larger"));
    assert!(
        recording.last().contains("Quit now?"),
        "{}",
        recording.last()
    );
    assert_eq!(recording.last().lines().count(), 18);
}

#[test]
fn copy_and_suspend_reach_the_terminal() {
    let (engine, receiver) = InstantEngine::new(&StepId::ALL);
    let recording = journey(
        &engine,
        receiver,
        vec![
            key(KeyCode::Char('y')),
            ctrl('z'),
            ctrl('l'),
            key(KeyCode::Enter),
        ],
    );
    assert_eq!(recording.canvas.copied, ["neonup check"]);
    assert_eq!(recording.canvas.suspended, 1);
    assert_eq!(recording.reason, ExitReason::Finished);
}

#[test]
fn an_idle_wizard_sets_no_timer() {
    let (engine, mut receiver) = InstantEngine::new(&[StepId::Login]);
    let mut canvas = canvas();
    let clock = ManualClock::default();
    let input = TypedInput {
        events: VecDeque::new(),
        rest: 0,
        closes: false,
        time: Rc::clone(&clock.now),
    };
    let signals = futures_util::stream::pending::<Signal>();
    {
        let mut running = pin!(run(
            &mut canvas,
            input,
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
        canvas.frames.len() < 6,
        "bursts are drawn once: {}",
        canvas.frames.len()
    );
    assert!(canvas.frames.last().unwrap().contains("Create “aido-todo”"));
}
