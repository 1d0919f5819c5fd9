//! Child processes that never outlive us: a process group of their own, killed as a whole, and on Linux a signal from the kernel
//! when we die ourselves.

use std::{
    io::{self, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        mpsc::{self, Sender},
    },
    thread,
    time::{Duration, Instant},
};

/// How much of the output is kept: its end.
const KEPT: usize = 64 * 1024;

/// How long a group has between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(3);

/// How long the rest of the output is waited for after the end.
const DRAIN: Duration = Duration::from_millis(500);

/// How often a child is asked whether it has ended.
const POLL: Duration = Duration::from_millis(15);

/// A running process group. Dropping it kills the group.
#[derive(Debug)]
pub struct Group {
    child: Child,
    output: Arc<Mutex<Output>>,
    ended: Option<(ExitStatus, Instant)>,
}

#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    /// How many streams are still open.
    open: usize,
}

impl std::fmt::Debug for Output {
    /// The output of a program may hold a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.bytes.len())
    }
}

impl Group {
    /// Starts a command in a group of its own, with its output captured and nothing to read.
    pub fn spawn(mut command: Command) -> io::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = spawn(command)?;
        let output = Arc::new(Mutex::new(Output::default()));
        if let Some(stream) = child.stdout.take() {
            capture(stream, &output);
        }
        if let Some(stream) = child.stderr.take() {
            capture(stream, &output);
        }
        Ok(Self {
            child,
            output,
            ended: None,
        })
    }

    /// The status, once the leader has ended and its output is complete; the rest of its group is killed then.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            self.ended = Some((status, Instant::now()));
            self.signal(Signal::Kill);
        }
        let (status, at) = self.ended?;
        // a program that left the group may hold a stream open for ever
        (self.open() == 0 || at.elapsed() > DRAIN).then_some(status)
    }

    /// The end of the output so far.
    pub fn output(&self) -> String {
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&output.bytes).into_owned()
    }

    /// Waits for the end, at most for this long.
    pub async fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            if Instant::now() >= deadline {
                return None;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Stops the group: SIGTERM, then SIGKILL.
    pub async fn stop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        self.signal(Signal::Term);
        if self.wait(GRACE).await.is_none() {
            self.signal(Signal::Kill);
            self.wait(GRACE).await;
        }
    }

    /// How many streams are still read.
    fn open(&self) -> usize {
        self.output
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .open
    }

    #[cfg(unix)]
    fn signal(&self, signal: Signal) {
        let signal = match signal {
            Signal::Term => rustix::process::Signal::TERM,
            Signal::Kill => rustix::process::Signal::KILL,
        };
        let group = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            // nobody is left, which is what is wanted
            rustix::process::kill_process_group(group, signal).ok();
        }
    }

    #[cfg(not(unix))]
    fn signal(&mut self, _: Signal) {
        self.child.kill().ok();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.ended.is_none() && self.ended().is_none() {
            self.signal(Signal::Kill);
            self.child.wait().ok();
        }
    }
}

#[derive(Clone, Copy)]
enum Signal {
    Term,
    Kill,
}

/// Reads a stream to its end on a thread of its own.
fn capture(mut stream: impl Read + Send + 'static, output: &Arc<Mutex<Output>>) {
    let output = Arc::clone(output);
    output.lock().unwrap_or_else(PoisonError::into_inner).open += 1;
    let reader = Arc::clone(&output);
    let started = thread::Builder::new()
        .name("neonup-output".to_owned())
        .spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count) = stream.read(&mut buffer) {
                let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else {
                    break;
                };
                let mut output = reader.lock().unwrap_or_else(PoisonError::into_inner);
                output.bytes.extend_from_slice(read);
                let over = output.bytes.len().saturating_sub(KEPT);
                output.bytes.drain(..over);
            }
            reader.lock().unwrap_or_else(PoisonError::into_inner).open -= 1;
        });
    if started.is_err() {
        output.lock().unwrap_or_else(PoisonError::into_inner).open -= 1;
    }
}

type Job = (Command, Sender<io::Result<Child>>);

/// Spawns a command from the one thread that lives as long as we do: the kernel's signal comes when the thread that spawned a
/// child ends, not when the process does.
fn spawn(command: Command) -> io::Result<Child> {
    static SPAWNER: OnceLock<Option<Sender<Job>>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (jobs, queue) = mpsc::channel::<Job>();
        thread::Builder::new()
            .name("neonup-spawn".to_owned())
            .spawn(move || {
                for (mut command, answer) in queue {
                    prepare(&mut command);
                    // the caller waits for it
                    answer.send(command.spawn()).ok();
                }
            })
            .ok()
            .map(|_| jobs)
    });
    let gone = || io::Error::other("no thread to start programs from");
    let (answer, result) = mpsc::channel();
    spawner
        .as_ref()
        .ok_or_else(gone)?
        .send((command, answer))
        .map_err(io::Error::other)?;
    result.recv().map_err(io::Error::other)?
}

#[cfg(unix)]
fn prepare(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;

    command.process_group(0);
    #[cfg(target_os = "linux")]
    #[expect(
        unsafe_code,
        reason = "the only way to have the kernel end the child when we are killed"
    )]
    // SAFETY: prctl is async-signal-safe, and nothing is allocated between fork and exec
    unsafe {
        command.pre_exec(|| {
            let signal = Some(rustix::process::Signal::TERM);
            rustix::process::set_parent_process_death_signal(signal).map_err(Into::into)
        });
    }
}

#[cfg(not(unix))]
fn prepare(_: &mut Command) {}
