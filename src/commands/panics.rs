//! What is printed when a bug of ours makes a task panic.

use std::{
    io::{self, Write as _},
    panic,
};

/// Reports a panic by its place alone: its message may hold anything, a secret or a sequence for the terminal.
pub(super) fn report_by_place() {
    panic::set_hook(Box::new(|info| {
        if let Some(place) = info.location() {
            // nothing to be done when even that cannot be printed
            writeln!(io::stderr(), "error: a bug in neonup at {place}").ok();
        }
    }));
}
