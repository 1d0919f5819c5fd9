//! The terminal: the only part of the wizard that touches one. It is given back on quit, error, panic, signal and Ctrl-Z.
//!
//! Nothing here waits for an answer of the terminal (such as where its cursor is): it may come late, or never. The one question, for its
//! background, is answered among the keys.

use std::{
    cell::RefCell,
    future::Future,
    io::{self, Write as _},
    mem::ManuallyDrop,
    panic::{self, AssertUnwindSafe},
    pin::Pin,
    rc::Rc,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use crossterm::{
    cursor::{Hide, MoveTo, Show},
    event::{self, DisableBracketedPaste, EnableBracketedPaste, Event, EventStream, KeyEvent},
    execute, queue,
    style::Print,
    terminal::{
        BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
        LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
    },
};
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use ratatui::{
    Terminal,
    backend::{Backend as _, CrosstermBackend},
    layout::Rect,
};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::core::environment::Environment;
use crate::tui::{
    clipboard,
    engine::Engine,
    event_loop::{self, Canvas, Clock},
    keymap::{self, KeyCommand},
    links::{self, Link},
    msg::ExitReason,
    notes,
    options::Options,
    replies::{ASK_BACKGROUND, BACKGROUND_WITHIN},
    state::App,
    theme::Theme,
    view::view,
};
use crate::{
    core::{event::Event as EngineEvent, plan::Plan},
    os::{
        browser, crash,
        out::Out,
        signals::{Signal, Signals, suspend_job},
        typed,
    },
    ports::presentation::Presentation,
};

/// The terminal cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct TerminalError(#[from] io::Error);

/// Runs the wizard on the terminal of this process, with any engine.
pub(crate) async fn run_with(
    engine: &impl Engine,
    events: &mut UnboundedReceiver<EngineEvent>,
    options: Options,
) -> Result<(Plan, ExitReason), TerminalError> {
    let signals = Signals::ending_or_suspending()?;
    let hook = PanicHookGuard::install();
    let mut tty = Tty::enter(&options)?;
    let input = tty.input.clone();
    let clock = WallClock(Instant::now());
    let wizard = event_loop::run(&mut tty, input, signals, events, engine, &clock, options);
    // nothing of it is used after a panic but the terminal, which is given back
    let ended = AssertUnwindSafe(wizard).catch_unwind().await;
    drop(tty);
    drop(hook);
    let (plan, bug) = match ended {
        Ok(Ok((plan, ExitReason::Bug(step)))) => (plan, step),
        Ok(ended) => return Ok(ended?),
        Err(_panic) => (Plan::new(), "the screen".to_owned()),
    };
    let location = panic_location();
    let text = if location.is_empty() {
        bug
    } else {
        format!("{bug} at {location}")
    };
    Ok((plan, ExitReason::Bug(text)))
}

/// How often the notes are drawn: they have a clock with seconds, and follow another process.
const NOTES_EVERY: Duration = Duration::from_millis(250);

/// Shows the presenter's notes in this terminal, until a key ends it or a signal does.
pub(crate) async fn show_notes(
    theme: Theme,
    mut read: impl FnMut() -> Option<Presentation>,
) -> Result<(), TerminalError> {
    let mut signals = Signals::ending_or_suspending()?;
    let hook = PanicHookGuard::install();
    let mut tty = Tty::enter(&Options::default())?;
    let mut input = EventStream::new();
    let showing = async {
        loop {
            let presentation = read();
            tty.terminal.draw(|frame| {
                let area = frame.area();
                notes::draw(theme, presentation.as_ref(), area, frame.buffer_mut());
            })?;
            tokio::select! {
                signal = signals.next() => match signal {
                    Some(Signal::Stop) => {
                        tty.suspend()?;
                        tty.forget()?;
                    }
                    _ => return Ok(()),
                },
                event = input.next() => match event {
                    Some(Ok(Event::Key(key))) if is_leaving(key) => return Ok(()),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Ok(()),
                },
                () = tokio::time::sleep(NOTES_EVERY) => {}
            }
        }
    };
    let ended: Result<io::Result<()>, _> = AssertUnwindSafe(showing).catch_unwind().await;
    drop(tty);
    drop(hook);
    ended.unwrap_or_else(|_panic| Err(io::Error::other(panic_location())))?;
    Ok(())
}

/// Whether a key leaves the notes.
fn is_leaving(key: KeyEvent) -> bool {
    matches!(
        keymap::command(key, false),
        Some(KeyCommand::Quit | KeyCommand::Back | KeyCommand::Interrupt)
    )
}

/// The keys of the terminal. They are read only while it is asked for some, and not while another program has the terminal.
#[derive(Clone, Default)]
struct KeyInput(Rc<RefCell<Option<EventStream>>>);

impl KeyInput {
    /// Stops reading, so that what is typed from now on is another program's.
    fn pause(&self) {
        drop(self.0.take());
        // its thread reads until it hears of that, and it holds the reader as long as it does
        event::poll(READER_STOPS).ok();
    }
}

impl Stream for KeyInput {
    type Item = io::Result<Event>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut stream = self.0.borrow_mut();
        stream
            .get_or_insert_with(EventStream::new)
            .poll_next_unpin(context)
    }
}

/// How long the thread that reads keys may take to stop.
const READER_STOPS: Duration = Duration::from_millis(20);

/// Real time.
struct WallClock(Instant);

impl Clock for WallClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn until(&self, then: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep_until((self.0 + then).into()))
    }
}

/// The terminal, while the wizard has it.
struct Tty {
    // its own drop would print to a terminal that may be dead, which panics
    terminal: ManuallyDrop<Terminal<CrosstermBackend<io::BufWriter<io::Stdout>>>>,
    /// The links that are on the screen, where the terminal is to have them.
    links: Option<Vec<Link>>,
    tmux: Option<Environment>,
    browser: Option<Environment>,
    /// When the terminal was asked for its background.
    asked: Option<Instant>,
    input: KeyInput,
}

impl Tty {
    fn enter(options: &Options) -> io::Result<Self> {
        take()?;
        let out = io::BufWriter::with_capacity(32 * 1024, io::stdout());
        match Terminal::new(CrosstermBackend::new(out)) {
            Ok(terminal) => Ok(Self {
                terminal: ManuallyDrop::new(terminal),
                links: options.links.then(Vec::new),
                tmux: options.tmux.clone(),
                browser: options.browser.clone(),
                asked: None,
                input: KeyInput::default(),
            }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }
}

impl Tty {
    /// Writes those addresses again that were drawn just now, as links. Whatever is drawn over a link is none any more.
    fn link(&mut self, found: Vec<Link>) -> io::Result<()> {
        let known = self.links.replace(found).unwrap_or_default();
        let out = self.terminal.backend_mut();
        for link in self.links.iter().flatten() {
            if known.contains(link) {
                continue;
            }
            write!(out, "\x1b]8;;{}\x1b\\", link.address)?;
            let cells = (link.column..).zip(&link.cells);
            out.draw(cells.map(|(column, cell)| (column, link.row, cell)))?;
            write!(out, "\x1b]8;;\x1b\\")?;
        }
        Ok(())
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        let open = |asked: Instant| asked.elapsed() <= BACKGROUND_WITHIN;
        if self.asked.is_some_and(open) {
            // whoever reads next would take an answer that is still on its way for something typed
            typed::forget();
        }
        give_back();
    }
}

impl Canvas for Tty {
    type Error = io::Error;

    fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    fn draw(&mut self, app: &App) -> io::Result<()> {
        // a terminal that knows it shows the frame at once; the others ignore it
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let found = {
            let frame = self.terminal.draw(|frame| view(app, frame))?;
            self.links.is_some().then(|| links::find(frame.buffer))
        };
        if let Some(found) = found {
            self.link(found)?;
        }
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    fn forget(&mut self) -> io::Result<()> {
        if let Some(links) = &mut self.links {
            links.clear();
        }
        // `Terminal::clear` would ask for the cursor's place
        let size = self.terminal.size()?;
        self.terminal
            .resize(Rect::new(0, 0, size.width, size.height))
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        clipboard::copy(self.terminal.backend_mut(), text, self.tmux.as_ref())
    }

    fn open(&mut self, address: &str) {
        if let Some(environment) = &self.browser {
            browser::open(environment, address);
        }
    }

    fn mouse(&mut self, on: bool) -> io::Result<()> {
        MOUSE.store(on, Ordering::SeqCst);
        let sequence = if on { MOUSE_ON } else { MOUSE_OFF };
        execute!(self.terminal.backend_mut(), Print(sequence))
    }

    fn ask_background(&mut self) -> io::Result<()> {
        self.asked = Some(Instant::now());
        execute!(self.terminal.backend_mut(), Print(ASK_BACKGROUND))
    }

    fn suspend(&mut self) -> io::Result<()> {
        give_back();
        suspend_job()?;
        take()
    }

    fn lend(&mut self) -> io::Result<()> {
        self.input.pause();
        give_back();
        Ok(())
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout();
        writeln!(out, "{text}")?;
        out.flush()
    }

    fn take_back(&mut self) -> io::Result<()> {
        take()
    }
}

/// Whether the terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether the mouse is ours, as long as the terminal is.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Presses and the wheel in SGR's form. Not every movement, which would wake the wizard up for nothing.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// What [`give_back`] writes, in one piece, for a signal that ends us at once: the mouse, pastes, the screen, the cursor.
const GIVE_BACK: &[u8] =
    b"\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[2J\x1b[1;1H\x1b[?1049l\x1b[?25h";

/// Raw mode, the alternate screen, pastes in one piece, no cursor. A terminal without an alternate screen is cleared.
fn take() -> io::Result<()> {
    crash::arm(Out::Stdout, GIVE_BACK);
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        Clear(ClearType::All),
        EnableBracketedPaste,
        Hide
    )?;
    if MOUSE.load(Ordering::SeqCst) {
        execute!(io::stdout(), Print(MOUSE_ON))?;
    }
    Ok(())
}

/// Everything back. May be called at any time and twice; a dead terminal isn't an error. A terminal without an alternate screen
/// is cleared, so that the shell does not go on in the middle of what we drew.
fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    if MOUSE.load(Ordering::SeqCst) {
        execute!(io::stdout(), Print(MOUSE_OFF)).ok();
    }
    execute!(
        io::stdout(),
        DisableBracketedPaste,
        Clear(ClearType::All),
        MoveTo(0, 0),
        LeaveAlternateScreen,
        Show
    )
    .ok();
    disable_raw_mode().ok();
    crash::disarm();
}

/// Our panic hook, for as long as the wizard has the terminal.
///
/// A panic of the screen is caught around the event loop, and one of a task arrives as a bug event: either is reported in one
/// sentence after the terminal was given back. Printed at once, it would be in the middle of the screen; and its message may
/// hold anything, so that only its location is kept.
struct PanicHookGuard;

type PanicHook = Box<dyn Fn(&panic::PanicHookInfo<'_>) + Sync + Send + 'static>;

static BEFORE: Mutex<Option<PanicHook>> = Mutex::new(None);
static LOCATION: Mutex<String> = Mutex::new(String::new());

fn panic_location() -> String {
    LOCATION
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

impl PanicHookGuard {
    fn install() -> Self {
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic::take_hook());
        panic::set_hook(Box::new(|info| {
            if let Some(location) = info.location() {
                *LOCATION.lock().unwrap_or_else(PoisonError::into_inner) = location.to_string();
            }
        }));
        Self
    }
}

impl Drop for PanicHookGuard {
    fn drop(&mut self) {
        // a hook cannot be changed by a thread that is panicking
        if std::thread::panicking() {
            return;
        }
        let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(before) = before {
            panic::set_hook(before);
        }
    }
}
