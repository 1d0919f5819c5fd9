//! One signal at a time.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};

/// How long a stop of the whole process may take to reach this thread.
const STOP_REACHES_US: Duration = Duration::from_secs(1);

/// Waits for one signal.
pub(crate) struct SignalListener(Signals);

impl SignalListener {
    /// Returns when the signal has come.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.0.poll_recv(context).map(drop)
    }
}

/// Listens for Ctrl-C.
pub(crate) fn interrupt() -> io::Result<Option<SignalListener>> {
    listen(SignalKind::interrupt())
}

/// Listens for a request to end.
pub(crate) fn terminate() -> io::Result<Option<SignalListener>> {
    listen(SignalKind::terminate())
}

/// Listens for Ctrl-\.
pub(crate) fn quit() -> io::Result<Option<SignalListener>> {
    listen(SignalKind::quit())
}

/// Listens for the end of the terminal.
pub(crate) fn hangup() -> io::Result<Option<SignalListener>> {
    listen(SignalKind::hangup())
}

/// Listens for a request to stop until the shell's `fg`.
pub(crate) fn stop() -> io::Result<Option<SignalListener>> {
    listen(SignalKind::from_raw(Signal::TSTP.as_raw()))
}

fn listen(kind: SignalKind) -> io::Result<Option<SignalListener>> {
    signal(kind).map(SignalListener).map(Some)
}

/// Ends the process as Ctrl-\ does to a program that does not handle it.
pub(crate) fn end_by_quit() {
    signal_hook::low_level::emulate_default_handler(Signal::QUIT.as_raw()).ok();
}

/// Stops the whole job, as a terminal's own Ctrl-Z does, and returns when it continues.
pub(crate) fn suspend_job() -> io::Result<()> {
    let continued = Arc::new(AtomicBool::new(false));
    let listening = signal_hook::flag::register(Signal::CONT.as_raw(), Arc::clone(&continued))?;
    // SIGSTOP, since we handle SIGTSTP
    if rustix::process::kill_current_process_group(Signal::STOP).is_ok() {
        // another thread may be the one that takes the signal: this one would run on for a moment and take
        // the terminal that was just given back. The clock goes on while we stand still, so this ends at once.
        let sent = Instant::now();
        while !continued.load(Ordering::Relaxed) && sent.elapsed() < STOP_REACHES_US {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    signal_hook::low_level::unregister(listening);
    Ok(())
}
