//! The wizard in a real pseudo-terminal, over a make-believe engine.
//!
//! The child is this very test binary, told by a variable of the environment to be the wizard.
#![expect(clippy::print_stdout, reason = "the child says how it ended")]

use std::{
    collections::BTreeSet,
    io::{Read as _, Write},
    num::NonZero,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    core::{
        answer::Answer,
        event::{Event, EventKind},
        step::StepId,
    },
    testing::screens,
    tui::{Options, engine::Engine, terminal},
};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

const CHILD: &str = "NEONUP_TEST_WIZARD";

/// The scripted engine, at its own pace.
struct Paced {
    world: Mutex<screens::ScriptedEngine>,
    events: UnboundedSender<Event>,
    cancelled: Arc<Mutex<BTreeSet<u64>>>,
    latest: Mutex<std::collections::BTreeMap<StepId, u64>>,
    bug: Option<Bug>,
}

/// Where something of ours panics.
#[derive(Clone, Copy, PartialEq)]
enum Bug {
    Task,
    Screen,
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

    fn apply(&self, answer: Answer) {
        let step = answer.step();
        assert!(self.bug != Some(Bug::Screen), "canary of a panic");
        if self.bug == Some(Bug::Task) {
            // a task of ours panics: the runtime says so, the hook keeps it off the screen
            let events = self.events.clone();
            thread::spawn(move || {
                let panicked = std::panic::catch_unwind(|| panic!("canary of a panic"));
                assert!(panicked.is_err());
                let kind = EventKind::Bug(format!("the {step} step panicked"));
                events.send(screens::event(step, 1, kind)).ok();
            });
            return;
        }
        let happens = self.world.lock().unwrap().apply(&answer);
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
        world: Mutex::new(screens::ScriptedEngine::with_done(done)),
        events,
        cancelled: Arc::default(),
        latest: Mutex::default(),
        bug: match what.as_str() {
            "bug" => Some(Bug::Task),
            "bug of the screen" => Some(Bug::Screen),
            _ => None,
        },
    };
    let options = Options {
        no_color: std::env::var_os("NO_COLOR").is_some(),
        ascii: what == "ascii",
        links: what != "unlinked",
        ..screens::options()
    };
    let options = match what.as_str() {
        "linked" | "unlinked" => Options {
            service: "Neon".to_owned(),
            ..options
        },
        _ => options,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let ended = runtime.block_on(terminal::run_with(&engine, &mut receiver, options));
    println!("ended: {:?}", ended.map(|(_, reason)| reason));
}
/// The wizard in a pseudo-terminal of its own.
struct Wizard {
    screen: Arc<Mutex<vt100::Parser>>,
    raw: Arc<Mutex<Vec<u8>>>,
    keys: Option<Box<dyn Write + Send>>,
    reader: Option<thread::JoinHandle<()>>,
    deaf: Arc<AtomicBool>,
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
}

fn size(rows: u16, columns: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn some(number: u16) -> NonZero<u16> {
    number.try_into().unwrap()
}

impl Wizard {
    fn open(what: &str) -> Self {
        let pair = native_pty_system().openpty(size(24, 80)).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", "tui::tests::terminal::child", "--nocapture"]);
        command.env(CHILD, what);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(some(24), some(80), 0)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let (shown, bytes) = (Arc::clone(&screen), Arc::clone(&raw));
        let deaf = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&deaf);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = reader.read(&mut buffer) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else {
                    break;
                };
                shown.lock().unwrap().process(read);
                bytes.lock().unwrap().extend_from_slice(read);
            }
        });
        Self {
            screen,
            raw,
            keys: Some(keys),
            reader: Some(reader),
            deaf,
            child,
            master: Some(pair.master),
        }
    }

    fn screen(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    fn until(&self, what: &str, met: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !met(self) {
            let late = start.elapsed() > Duration::from_secs(20);
            assert!(!late, "never {what}:\n{}", self.screen());
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn wait(&self, words: &str) {
        self.until(words, |wizard| wizard.screen().contains(words));
    }

    fn send(&mut self, keys: &str) {
        let writer = self.keys.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    fn paste(&mut self, text: &str) {
        self.send(&format!("\x1b[200~{text}\x1b[201~"));
    }

    fn resize(&self, rows: u16, columns: u16) {
        // the emulator first: the program draws as soon as the pseudo-terminal has its new size
        let mut screen = self.screen.lock().unwrap();
        screen.screen_mut().set_size(some(rows), some(columns));
        drop(screen);
        self.master
            .as_ref()
            .unwrap()
            .resize(size(rows, columns))
            .unwrap();
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits until the system has stopped the process.
    fn stopped(&self) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid);
        let (_, status) = rustix::process::waitpid(pid, rustix::process::WaitOptions::UNTRACED)
            .unwrap()
            .unwrap();
        assert!(status.stopped(), "it ended instead of stopping");
    }

    /// Waits for the end, and for the terminal to be as it was.
    fn ends(&mut self) {
        self.child.wait().unwrap();
        self.until("the terminal back", |wizard| {
            let screen = wizard.screen.lock().unwrap();
            let screen = screen.screen();
            !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
        });
    }
}

impl Drop for Wizard {
    fn drop(&mut self) {
        self.child.kill().ok();
    }
}

const GOOD: &str = "napi_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abgood";

#[test]
fn from_a_wrong_key_to_the_summary_with_enter_alone() {
    let mut wizard = Wizard::open("fresh");
    wizard.wait("paste it here");
    assert!(wizard.screen.lock().unwrap().screen().alternate_screen());
    wizard.paste("napi_0123456789abcdef-bad\n");
    wizard.wait("…-bad");
    wizard.send("\r");
    wizard.wait("refused by Neon");
    wizard.paste(&format!("NEON_API_KEY=\"{GOOD}\"\n"));
    wizard.wait("…good");
    wizard.send("\r");
    for question in [
        "Create “aido-todo”",
        "Write 2 files",
        "Write backend",
        "Run assets",
        "Start the app",
        "Mend the repository",
    ] {
        wizard.wait(&format!("❯ {question}"));
        wizard.send("\r");
    }
    wizard.wait("❯ Finish");
    wizard.send("\r");
    wizard.ends();
    wizard.wait("ended: Ok(Finished)");
    let raw = String::from_utf8_lossy(&wizard.raw.lock().unwrap()).into_owned();
    assert!(
        !raw.contains("0123456789abcdef"),
        "the key was sent to the terminal"
    );
    assert!(
        !raw.contains("\x1b[6n"),
        "the terminal was asked for its cursor"
    );
}

#[test]
fn a_resize_and_a_long_paste_in_the_middle() {
    let mut wizard = Wizard::open("fresh");
    wizard.wait("paste it here");
    wizard.paste(&"x1y2z3w\n".repeat(512));
    wizard.wait("3584 characters");
    wizard.resize(10, 40);
    wizard.wait("Make the window larger");
    wizard.resize(40, 120);
    wizard.until("120 columns", |wizard| {
        wizard.screen().contains(&"─".repeat(99))
    });
    wizard.resize(18, 60);
    wizard.until("60 columns", |wizard| wizard.screen().contains("▸1 Login"));
    wizard.send("\r");
    wizard.wait("cannot be a key");
    wizard.send("\x03");
    wizard.ends();
    wizard.wait("ended: Ok(Cancelled)");
}

#[test]
fn escape_cancels_and_ctrl_c_asks_while_something_runs() {
    let mut wizard = Wizard::open("login");
    wizard.wait("❯ Create “aido-todo”");
    wizard.send("\r");
    wizard.wait("talking to Neon");
    wizard.send("\x1b");
    wizard.wait("❯ Create “aido-todo”");
    wizard.send("\r");
    wizard.wait("talking to Neon");
    wizard.send("\x03");
    wizard.wait("Leave now?");
    wizard.send("\x03");
    wizard.ends();
    wizard.wait("ended: Ok(Cancelled)");
}

#[test]
fn a_resize_during_a_create_keeps_the_work_and_its_end() {
    let mut wizard = Wizard::open("login");
    wizard.wait("❯ Create “aido-todo”");
    wizard.send("\r");
    wizard.wait("talking to Neon");
    wizard.resize(10, 40);
    wizard.resize(40, 120);
    wizard.until("120 columns", |wizard| {
        wizard.screen().contains(&"─".repeat(99))
    });
    // the create ends, and the wizard goes on by itself to the next open step
    wizard.wait("❯ Write 2 files");
    wizard.send("\x03");
    wizard.ends();
    wizard.wait("ended: Ok(Cancelled)");
}

#[test]
fn back_from_the_fifth_step_to_the_second_and_forward_again() {
    let mut wizard = Wizard::open("login");
    for question in ["Create “aido-todo”", "Write 2 files", "Write backend"] {
        wizard.wait(&format!("❯ {question}"));
        wizard.send("\r");
    }
    wizard.wait("❯ Run assets");
    for answered in ["Backend", "Environment", "Project"] {
        wizard.send("\x1b");
        wizard.until(answered, |wizard| {
            let screen = wizard.screen();
            let heading = screen.lines().nth(2).unwrap_or_default();
            heading.contains(answered) && heading.contains("done")
        });
    }
    // done stays done: Enter alone goes forward through what is answered
    for next in ["Environment", "Backend", "Schema"] {
        wizard.send("\r");
        wizard.until(next, |wizard| {
            let screen = wizard.screen();
            screen.lines().nth(2).unwrap_or_default().contains(next)
        });
    }
    wizard.wait("❯ Run assets");
    wizard.send("q");
    wizard.ends();
}

#[test]
fn a_watch_is_left_with_escape_and_the_screen_stands_still_again() {
    let mut wizard = Wizard::open("done");
    wizard.wait("❯ Finish");
    wizard.send("6");
    wizard.wait("w watch");
    wizard.send("w");
    wizard.wait("2 looks");
    wizard.send("\x1b");
    wizard.until("no watch", |wizard| {
        !wizard.screen().contains("Watching once a second")
    });
    wizard.wait("❯ Go on to Secrets");
    wizard.send("q");
    wizard.ends();
}

#[test]
fn ctrl_z_gives_the_terminal_back_until_it_goes_on() {
    let mut wizard = Wizard::open("done");
    wizard.wait("❯ Finish");
    wizard.send("\x1a");
    wizard.until("the terminal back", |wizard| {
        !wizard.screen.lock().unwrap().screen().alternate_screen()
    });
    // a signal to go on that comes before the stop would be lost, as it is for any program
    wizard.stopped();
    assert!(!wizard.screen.lock().unwrap().screen().alternate_screen());
    wizard.signal(rustix::process::Signal::CONT);
    wizard.wait("❯ Finish");
    assert!(wizard.screen.lock().unwrap().screen().alternate_screen());
    wizard.send("?");
    wizard.wait("Do what is chosen");
    wizard.send("q\r");
    wizard.ends();
}

#[test]
fn signals_end_it_with_the_terminal_as_it_was() {
    for (signal, reason) in [
        (rustix::process::Signal::TERM, "Cancelled"),
        (rustix::process::Signal::INT, "Cancelled"),
        (rustix::process::Signal::HUP, "Hangup"),
    ] {
        let mut wizard = Wizard::open("done");
        wizard.wait("❯ Finish");
        wizard.signal(signal);
        wizard.ends();
        wizard.wait(&format!("ended: Ok({reason})"));
    }
}

#[test]
fn a_closed_terminal_ends_it() {
    let mut wizard = Wizard::open("done");
    wizard.wait("❯ Finish");
    // whoever reads holds the terminal open: it lets go at the next frame, which a resize brings about
    wizard.deaf.store(true, Ordering::Relaxed);
    wizard.resize(30, 90);
    wizard.reader.take().unwrap().join().unwrap();
    wizard.keys = None;
    wizard.master = None;
    let status = wizard.child.wait().unwrap();
    assert_eq!(status.signal(), None, "it ended by itself");
}

#[test]
fn a_panic_leaves_cleanly_and_its_message_is_not_shown() {
    for (bug, told) in [
        ("bug", "the login step panicked at"),
        ("bug of the screen", "the screen at"),
    ] {
        let mut wizard = Wizard::open(bug);
        wizard.wait("paste it here");
        wizard.paste(GOOD);
        wizard.wait("…good");
        wizard.send("\r");
        wizard.ends();
        wizard.wait(&format!("ended: Ok(Bug(\"{told} "));
        let raw = String::from_utf8_lossy(&wizard.raw.lock().unwrap()).into_owned();
        assert!(!raw.contains("canary of a panic"), "{bug}");
    }
}

#[test]
fn the_mouse_is_taken_when_asked_for_and_given_back() {
    use vt100::MouseProtocolMode;
    let mode = |wizard: &Wizard| {
        let screen = wizard.screen.lock().unwrap();
        screen.screen().mouse_protocol_mode()
    };
    let mut wizard = Wizard::open("login");
    wizard.wait("❯ Create “aido-todo”");
    assert_eq!(mode(&wizard), MouseProtocolMode::None);
    wizard.send("M");
    wizard.wait("the mouse works here");
    assert_eq!(mode(&wizard), MouseProtocolMode::PressRelease);
    // the seventh step in the column, then the second
    wizard.send("\x1b[<0;6;9M\x1b[<0;6;9m");
    wizard.wait("Looks for your live password");
    wizard.send("\x1b[<0;6;4M\x1b[<0;6;4m");
    wizard.wait("❯ Create “aido-todo”");
    wizard.send("\x1a");
    wizard.stopped();
    wizard.until("no mouse", |wizard| mode(wizard) == MouseProtocolMode::None);
    wizard.signal(rustix::process::Signal::CONT);
    wizard.until("the mouse again", |wizard| {
        mode(wizard) == MouseProtocolMode::PressRelease
    });
    wizard.send("q");
    wizard.ends();
    assert_eq!(mode(&wizard), MouseProtocolMode::None);
}

#[test]
fn an_address_is_a_link_that_can_be_read() {
    let address = "console.neon.tech/app/settings/api-keys";
    let count = |wizard: &Wizard, words: &str| {
        String::from_utf8_lossy(&wizard.raw.lock().unwrap())
            .matches(words)
            .count()
    };
    let open = format!("\x1b]8;;https://{address}\x1b\\");
    let mut wizard = Wizard::open("linked");
    wizard.wait(address);
    wizard.until("a link", |wizard| count(wizard, &open) == 1);
    // what stands still is not sent again
    wizard.send("\t");
    wizard.wait("tab field");
    assert_eq!(count(&wizard, &open), 1);
    wizard.send("\x0c");
    wizard.until("drawn anew", |wizard| count(wizard, &open) == 2);
    wizard.send("\x03");
    wizard.ends();
    assert_eq!(
        count(&wizard, "\x1b]8;;\x1b\\"),
        count(&wizard, "\x1b]8;;http"),
        "every link ends"
    );
    let mut plain = Wizard::open("unlinked");
    plain.wait(address);
    plain.send("\x03");
    plain.ends();
    assert_eq!(count(&plain, "\x1b]8;"), 0);
}

#[test]
fn a_terminal_without_an_alternate_screen_is_cleared_before_and_after() {
    let mut wizard = Wizard::open("fresh");
    wizard.wait("paste it here");
    wizard.send("\x03");
    wizard.ends();
    wizard.wait("ended: Ok(Cancelled)");
    let raw = String::from_utf8_lossy(&wizard.raw.lock().unwrap()).into_owned();
    // what such a terminal would show: it does not know the sequence, and its screen was full of something else
    let (before, after) = raw.split_once("\x1b[?1049l").unwrap();
    let mut screen = vt100::Parser::new(some(24), some(80), 0);
    for row in 0..24 {
        screen.process(format!("\x1b[{};1H{}", row + 1, "old ".repeat(20)).as_bytes());
    }
    let last = before.rfind("\x1b[2J").unwrap();
    let (drawn, _) = before.split_at(last);
    screen.process(drawn.replace("\x1b[?1049h", "").as_bytes());
    assert!(screen.screen().contents().contains("paste it here"));
    assert!(!screen.screen().contents().contains("old "));
    screen.process(before.trim_start_matches(drawn).as_bytes());
    screen.process(after.as_bytes());
    let left = screen.screen().contents();
    assert!(left.trim_start().starts_with("ended: "), "{left}");
}
