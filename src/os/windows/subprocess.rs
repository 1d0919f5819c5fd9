//! Starting other programs so that none of them outlives us, however we end.

use std::{
    fs::OpenOptions,
    io::{self, Read as _, Write as _},
    os::windows::process::CommandExt as _,
    path::Path,
    process::{Child, Command},
    sync::OnceLock,
};

use windows_sys::Win32::System::Threading::CREATE_NEW_PROCESS_GROUP;

use super::job::{Breakaway, Job};

/// What a child process is sent when ours ends. Here it is ended, whichever is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParentDeathSignal {
    /// For a database server: a fast shutdown with a checkpoint.
    Interrupt,
    /// For everything else.
    Kill,
}

/// Makes the system end a command's process when ours ends. Here [`spawn`] does it.
pub(crate) fn end_with_parent(_command: &mut Command, _signal: ParentDeathSignal) {}

/// Limits the memory of a command's process. Only the sandbox asks for it, which doesn't run here.
pub(crate) fn limit_memory(_command: &mut Command, _bytes: u64) {}

/// Spawns a child, in the job that ends with our process.
pub(crate) async fn spawn(mut command: Command) -> io::Result<Child> {
    static OURS: OnceLock<Option<Job>> = OnceLock::new();
    let child = command.spawn()?;
    let job = OURS.get_or_init(|| Job::new(Breakaway::Allowed).ok());
    if let Some(job) = job
        && let Err(error) = job.take(child.id())
    {
        tracing::debug!(%error, "a program isn't in a job object, and may keep running after neonup");
    }
    Ok(child)
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
