//! What a person waits for, measured on whole processes: `--version`, the first frame, the idle wizard, a check.
//!
//! `cargo bench --bench startup` prints the figures; where the `neon` CLI is on the path, its `--version` stands beside ours.
//! Times are medians; CPU is what the kernel has charged (`/proc/PID/schedstat`), so it holds on a busy machine too.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    unreachable_pub,
    dead_code,
    reason = "a benchmark that is surprised should stop there and say so; it shares the tests' support"
)]

#[path = "../tests/it/support.rs"]
mod support;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::Read as _,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use support::{Home, Repo, Sandbox, has};

const RUNS: usize = 15;

fn main() {
    // cargo passes --bench; under `cargo test --benches` there is nothing to measure
    if !std::env::args().any(|argument| argument == "--bench") {
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

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn timed(mut command: impl FnMut() -> Command) -> Duration {
    let once = |mut command: Command| {
        let started = Instant::now();
        command.stdin(Stdio::null()).output().unwrap();
        started.elapsed()
    };
    once(command());
    median((0..RUNS).map(|_| once(command())).collect())
}

fn row(what: &str, figure: impl std::fmt::Display) {
    println!("{what:<58} {figure}");
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn version(home: &Home) {
    let ours = timed(|| {
        let mut command = home.neonup();
        command.arg("--version");
        command
    });
    row("neonup --version", millis(ours));
    if has("neon") {
        let theirs = timed(|| {
            let mut command = home.command("neon");
            command.arg("--version");
            command
        });
        let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
        row(
            "neon --version",
            format!("{}, {ratio:.0} times ours", millis(theirs)),
        );
    } else {
        row("neon --version", "not measured: no `neon` on the path");
    }
}

fn check(home: &Home, repo: &Repo, sandbox: &Sandbox) {
    let time = timed(|| {
        let mut command = home.neonup();
        command
            .current_dir(&repo.root)
            .env("NEON_API_HOST", &sandbox.api_host)
            .env("NEON_API_KEY", &sandbox.api_key)
            .args(["check", "--json"]);
        command
    });
    row(
        "neonup check, the finished sample against the sandbox",
        millis(time),
    );
}

/// What the kernel has charged to each thread of a process so far: nanoseconds, and how often it gave the processor away.
fn charged(pid: u32) -> BTreeMap<OsString, (u64, u64)> {
    let number = |text: Option<&str>| {
        text.and_then(|text| text.parse::<u64>().ok())
            .unwrap_or_default()
    };
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    tasks
        .map(|task| {
            let schedule = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
            let switches = status.lines().filter(|line| line.contains("ctxt_switches"));
            let switches = switches.map(|line| number(line.rsplit('\t').next())).sum();
            (
                task.file_name(),
                (number(schedule.split(' ').next()), switches),
            )
        })
        .collect()
}

/// What was charged between two looks, over the threads that were there at both: one that ended meanwhile did nothing else.
fn between(
    before: &BTreeMap<OsString, (u64, u64)>,
    after: &BTreeMap<OsString, (u64, u64)>,
) -> (Duration, u64) {
    let mut total = (0, 0);
    for (task, (cpu, switches)) in after {
        let (cpu_before, switches_before) = before.get(task).copied().unwrap_or_default();
        total.0 += cpu.saturating_sub(cpu_before);
        total.1 += switches.saturating_sub(switches_before);
    }
    (Duration::from_nanos(total.0), total.1)
}

fn wizard(home: &Home, repo: &Repo, sandbox: &Sandbox) {
    let mut firsts = Vec::new();
    let mut cpus = Vec::new();
    for run in 0..RUNS {
        let pair = native_pty_system()
            .openpty(PtySize {
                rows: 24,
                cols: 80,
                pixel_width: 0,
                pixel_height: 0,
            })
            .unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_neonup"));
        command.env_clear();
        for (name, value) in home.environment() {
            command.env(name, value);
        }
        command.env("NEON_API_HOST", &sandbox.api_host);
        command.env("NEON_API_KEY", &sandbox.api_key);
        command.cwd(&repo.root);
        let started = Instant::now();
        let mut child = pair.slave.spawn_command(command).unwrap();
        let pid = child.process_id().unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut text = Vec::new();
            let mut buffer = [0; 8192];
            let mut told = (false, false);
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 {
                    return;
                }
                text.extend_from_slice(&buffer[..count]);
                let seen = String::from_utf8_lossy(&text);
                if !told.0 && seen.contains("Summary") {
                    told.0 = true;
                    sender.send(()).ok();
                }
                if !told.1 && seen.contains("Everything") {
                    told.1 = true;
                    sender.send(()).ok();
                }
            }
        });
        receiver.recv_timeout(Duration::from_secs(20)).unwrap();
        firsts.push(started.elapsed());
        cpus.push(between(&BTreeMap::new(), &charged(pid)).0);
        if run + 1 == RUNS {
            receiver.recv_timeout(Duration::from_secs(20)).unwrap();
            // the last redraw after the last answer
            thread::sleep(Duration::from_secs(2));
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
            let rss = status
                .lines()
                .find(|line| line.starts_with("VmRSS"))
                .unwrap();
            let rss: f64 = rss.split_whitespace().nth(1).unwrap().parse().unwrap();
            let before = charged(pid);
            let idle = Duration::from_secs(10);
            thread::sleep(idle);
            let (cpu, switches) = between(&before, &charged(pid));
            row("start to first frame, wall", millis(median(firsts.clone())));
            row(
                "start to first frame, our own CPU (probes included)",
                millis(median(cpus.clone())),
            );
            row(
                "resident memory of the idle wizard",
                format!("{:.1} MB", rss / 1024.0),
            );
            row(
                "the idle wizard in 10 s",
                format!("{} CPU, {switches} wake-ups", millis(cpu)),
            );
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
