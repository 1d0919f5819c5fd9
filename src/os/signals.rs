//! The signals that end or suspend the program.

use std::{
    io,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll},
};

use futures_util::{FutureExt as _, Stream, StreamExt as _};

pub(crate) use super::signal::suspend_job;
use super::signal::{self, SignalListener};

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
pub(crate) struct Signals(Vec<(SignalListener, Signal)>);

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

    /// Passes over the keys that have come already as signals. `true`: one has come that ends the program.
    pub(crate) fn forget_keys(&mut self) -> bool {
        while let Some(signal) = self.next().now_or_never() {
            if matches!(signal, Some(Signal::Terminate | Signal::Hangup) | None) {
                return true;
            }
        }
        false
    }
}

impl Stream for Signals {
    type Item = Signal;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Signal>> {
        for (listener, signal) in &mut self.0 {
            if listener.poll(context).is_ready() {
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
    if QUIT.load(Ordering::SeqCst) {
        signal::end_by_quit();
    }
}

/// What listens for these signals. Those that the system does not have are left out.
fn listeners(signals: &[Signal]) -> impl Iterator<Item = io::Result<(SignalListener, Signal)>> {
    signals.iter().filter_map(|wanted| {
        let listener = match wanted {
            Signal::Interrupt => signal::interrupt(),
            Signal::Terminate => signal::terminate(),
            Signal::Hangup => signal::hangup(),
            Signal::Quit => signal::quit(),
            Signal::Stop => signal::stop(),
        };
        Some(listener.transpose()?.map(|listener| (listener, *wanted)))
    })
}
