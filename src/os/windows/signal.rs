//! One of the console's events at a time.
#![expect(clippy::unnecessary_wraps, reason = "elsewhere all of it can fail")]

use std::{
    io,
    task::{Context, Poll},
};

use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, ctrl_break, ctrl_c, ctrl_close};

/// Waits for one event.
pub(crate) struct SignalListener(Event);

enum Event {
    C(CtrlC),
    Break(CtrlBreak),
    Close(CtrlClose),
}

impl SignalListener {
    /// Returns when the signal has come.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Event::C(event) => event.poll_recv(context),
            Event::Break(event) => event.poll_recv(context),
            Event::Close(event) => event.poll_recv(context),
        }
        .map(drop)
    }
}

fn listening(event: Event) -> Option<SignalListener> {
    Some(SignalListener(event))
}

/// Listens for Ctrl-C.
pub(crate) fn interrupt() -> io::Result<Option<SignalListener>> {
    ctrl_c().map(Event::C).map(listening)
}

/// Listens for a request to end: Ctrl-Break, which other programs can send to a process group.
pub(crate) fn terminate() -> io::Result<Option<SignalListener>> {
    ctrl_break().map(Event::Break).map(listening)
}

/// Listens for Ctrl-\, which is no event here.
pub(crate) fn quit() -> io::Result<Option<SignalListener>> {
    Ok(None)
}

/// Listens for the end of the terminal: its window is closed.
pub(crate) fn hangup() -> io::Result<Option<SignalListener>> {
    ctrl_close().map(Event::Close).map(listening)
}

/// Listens for a request to stop until the shell's `fg`, which there is none.
pub(crate) fn stop() -> io::Result<Option<SignalListener>> {
    Ok(None)
}

/// Ends the process as Ctrl-\ does, which never comes here.
pub(crate) fn end_by_quit() {}

/// Stops the whole job. There are no such jobs: it goes on at once.
pub(crate) fn suspend_job() -> io::Result<()> {
    Ok(())
}
