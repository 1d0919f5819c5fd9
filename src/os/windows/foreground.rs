//! A program beside us in the foreground: how it leaves the terminal, and how it is asked to end.

/// How the console reads. A program changes its own handle's modes, which Windows keeps for the console; crossterm sets all that we need.
pub(crate) struct TerminalModes;

impl TerminalModes {
    /// How it reads now.
    pub(crate) fn now() -> Option<Self> {
        None
    }

    /// Has it read so again.
    pub(crate) fn restore(&self) {}
}

/// Asks a program to end. Windows has no such request for a console program; it is ended afterwards.
pub(crate) fn ask_to_end(_process: u32) {}
