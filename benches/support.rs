//! What the benchmarks share: real things (the tests' own), a terminal that knows when a frame is complete, and what the kernel
//! has counted.

#[path = "../tests/it/support.rs"]
#[expect(unused_imports, reason = "each benchmark needs some of it")]
pub mod real;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt::Display,
    fs,
    ops::AddAssign,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use real::{Home, PATIENCE, Sandbox, Terminal};
use rustix::time::{ClockId, clock_gettime};

/// Whether there is something to measure: cargo passes `--bench`, and `cargo test --benches` does not.
pub fn wanted() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// The middle of some times.
pub fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

/// The longest of some times.
pub fn worst(times: &[Duration]) -> Duration {
    times.iter().copied().max().unwrap()
}

pub fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    if millis < 10.0 {
        format!("{millis:.2} ms")
    } else {
        format!("{millis:.0} ms")
    }
}

pub fn row(what: &str, figure: impl Display) {
    println!("{what:<64} {figure}");
}

/// CPU that this thread has used. On a busy machine only this is to be trusted.
pub fn thread_cpu() -> Duration {
    let at = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        at.tv_sec.try_into().unwrap(),
        at.tv_nsec.try_into().unwrap(),
    )
}

/// CPU of all children that have ended, with theirs.
pub fn children_cpu() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let rest = text.rsplit(") ").next().unwrap_or_default();
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    let ticks = ticks(13).unwrap_or(0) + ticks(14).unwrap_or(0);
    Duration::from_millis(ticks * 10)
}

/// Where the `neon` CLI is: in the folder that the tests use, or on the path.
pub fn neon() -> Option<PathBuf> {
    let folder = std::env::var_os("NEONUP_TEST_NEON").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    folder
        .into_iter()
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join("neon"))
        .find(|program| program.is_file())
}

/// A line of `/proc/PID/status` in megabytes, such as `VmRSS` or `VmHWM`.
pub fn memory(pid: u32, line: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let found = status
        .lines()
        .find(|found| found.starts_with(line))
        .unwrap();
    let kilobytes: f64 = found.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes / 1024.0
}

/// What the kernel has charged to something.
#[derive(Debug, Clone, Copy, Default)]
pub struct Charge {
    pub cpu: Duration,
    /// How often it waited, and was woken.
    pub woken: u64,
    /// How often it was pushed aside by others.
    pub pushed: u64,
}

impl AddAssign for Charge {
    fn add_assign(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.woken += other.woken;
        self.pushed += other.pushed;
    }
}

/// What each thread of a process was charged so far.
#[derive(Debug, Clone, Default)]
pub struct Threads(BTreeMap<OsString, Charge>);

impl Threads {
    pub fn of(pid: u32) -> Self {
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
        let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
        let charge = |task: &Path| {
            let schedule = fs::read_to_string(task.join("schedstat")).unwrap_or_default();
            let status = fs::read_to_string(task.join("status")).unwrap_or_default();
            let switches = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                number(line.map(str::trim)).unwrap_or_default()
            };
            Charge {
                cpu: Duration::from_nanos(number(schedule.split(' ').next()).unwrap_or_default()),
                woken: switches("voluntary_ctxt_switches:"),
                pushed: switches("nonvoluntary_ctxt_switches:"),
            }
        };
        Self(
            tasks
                .map(|task| (task.file_name(), charge(&task.path())))
                .collect(),
        )
    }

    /// What came since an earlier look, over the threads that are still there: one that ended meanwhile did nothing else.
    pub fn since(&self, before: &Self) -> Charge {
        let mut total = Charge::default();
        for (task, now) in &self.0 {
            let then = before.0.get(task).copied().unwrap_or_default();
            total += Charge {
                cpu: now.cpu.saturating_sub(then.cpu),
                woken: now.woken.saturating_sub(then.woken),
                pushed: now.pushed.saturating_sub(then.pushed),
            };
        }
        total
    }
}

/// Opens the wizard on a repository, against a sandbox.
pub fn open(home: &Home, sandbox: &Sandbox, root: &Path, size: (u16, u16)) -> Terminal {
    let mut command = home.terminal_command();
    command.env("NEON_API_HOST", &sandbox.api_host);
    command.env("NEON_API_KEY", &sandbox.api_key);
    command.cwd(root);
    Terminal::open(command, size)
}

/// Waits until the wizard says that all steps are done, whatever was skipped.
pub fn until_done(terminal: &Terminal) {
    terminal.until("all is done", |terminal| {
        let text = terminal.text();
        text.contains("All done") || text.contains("Everything that applies here is done")
    });
}

/// The frames of a terminal, and when each was complete.
pub trait Frames {
    /// Counts the bytes that were sent to the terminal so far.
    fn bytes(&self) -> usize;
    /// Waits until no frame comes any more.
    fn settle(&self);
    /// Measures from a key to the end of the frame that it leads to, on a screen that stands still.
    fn key(&mut self, key: &str) -> Duration;
    /// Counts the frames that come in this time.
    fn frames_in(&self, time: Duration) -> usize;
}

impl Frames for Terminal {
    fn bytes(&self) -> usize {
        self.output().raw.len()
    }

    fn settle(&self) {
        while self.frames.recv_timeout(Duration::from_millis(800)).is_ok() {}
    }

    fn key(&mut self, key: &str) -> Duration {
        while self.frames.try_recv().is_ok() {}
        let pressed = Instant::now();
        self.press(key);
        let frame = self.frames.recv_timeout(PATIENCE).unwrap();
        frame - pressed
    }

    fn frames_in(&self, time: Duration) -> usize {
        while self.frames.try_recv().is_ok() {}
        thread::sleep(time);
        self.frames.try_iter().count()
    }
}

/// A command that sees the home's environment, and a sandbox as its Neon.
pub fn against(home: &Home, sandbox: &Sandbox, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = home.command(program);
    command
        .env("NEON_API_HOST", &sandbox.api_host)
        .env("NEON_API_KEY", &sandbox.api_key);
    command
}
