//! The signals that end or suspend the program.

use std::{
    io,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll},
};

use futures_util::{Stream, StreamExt as _};

#[cfg(unix)]
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::CtrlC as Listener;

/// A signal that the program handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C, or `kill -INT`.
    Interrupt,
    /// `kill`.
    Terminate,
    /// Ctrl-\ where the terminal makes signals of keys, or `kill -QUIT`.
    Quit,
    /// The terminal is gone.
    Hangup,
    /// `kill -TSTP`.
    Stop,
}

/// The signals that arrive, as a stream.
pub(crate) struct Signals(Vec<(Listener, Signal)>);

impl Signals {
    /// Listens for the signals that end a command. One that cannot be listened for ends the process, as it does by default.
    pub(crate) fn ending() -> Self {
        Self(listeners(&ENDING).filter_map(io::Result::ok).collect())
    }

    /// Listens for the signals that end a program, and for the one that suspends it.
    pub(crate) fn ending_or_suspending() -> io::Result<Self> {
        let mut all = ENDING.to_vec();
        all.push(Signal::Stop);
        listeners(&all).collect::<io::Result<_>>().map(Self)
    }

    /// Waits for one of them.
    pub(crate) async fn any(&mut self) {
        self.next().await;
    }
}

impl Stream for Signals {
    type Item = Signal;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Signal>> {
        for (listener, signal) in &mut self.0 {
            if listener.poll_recv(context).is_ready() {
                if *signal == Signal::Quit {
                    QUIT.store(true, Ordering::SeqCst);
                }
                return Poll::Ready(Some(*signal));
            }
        }
        Poll::Pending
    }
}

const ENDING: [Signal; 4] = [
    Signal::Hangup,
    Signal::Terminate,
    Signal::Interrupt,
    Signal::Quit,
];

/// Whether a SIGQUIT has come.
static QUIT: AtomicBool = AtomicBool::new(false);

/// Ends the process by SIGQUIT if one has come: everything is in order by now, and whoever sent it is to see that it worked.
pub(crate) fn end_by_quit() {
    #[cfg(unix)]
    if QUIT.load(Ordering::SeqCst) {
        signal_hook::low_level::emulate_default_handler(rustix::process::Signal::QUIT.as_raw())
            .ok();
    }
}

#[cfg(unix)]
fn listeners(signals: &[Signal]) -> impl Iterator<Item = io::Result<(Listener, Signal)>> {
    signals.iter().map(|wanted| {
        let kind = match wanted {
            Signal::Interrupt => SignalKind::interrupt(),
            Signal::Terminate => SignalKind::terminate(),
            Signal::Hangup => SignalKind::hangup(),
            Signal::Quit => SignalKind::quit(),
            Signal::Stop => SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()),
        };
        Ok((signal(kind)?, *wanted))
    })
}

/// Windows knows Ctrl-C alone.
#[cfg(windows)]
fn listeners(signals: &[Signal]) -> impl Iterator<Item = io::Result<(Listener, Signal)>> {
    signals
        .iter()
        .filter(|wanted| **wanted == Signal::Interrupt)
        .map(|wanted| Ok((tokio::signal::windows::ctrl_c()?, *wanted)))
}

/// Stops the whole job, as a terminal's own Ctrl-Z does, and returns when it continues.
#[cfg(unix)]
pub(crate) fn suspend_job() -> io::Result<()> {
    use std::{
        sync::Arc,
        time::{Duration, Instant},
    };

    /// How long a stop of the whole process may take to reach this thread.
    const STOP_REACHES_US: Duration = Duration::from_secs(1);

    let continued = Arc::new(AtomicBool::new(false));
    let listening = signal_hook::flag::register(
        rustix::process::Signal::CONT.as_raw(),
        Arc::clone(&continued),
    )?;
    // SIGSTOP, since we handle SIGTSTP
    if rustix::process::kill_current_process_group(rustix::process::Signal::STOP).is_ok() {
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

/// Does nothing: there are no jobs.
#[cfg(windows)]
pub(crate) fn suspend_job() -> io::Result<()> {
    Ok(())
}
