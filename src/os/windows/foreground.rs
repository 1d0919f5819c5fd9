//! A program beside us in the foreground: how it leaves the terminal, and how it is asked to end.
#![expect(
    unsafe_code,
    reason = "the console has no safe interface in the standard library"
)]

use windows_sys::Win32::System::Console::{
    CONSOLE_MODE, GetConsoleMode, GetStdHandle, STD_HANDLE, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE,
    SetConsoleMode,
};

/// How the console reads and writes: lines or keys, with or without echo. All programs of a console share it.
pub(crate) struct TerminalModes([Option<CONSOLE_MODE>; 2]);

const SIDES: [STD_HANDLE; 2] = [STD_INPUT_HANDLE, STD_OUTPUT_HANDLE];

impl TerminalModes {
    /// How it reads now; `None` where there is no console.
    pub(crate) fn now() -> Option<Self> {
        let modes = SIDES.map(|side| {
            let mut mode: CONSOLE_MODE = 0;
            // SAFETY: it takes a handle that is open as long as we are, and the number is ours; what is no console is refused
            let asked = unsafe { GetConsoleMode(GetStdHandle(side), &raw mut mode) };
            (asked != 0).then_some(mode)
        });
        modes.iter().any(Option::is_some).then_some(Self(modes))
    }

    /// Has it read so again, whatever a program has left.
    pub(crate) fn restore(&self) {
        for (side, mode) in SIDES.into_iter().zip(self.0) {
            if let Some(mode) = mode {
                // SAFETY: it takes a handle that is open as long as we are, and a number; a console that is gone needs no modes
                unsafe { SetConsoleMode(GetStdHandle(side), mode) };
            }
        }
    }
}

/// Asks a program to end. Windows has no such request for a console program; it is ended afterwards.
pub(crate) fn ask_to_end(_process: u32) {}
