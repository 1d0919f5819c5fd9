//! What a person waits for, measured on whole processes: `--version`, the first frame, the wizard's memory, a check.
//!
//! `cargo bench --bench startup` prints the figures; where the `neon` CLI is there, its `--version` stands beside ours.
//! Times are medians; CPU is what the kernel has charged (`/proc/PID/schedstat`), so it holds on a busy machine too.

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

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use support::{
    Frames as _, Threads, against, median, memory, millis, neon, open,
    real::{Home, Repo, Sandbox},
    row, until_done, wanted,
};

const RUNS: usize = 15;

fn main() {
    if !wanted() {
        return;
    }
    let home = Home::new();
    version(&home);
    let sandbox = Sandbox::start(&home, &[]);
    let repo = Repo::sample(&home);
    let run = repo.neonup(&home, &sandbox, &["setup", "--yes"]);
    assert_eq!(run.code, 0, "{run:#?}");
    check(&home, &repo, &sandbox);
    wizard(&home, &repo, &sandbox);
    sandbox.stop();
}

fn timed(mut command: impl FnMut() -> Command) -> Duration {
    let once = |mut command: Command| {
        let started = Instant::now();
        command.stdin(Stdio::null()).output().unwrap();
        started.elapsed()
    };
    once(command());
    let times: Vec<_> = (0..RUNS).map(|_| once(command())).collect();
    median(&times)
}

fn version(home: &Home) {
    let ours = timed(|| {
        let mut command = home.neonup();
        command.arg("--version");
        command
    });
    row("neonup --version", millis(ours));
    let Some(neon) = neon() else {
        row("neon --version", "not measured: no `neon` on the path");
        return;
    };
    let theirs = timed(|| {
        let mut command = home.command(&neon);
        command.arg("--version");
        command
    });
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    let figure = format!("{}, {ratio:.0} times ours", millis(theirs));
    row("neon --version", figure);
}

fn check(home: &Home, repo: &Repo, sandbox: &Sandbox) {
    let time = timed(|| {
        let mut command = against(home, sandbox, env!("CARGO_BIN_EXE_neonup"));
        command.current_dir(&repo.root).args(["check", "--json"]);
        command
    });
    let what = "neonup check, the finished sample against the sandbox";
    row(what, millis(time));
}

fn wizard(home: &Home, repo: &Repo, sandbox: &Sandbox) {
    let mut firsts = Vec::new();
    let mut cpus = Vec::new();
    let mut resident = 0.0;
    for _ in 0..RUNS {
        let started = Instant::now();
        let terminal = open(home, sandbox, &repo.root, (80, 24));
        let frame = terminal.until("a frame", |terminal| terminal.text().contains("Summary"));
        firsts.push(frame - started);
        cpus.push(Threads::of(terminal.pid()).since(&Threads::default()).cpu);
        until_done(&terminal);
        terminal.settle();
        resident = memory(terminal.pid(), "VmRSS");
    }
    row("start to first frame, wall", millis(median(&firsts)));
    let what = "start to first frame, our own CPU (probes included)";
    row(what, millis(median(&cpus)));
    let figure = format!("{resident:.1} MB");
    row("resident memory of the wizard at rest", figure);
}
