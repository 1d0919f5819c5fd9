//! A program beside us in the foreground: how it leaves the terminal, and how it is asked to end.

use rustix::{
    process::{Pid, Signal, kill_process},
    termios::{self, OptionalActions, Termios},
};

/// How the terminal reads: lines or keys, with or without echo.
pub(crate) struct TerminalModes(Termios);

impl TerminalModes {
    /// How it reads now; `None` where there is no terminal.
    pub(crate) fn now() -> Option<Self> {
        termios::tcgetattr(rustix::stdio::stdin()).ok().map(Self)
    }

    /// Has it read so again, whatever a program has left.
    pub(crate) fn restore(&self) {
        // a terminal that is gone needs no modes
        termios::tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &self.0).ok();
    }
}

/// Asks a program to end (SIGTERM): an editor saves what it can, and gives the terminal back.
pub(crate) fn ask_to_end(process: u32) {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    if let Some(process) = process {
        kill_process(process, Signal::TERM).ok();
    }
}
