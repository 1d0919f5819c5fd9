//! What the screen costs: a frame of every state, a key, the bytes on the line, and a minute in which nothing happens.
//!
//! `cargo bench --bench frames` prints the figures; `NEONUP_BENCH_IDLE_S` shortens the minute. What is measured inside this
//! process is the thread's own CPU, so that it holds on a busy machine; from key to frame is wall time, through a real terminal.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    unreachable_pub,
    dead_code,
    reason = "a benchmark that is surprised should stop there and say so; it shares the tests' support"
)]

mod support;

use std::{thread, time::Duration};

use neonup::testing::bench::Wizard;
use ratatui::{Terminal as Screen, backend::TestBackend};
use serde_json::json;
use support::{
    Frames as _, Threads, median, millis, open,
    real::{Home, Repo, Sandbox, faults},
    row, thread_cpu, until_done, wanted, worst,
};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (300, 100)];
const FRAMES: usize = 30;
const KEYS: usize = 60;

fn main() {
    if !wanted() {
        return;
    }
    for size in SIZES {
        frames(size);
    }
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    let run = repo.neonup(&home, &sandbox, &["setup", "project", "--yes"]);
    assert_eq!(run.code, 0, "{run:#?}");
    step(&home, &sandbox, &repo);
    spinner(&home, &sandbox, &repo);
    let run = repo.neonup(&home, &sandbox, &["setup", "--yes"]);
    assert_eq!(run.code, 0, "{run:#?}");
    for size in [(80, 24), (120, 40)] {
        keys(&home, &sandbox, &repo, size);
    }
    idle(&home, &sandbox, &repo);
    sandbox.stop();
}

/// A frame on an empty screen: laid out, drawn, and compared cell by cell with what was there.
fn frame(wizard: &Wizard, (columns, rows): (u16, u16)) -> Duration {
    let mut screen = Screen::new(TestBackend::new(columns, rows)).unwrap();
    let before = thread_cpu();
    screen.draw(|frame| wizard.draw(frame)).unwrap();
    thread_cpu().saturating_sub(before)
}

fn frames(size: (u16, u16)) {
    let mut states: Vec<_> = Wizard::fixtures()
        .into_iter()
        .map(|(name, mut wizard)| {
            wizard.resize(size);
            let times: Vec<_> = (0..FRAMES).map(|_| frame(&wizard, size)).collect();
            (median(&times), name)
        })
        .collect();
    states.sort_unstable();
    let (slowest, name) = states.last().unwrap();
    let middle = states[states.len() / 2].0;
    let (columns, rows) = size;
    row(
        &format!(
            "a frame at {columns}×{rows}, the median of {} states",
            states.len()
        ),
        format!(
            "{} CPU; the slowest ({name}) {}",
            millis(middle),
            millis(*slowest)
        ),
    );
}

/// The env step, from where it opens until it is done and the next one is shown.
fn step(home: &Home, sandbox: &Sandbox, repo: &Repo) {
    let mut terminal = open(home, sandbox, &repo.root, (80, 24));
    terminal.until("the env step", |terminal| {
        terminal.heading().starts_with("Environment") && terminal.heading().contains("todo")
    });
    let open = terminal.bytes();
    terminal.settle();
    // the screens before it, and then the step as it is entered from the one before
    for heading in ["Project", "Environment"] {
        terminal.press(if heading == "Project" { "2" } else { "3" });
        terminal.until(heading, |terminal| terminal.heading().starts_with(heading));
        terminal.settle();
    }
    terminal.press("2");
    terminal.settle();
    let before = terminal.bytes();
    terminal.press("3");
    terminal.settle();
    let entered = terminal.bytes() - before;
    terminal.press("\r");
    terminal.until("the next step", |terminal| {
        terminal.heading().starts_with("Backend")
    });
    terminal.settle();
    let all = terminal.bytes() - before;
    row("bytes from the start to the first open step", open);
    row(
        "bytes for the env step, entered and done",
        format!("{all}, of them {entered} to enter it"),
    );
}

/// What a spinner sends while Neon takes its time.
fn spinner(home: &Home, sandbox: &Sandbox, repo: &Repo) {
    let mut terminal = open(home, sandbox, &repo.root, (80, 24));
    terminal.until("an open step", |terminal| {
        terminal.heading().contains("todo")
    });
    terminal.settle();
    terminal.press("1");
    terminal.settle();
    faults(sandbox, &json!({"latency_ms": 4000}));
    terminal.press("r");
    // past the moment at which it appears
    thread::sleep(Duration::from_millis(700));
    let before = terminal.bytes();
    let frames = terminal.frames_in(Duration::from_secs(1));
    let bytes = terminal.bytes() - before;
    faults(sandbox, &json!({}));
    row(
        "bytes for a second of a spinner",
        format!("{bytes} in {frames} frames"),
    );
}

fn keys(home: &Home, sandbox: &Sandbox, repo: &Repo, size: (u16, u16)) {
    let mut terminal = open(home, sandbox, &repo.root, size);
    until_done(&terminal);
    terminal.settle();
    let before = Threads::of(terminal.pid());
    let mut times = Vec::new();
    for turn in 0..KEYS {
        let key = [
            "1", "2", "3", "j", "4", "5", "6", "7", "?", "\x1b[A", "?", "k",
        ][turn % 12];
        times.push(terminal.key(key));
        thread::sleep(Duration::from_millis(20));
    }
    let cpu = Threads::of(terminal.pid()).since(&before).cpu / u32::try_from(KEYS).unwrap();
    let (columns, rows) = size;
    row(
        &format!("key to frame at {columns}×{rows}, {KEYS} keys, wall"),
        format!(
            "{}, at worst {}; {} CPU each",
            millis(median(&times)),
            millis(worst(&times)),
            millis(cpu)
        ),
    );
}

fn idle(home: &Home, sandbox: &Sandbox, repo: &Repo) {
    let seconds = std::env::var("NEONUP_BENCH_IDLE_S").ok();
    let seconds: u64 = seconds.and_then(|text| text.parse().ok()).unwrap_or(60);
    let terminal = open(home, sandbox, &repo.root, (80, 24));
    until_done(&terminal);
    terminal.settle();
    // what a thread that is not needed any more still does is not idling
    thread::sleep(Duration::from_secs(3));
    let before = Threads::of(terminal.pid());
    let sent = terminal.bytes();
    thread::sleep(Duration::from_secs(seconds));
    let charge = Threads::of(terminal.pid()).since(&before);
    row(
        &format!("the idle wizard in {seconds} s"),
        format!(
            "{} of CPU, {} wake-ups, {} bytes",
            millis(charge.cpu),
            charge.woken + charge.pushed,
            terminal.bytes() - sent
        ),
    );
}
