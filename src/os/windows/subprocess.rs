//! Starting other programs so that none of them outlives us, however we end.

use std::{
    fs::OpenOptions,
    io::{self, Read as _, Write as _},
    os::windows::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
};

use windows_sys::Win32::System::Threading::{CREATE_NEW_PROCESS_GROUP, CREATE_SUSPENDED};

use super::job::{Breakaway, Job, resume};

/// What a child process is sent when ours ends. Here it is ended, whichever is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParentDeathSignal {
    /// For a database server: a fast shutdown with a checkpoint.
    Interrupt,
    /// For everything else.
    Kill,
}

/// Makes the system end a command's process when ours ends. Here what starts it does that.
pub(crate) fn end_with_parent(_command: &mut Command, _signal: ParentDeathSignal) {}

/// Spawns a child, in the job that ends with our process.
#[expect(clippy::unused_async, reason = "elsewhere it waits")]
pub(crate) async fn spawn(mut command: Command) -> io::Result<Child> {
    let child = command.spawn()?;
    if let Err(error) = take(child.id()) {
        tracing::debug!(%error, "a program isn't in a job object, and may keep running after neonup");
    }
    Ok(child)
}

/// Spawns a server, whose processes may each have so many bytes of memory.
#[expect(clippy::unused_async, reason = "elsewhere it waits")]
pub(crate) async fn spawn_server(mut command: Command, memory: Option<u64>) -> io::Result<Child> {
    start(&mut command, memory)
}

/// Runs a command to its end.
pub(crate) fn output(command: &mut Command) -> io::Result<Output> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    start(command, None)?.wait_with_output()
}

/// Starts a child that begins to run once it is in its job: what it starts is there, too.
fn start(command: &mut Command, memory: Option<u64>) -> io::Result<Child> {
    command.creation_flags(CREATE_SUSPENDED | CREATE_NEW_PROCESS_GROUP);
    let mut child = command.spawn()?;
    // a job inside of ours, which lasts as long as its processes
    let limit = |bytes| Job::limiting(bytes)?.take(child.id());
    let started = take(child.id())
        .and_then(|()| memory.map_or(Ok(()), limit))
        .and_then(|()| resume(child.id()));
    if let Err(error) = started {
        child.kill().unwrap_or_default();
        child.wait().map(drop).unwrap_or_default();
        return Err(error);
    }
    Ok(child)
}

/// Puts a process into the job that ends with ours.
fn take(pid: u32) -> io::Result<()> {
    static OURS: OnceLock<Option<Job>> = OnceLock::new();
    let ours = OURS.get_or_init(|| Job::new(Breakaway::Allowed).ok());
    ours.as_ref().ok_or(io::ErrorKind::Unsupported)?.take(pid)
}

/// How a Postgres server is asked to stop. The numbers are those of its signals, on every system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerStop {
    /// Connections are closed, and a checkpoint is written.
    Fast,
    /// At once: the log is replayed at the next start.
    Immediate,
}

/// Asks a Postgres server to stop, as `pg_ctl` does. Source: PostgreSQL, `src/port/kill.c`.
pub(crate) fn stop_server(pid: u32, how: ServerStop) -> io::Result<()> {
    let signal = match how {
        ServerStop::Fast => 2,
        ServerStop::Immediate => 3,
    };
    let mut pipe = OpenOptions::new()
        .read(true)
        .write(true)
        .open(format!(r"\\.\pipe\pgsignal_{pid}"))?;
    pipe.write_all(&[signal])?;
    pipe.read_exact(&mut [0])
}

/// Makes a command begin a process group of its own, which the terminal's keys do not reach.
pub(crate) fn own_group(command: &mut Command) {
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
}

/// Whether a process works in this folder. Nobody tells, and the job has ended what an earlier run has left.
pub(crate) fn works_in(_pid: u32, _folder: &Path) -> bool {
    false
}
