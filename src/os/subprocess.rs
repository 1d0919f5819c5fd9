//! Starting other programs so that none of them outlives us, however we end.

use std::{
    io,
    os::unix::process::CommandExt as _,
    process::{Child, Command},
    sync::{OnceLock, mpsc},
    thread,
};

use rustix::process::Signal;
use tokio::sync::oneshot;

/// How a child ends when our process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    /// A database server: SIGINT is a fast shutdown with a checkpoint.
    Fast,
    /// Anything else.
    Kill,
}

#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "the standard library offers no safe way to ask for the parent-death signal"
)]
/// Makes the kernel end a command's process when ours ends, whatever ended it.
pub(crate) fn die_with_us(command: &mut Command, death: Death) {
    let signal = match death {
        Death::Fast => Signal::INT,
        Death::Kill => Signal::KILL,
    };
    let us = rustix::process::getpid();
    let ask = move || {
        rustix::process::set_parent_process_death_signal(Some(signal))?;
        // If we died between fork and here, the signal will never come.
        if rustix::process::getppid() == Some(us) {
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

/// Other kernels have no such signal: there, what is left over is swept at the next start.
#[cfg(not(target_os = "linux"))]
pub(crate) fn die_with_us(_command: &mut Command, _death: Death) {}

type Order = (Command, oneshot::Sender<io::Result<Child>>);

/// Spawns a child from the one thread that lives as long as our process.
///
/// The parent-death signal fires when the *thread* that spawned the child ends (prctl(2)), and tokio's threads retire.
pub(crate) async fn spawn(command: Command) -> io::Result<Child> {
    static SPAWNER: OnceLock<Option<mpsc::Sender<Order>>> = OnceLock::new();
    let gone = || io::Error::other("the thread that starts other programs is gone");
    let spawner = SPAWNER
        .get_or_init(|| {
            let (orders, inbox) = mpsc::channel::<Order>();
            let run = move || {
                for (mut command, answer) in inbox {
                    if let Err(Ok(mut orphan)) = answer.send(command.spawn()) {
                        // Nobody waits for it any more.
                        orphan.kill().unwrap_or_default();
                        orphan.wait().map(drop).unwrap_or_default();
                    }
                }
            };
            let thread = thread::Builder::new()
                .name("neonup-children".to_owned())
                .spawn(run);
            thread.is_ok().then_some(orders)
        })
        .as_ref()
        .ok_or_else(gone)?;
    let (answer, child) = oneshot::channel();
    spawner.send((command, answer)).map_err(|_closed| gone())?;
    child.await.map_err(|_closed| gone())?
}
