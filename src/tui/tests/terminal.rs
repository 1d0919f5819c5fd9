//! The wizard in a real pseudo-terminal, with the scripted engine.
//!
//! The subprocess is this very test binary, which an environment variable makes the wizard.
#![expect(clippy::print_stdout, reason = "the subprocess prints how it ended")]

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::{
    core::{
        answer::Answer,
        event::{Event, EventKind},
        step::StepId,
    },
    testing::{
        screens,
        terminal::{Terminal, emulator},
    },
    tui::{Options, engine::Engine, terminal},
};
use portable_pty::CommandBuilder;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// The variable that makes the test binary the wizard, in this state.
const ROLE: &str = "NEONUP_TEST_WIZARD";

/// The scripted engine, at its own pace.
struct PacedEngine {
    script: Mutex<screens::ScriptedEngine>,
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

impl PacedEngine {
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

impl Engine for PacedEngine {
    fn probe(&self, steps: &[StepId]) {
        let happens = self.script.lock().unwrap().probe(steps);
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
        let happens = self.script.lock().unwrap().apply(&answer);
        self.play(happens);
    }

    fn cancel(&self, step: StepId) {
        let run = self.latest.lock().unwrap().get(&step).copied().unwrap_or(0);
        self.cancelled.lock().unwrap().insert(run);
        let event = self.script.lock().unwrap().cancel(step, run);
        self.events.send(event).ok();
    }
}

#[test]
fn subprocess() {
    let Ok(what) = std::env::var(ROLE) else {
        return;
    };
    let (events, mut receiver) = unbounded_channel();
    let done: &[StepId] = match what.as_str() {
        "done" => &StepId::ALL,
        "login" => &[StepId::Login],
        _ => &[],
    };
    let engine = PacedEngine {
        script: Mutex::new(screens::ScriptedEngine::with_done(done)),
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

/// Opens the wizard in a terminal of 80 × 24.
fn open(what: &str) -> Terminal {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tui::tests::terminal::subprocess", "--nocapture"]);
    command.env(ROLE, what);
    command.env("TERM", "xterm-256color");
    command.env_remove("NO_COLOR");
    Terminal::open(command, (80, 24))
}

/// Waits for the end, and for the terminal to be as it was.
fn wait_for_end(wizard: &mut Terminal) {
    wizard.wait_for_end();
    wizard.wait_for_restore();
}

const GOOD: &str = "napi_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abgood";

#[test]
fn enter_alone_leads_from_a_rejected_key_to_the_summary() {
    let mut wizard = open("fresh");
    wizard.wait_for("paste it here");
    assert!(wizard.output().screen().alternate_screen());
    wizard.paste("napi_0123456789abcdef-bad\n");
    wizard.wait_for("…-bad");
    wizard.press("\r");
    wizard.wait_for("Neon rejected this key");
    wizard.paste(&format!("NEON_API_KEY=\"{GOOD}\"\n"));
    wizard.wait_for("…good");
    wizard.press("\r");
    for question in [
        "Create “aido-todo”",
        "Write 2 files",
        "Write backend",
        "Run assets",
        "Start the app",
        "Fix the repository",
    ] {
        wizard.wait_for(&format!("❯ {question}"));
        wizard.press("\r");
    }
    wizard.wait_for("❯ Finish");
    wizard.press("\r");
    wait_for_end(&mut wizard);
    wizard.wait_for("ended: Ok(Finished)");
    let raw = wizard.raw();
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
fn resizes_and_a_long_paste_keep_the_screen_whole() {
    let mut wizard = open("fresh");
    wizard.wait_for("paste it here");
    wizard.paste(&"x1y2z3w\n".repeat(512));
    wizard.wait_for("3,584 characters");
    wizard.resize((40, 10));
    wizard.wait_for("Make the window larger");
    wizard.resize((120, 40));
    wizard.until("120 columns", |wizard| {
        wizard.text().contains(&"─".repeat(99))
    });
    wizard.resize((60, 18));
    wizard.until("60 columns", |wizard| wizard.text().contains("▸1 Login"));
    wizard.press("\r");
    wizard.wait_for("can't be a key");
    wizard.press("\x03");
    wait_for_end(&mut wizard);
    wizard.wait_for("ended: Ok(Cancelled)");
}

#[test]
fn escape_cancels_and_ctrl_c_asks_while_something_runs() {
    let mut wizard = open("login");
    wizard.wait_for("❯ Create “aido-todo”");
    wizard.press("\r");
    wizard.wait_for("waiting for Neon");
    wizard.press("\x1b");
    wizard.wait_for("❯ Create “aido-todo”");
    wizard.press("\r");
    wizard.wait_for("waiting for Neon");
    wizard.press("\x03");
    wizard.wait_for("Quit now?");
    wizard.press("\x03");
    wait_for_end(&mut wizard);
    wizard.wait_for("ended: Ok(Cancelled)");
}

#[test]
fn a_resize_during_an_apply_keeps_the_work() {
    let mut wizard = open("login");
    wizard.wait_for("❯ Create “aido-todo”");
    wizard.press("\r");
    wizard.wait_for("waiting for Neon");
    wizard.resize((40, 10));
    wizard.resize((120, 40));
    wizard.until("120 columns", |wizard| {
        wizard.text().contains(&"─".repeat(99))
    });
    // the create ends, and the wizard goes on by itself to the next open step
    wizard.wait_for("❯ Write 2 files");
    wizard.press("\x03");
    wait_for_end(&mut wizard);
    wizard.wait_for("ended: Ok(Cancelled)");
}

#[test]
fn going_back_shows_done_steps_and_enter_goes_forward_again() {
    let mut wizard = open("login");
    for question in ["Create “aido-todo”", "Write 2 files", "Write backend"] {
        wizard.wait_for(&format!("❯ {question}"));
        wizard.press("\r");
    }
    wizard.wait_for("❯ Run assets");
    for answered in ["Backend", "Environment", "Project"] {
        wizard.press("\x1b");
        wizard.until(answered, |wizard| {
            let heading = wizard.heading();
            heading.contains(answered) && heading.contains("done")
        });
    }
    // done stays done: Enter alone goes forward through what is answered
    for next in ["Environment", "Backend", "Schema"] {
        wizard.press("\r");
        wizard.until(next, |wizard| wizard.heading().contains(next));
    }
    wizard.wait_for("❯ Run assets");
    wizard.press("q");
    wait_for_end(&mut wizard);
}

#[test]
fn escape_ends_a_watch() {
    let mut wizard = open("done");
    wizard.wait_for("❯ Finish");
    wizard.press("6");
    wizard.wait_for("w watch");
    wizard.press("w");
    wizard.wait_for("checked 2 times");
    wizard.press("\x1b");
    wizard.until("no watch", |wizard| !wizard.text().contains("Watching:"));
    wizard.wait_for("❯ Continue to Secrets");
    wizard.press("q");
    wait_for_end(&mut wizard);
}

#[test]
fn ctrl_z_gives_the_terminal_back_until_the_job_continues() {
    let mut wizard = open("done");
    wizard.wait_for("❯ Finish");
    wizard.press("\x1a");
    wizard.until("the terminal back", |wizard| {
        !wizard.output().screen().alternate_screen()
    });
    // a signal to go on that comes before the stop would be lost, as it is for any program
    wizard.wait_for_stop();
    assert!(!wizard.output().screen().alternate_screen());
    wizard.signal(rustix::process::Signal::CONT);
    wizard.wait_for("❯ Finish");
    assert!(wizard.output().screen().alternate_screen());
    wizard.press("?");
    wizard.wait_for("Run the selected action");
    wizard.press("q\r");
    wait_for_end(&mut wizard);
}

#[test]
fn signals_end_the_wizard_and_restore_the_terminal() {
    for (signal, reason) in [
        (rustix::process::Signal::TERM, "Cancelled"),
        (rustix::process::Signal::INT, "Cancelled"),
        (rustix::process::Signal::HUP, "Hangup"),
    ] {
        let mut wizard = open("done");
        wizard.wait_for("❯ Finish");
        wizard.signal(signal);
        wait_for_end(&mut wizard);
        wizard.wait_for(&format!("ended: Ok({reason})"));
    }
}

#[test]
fn a_closed_terminal_ends_the_wizard() {
    let mut wizard = open("done");
    wizard.wait_for("❯ Finish");
    // the frame that a resize brings about is the last that is read
    wizard.close(|wizard| wizard.resize((90, 30)));
    let status = wizard.wait_for_end();
    assert_eq!(status.signal(), None, "it ended by itself");
}

#[test]
fn a_panic_restores_the_terminal_and_hides_its_message() {
    for (bug, told) in [
        ("bug", "the login step panicked at"),
        ("bug of the screen", "the screen at"),
    ] {
        let mut wizard = open(bug);
        wizard.wait_for("paste it here");
        wizard.paste(GOOD);
        wizard.wait_for("…good");
        wizard.press("\r");
        wait_for_end(&mut wizard);
        wizard.wait_for(&format!("ended: Ok(Bug(\"{told} "));
        let raw = wizard.raw();
        assert!(!raw.contains("canary of a panic"), "{bug}");
    }
}

#[test]
fn the_mouse_is_captured_on_request_and_released() {
    use vt100::MouseProtocolMode;
    let mode = |wizard: &Terminal| wizard.output().screen().mouse_protocol_mode();
    let mut wizard = open("login");
    wizard.wait_for("❯ Create “aido-todo”");
    assert_eq!(mode(&wizard), MouseProtocolMode::None);
    wizard.press("M");
    wizard.wait_for("mouse on");
    assert_eq!(mode(&wizard), MouseProtocolMode::PressRelease);
    // the seventh step in the column, then the second
    wizard.press("\x1b[<0;6;9M\x1b[<0;6;9m");
    wizard.wait_for("Searches for your live password");
    wizard.press("\x1b[<0;6;4M\x1b[<0;6;4m");
    wizard.wait_for("❯ Create “aido-todo”");
    wizard.press("\x1a");
    wizard.wait_for_stop();
    wizard.until("no mouse", |wizard| mode(wizard) == MouseProtocolMode::None);
    wizard.signal(rustix::process::Signal::CONT);
    wizard.until("the mouse again", |wizard| {
        mode(wizard) == MouseProtocolMode::PressRelease
    });
    wizard.press("q");
    wait_for_end(&mut wizard);
    assert_eq!(mode(&wizard), MouseProtocolMode::None);
}

#[test]
fn shown_addresses_are_links() {
    let address = "console.neon.tech/app/settings/api-keys";
    let count = |wizard: &Terminal, words: &str| wizard.raw().matches(words).count();
    let link = format!("\x1b]8;;https://{address}\x1b\\");
    let mut wizard = open("linked");
    wizard.wait_for(address);
    wizard.until("a link", |wizard| count(wizard, &link) == 1);
    // what stands still is not sent again
    wizard.press("\t");
    wizard.wait_for("tab field");
    assert_eq!(count(&wizard, &link), 1);
    wizard.press("\x0c");
    wizard.until("drawn anew", |wizard| count(wizard, &link) == 2);
    wizard.press("\x03");
    wait_for_end(&mut wizard);
    assert_eq!(
        count(&wizard, "\x1b]8;;\x1b\\"),
        count(&wizard, "\x1b]8;;http"),
        "every link ends"
    );
    let mut plain = open("unlinked");
    plain.wait_for(address);
    plain.press("\x03");
    wait_for_end(&mut plain);
    assert_eq!(count(&plain, "\x1b]8;"), 0);
}

#[test]
fn a_terminal_without_an_alternate_screen_is_cleared_before_and_after() {
    let mut wizard = open("fresh");
    wizard.wait_for("paste it here");
    wizard.press("\x03");
    wait_for_end(&mut wizard);
    wizard.wait_for("ended: Ok(Cancelled)");
    let raw = wizard.raw();
    // what such a terminal would show: it does not know the sequence, and its screen was full of something else
    let (before, after) = raw.split_once("\x1b[?1049l").unwrap();
    let mut screen = emulator((80, 24));
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
