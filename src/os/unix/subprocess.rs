//! Starting other programs so that none of them outlives us, however we end.

use std::{
    fs, io,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Output},
    sync::{OnceLock, mpsc},
    thread,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::oneshot;

/// What a child process is sent when ours ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParentDeathSignal {
    /// For a database server: a fast shutdown with a checkpoint.
    Interrupt,
    /// For everything else.
    Kill,
}

/// Makes the kernel end a command's process when ours ends, whatever ended it.
#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "the standard library offers no safe way to ask for the parent-death signal"
)]
pub(crate) fn end_with_parent(command: &mut Command, signal: ParentDeathSignal) {
    let signal = match signal {
        ParentDeathSignal::Interrupt => Signal::INT,
        ParentDeathSignal::Kill => Signal::KILL,
    };
    let parent = rustix::process::getpid();
    let ask = move || {
        rustix::process::set_parent_process_death_signal(Some(signal))?;
        // if the parent died between fork and here, the signal will never come
        if rustix::process::getppid() == Some(parent) {
            Ok(())
        } else {
            Err(io::Error::from(io::ErrorKind::BrokenPipe))
        }
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed: this makes two system calls (prctl,
    // getppid) and allocates nothing; std has set the user id before, which would otherwise reset the signal.
    unsafe {
        command.pre_exec(ask);
    }
}

/// Does nothing: other kernels have no such signal, and there what is left over is swept at the next start.
#[cfg(not(target_os = "linux"))]
pub(crate) fn end_with_parent(_command: &mut Command, _signal: ParentDeathSignal) {}

/// Limits the address space of a command's process, and of each process that it starts, in bytes.
#[expect(
    unsafe_code,
    reason = "the standard library offers no safe way to limit a child before it begins"
)]
fn limit_memory(command: &mut Command, bytes: u64) {
    use rustix::process::{Resource, Rlimit};
    let limit = move || {
        let limit = Rlimit {
            current: Some(bytes),
            maximum: Some(bytes),
        };
        // a kernel that does not know this limit starts it without
        rustix::process::setrlimit(Resource::As, limit).or(Ok(()))
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed: this makes one system call (setrlimit) and
    // allocates nothing.
    unsafe {
        command.pre_exec(limit);
    }
}

type SpawnRequest = (Command, oneshot::Sender<io::Result<Child>>);

/// Runs a command to its end.
pub(crate) fn output(command: &mut Command) -> io::Result<Output> {
    command.output()
}

/// Spawns a server, whose processes may each have so many bytes of memory.
pub(crate) async fn spawn_server(mut command: Command, memory: Option<u64>) -> io::Result<Child> {
    if let Some(bytes) = memory {
        limit_memory(&mut command, bytes);
    }
    spawn(command).await
}

/// Spawns a child from the one thread that lives as long as our process.
///
/// The parent-death signal fires when the *thread* that spawned the child ends (prctl(2)), and tokio's threads retire.
pub(crate) async fn spawn(command: Command) -> io::Result<Child> {
    static SPAWNER: OnceLock<Option<mpsc::Sender<SpawnRequest>>> = OnceLock::new();
    let gone = || io::Error::other("the thread that starts other programs has ended");
    let spawner = SPAWNER
        .get_or_init(|| {
            let (requests, inbox) = mpsc::channel::<SpawnRequest>();
            let run = move || {
                for (mut command, reply) in inbox {
                    if let Err(Ok(mut orphan)) = reply.send(command.spawn()) {
                        // nobody waits for it any more
                        orphan.kill().unwrap_or_default();
                        orphan.wait().map(drop).unwrap_or_default();
                    }
                }
            };
            let thread = thread::Builder::new()
                .name("neonup-children".to_owned())
                .spawn(run);
            thread.is_ok().then_some(requests)
        })
        .as_ref()
        .ok_or_else(gone)?;
    let (reply, child) = oneshot::channel();
    spawner.send((command, reply)).map_err(|_closed| gone())?;
    child.await.map_err(|_closed| gone())?
}

/// How a Postgres server is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerStop {
    /// Connections are closed, and a checkpoint is written.
    Fast,
    /// At once: the log is replayed at the next start.
    Immediate,
}

/// Asks a Postgres server to stop.
pub(crate) fn stop_server(pid: u32, how: ServerStop) -> io::Result<()> {
    let signal = match how {
        ServerStop::Fast => Signal::INT,
        ServerStop::Immediate => Signal::QUIT,
    };
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or(io::ErrorKind::InvalidInput)?;
    Ok(kill_process(pid, signal)?)
}

/// Makes a command begin a process group of its own, which the terminal's keys do not reach.
pub(crate) fn own_group(command: &mut Command) {
    command.process_group(0);
}

/// Whether a process works in this folder; only Linux tells.
pub(crate) fn works_in(pid: u32, folder: &Path) -> bool {
    let at = fs::read_link(format!("/proc/{pid}/cwd")).ok();
    at.is_some() && at == fs::canonicalize(folder).ok()
}
