//! The project screen with 12,000 projects: does a filter keep up with typing, and does the wizard stay small?
//!
//! `cargo bench --bench projects` prints the figures. What is measured inside this process is the thread's own CPU; from key to
//! frame is wall time, of the real wizard in a real terminal.

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

use crossterm::event::KeyCode;
use neonup::testing::bench::Wizard;
use ratatui::{Terminal as Screen, backend::TestBackend};
use serde_json::json;
use support::{
    Frames as _, Threads, median, memory, millis, open,
    real::{Home, Repo, Sandbox, post},
    row, thread_cpu, wanted, worst,
};

const COUNT: usize = 12_000;
/// Typed and taken back, so that the list grows and shrinks.
const TYPED: &str = "crowd-11999";
const ROUNDS: usize = 10;

fn main() {
    if !wanted() {
        return;
    }
    for presenter in [false, true] {
        for size in [(80, 24), (120, 40)] {
            inside(size, presenter);
        }
    }
    outside();
}

/// The keys of a search and of a walk through the list.
fn keys() -> Vec<KeyCode> {
    let typed = TYPED.chars().map(KeyCode::Char);
    let back = TYPED.chars().map(|_| KeyCode::Backspace);
    let down = std::iter::repeat_n(KeyCode::Down, 10);
    std::iter::once(KeyCode::Char('/'))
        .chain(typed)
        .chain(back)
        .chain([KeyCode::Esc])
        .chain(down)
        .collect()
}

/// A key, and the frame after it.
fn inside(size: (u16, u16), presenter: bool) {
    let mut wizard = Wizard::with_projects(COUNT, presenter);
    wizard.resize(size);
    let (columns, rows) = size;
    let mut screen = Screen::new(TestBackend::new(columns, rows)).unwrap();
    screen.draw(|frame| wizard.draw(frame)).unwrap();
    let (mut updates, mut draws) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for code in keys() {
            let before = thread_cpu();
            wizard.press(code);
            let between = thread_cpu();
            screen.draw(|frame| wizard.draw(frame)).unwrap();
            updates.push(between.saturating_sub(before));
            draws.push(thread_cpu().saturating_sub(between));
        }
    }
    let both: Vec<_> = updates.iter().zip(&draws).map(|(a, b)| *a + *b).collect();
    let hidden = if presenter { ", presenter mode" } else { "" };
    row(
        &format!("a key among {COUNT} at {columns}×{rows}{hidden}: update and frame"),
        format!(
            "{} CPU (update {}, frame {}), at worst {}",
            millis(median(&both)),
            millis(median(&updates)),
            millis(median(&draws)),
            millis(worst(&both))
        ),
    );
}

fn outside() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home, &[]);
    let base = sandbox.api_host.strip_suffix("/api/v2").unwrap();
    let crowd = json!({"count": COUNT, "name": "crowd"});
    post(
        &format!("{base}/sandbox/projects"),
        &sandbox.api_key,
        &crowd,
    );
    let repo = Repo::sample(&home);
    let mut terminal = open(&home, &sandbox, &repo.root, (80, 24));
    let all = format!("{COUNT} of {COUNT}");
    terminal.until("all are listed", |terminal| terminal.text().contains(&all));
    terminal.settle();
    terminal.key("/");
    let before = Threads::of(terminal.pid());
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        for char in TYPED.chars() {
            times.push(terminal.key(&char.to_string()));
            thread::sleep(Duration::from_millis(10));
        }
        let one = format!("1 of {COUNT}");
        terminal.until("one is left", |terminal| terminal.text().contains(&one));
        for _ in TYPED.chars() {
            times.push(terminal.key("\x7f"));
            thread::sleep(Duration::from_millis(10));
        }
    }
    let count = u32::try_from(times.len()).unwrap();
    let cpu = Threads::of(terminal.pid()).since(&before).cpu / count;
    row(
        "key to frame while filtering in a terminal of 80×24, wall",
        format!(
            "{}, at worst {}; {} CPU each",
            millis(median(&times)),
            millis(worst(&times)),
            millis(cpu)
        ),
    );
    row(
        "the wizard's memory with all of them, at most",
        format!("{:.1} MB", memory(terminal.pid(), "VmHWM")),
    );
    drop(terminal);
    sandbox.stop();
}
