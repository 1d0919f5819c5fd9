//! What was typed at the terminal before anything was asked.

use rustix::{
    stdio,
    termios::{self, QueueSelector},
};

/// Forgets what was typed at the terminal and not read yet: it can't be the answer to what is asked next. What a pipe or a file holds
/// stays.
pub(crate) fn forget() {
    let stdin = stdio::stdin();
    if termios::isatty(stdin) {
        termios::tcflush(stdin, QueueSelector::IFlush).ok();
    }
}
