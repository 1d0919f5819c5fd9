//! A line that somebody types, waited for without holding anything up.

use std::{io, thread};

use tokio::sync::oneshot;

/// Reads a line, and forgets it: something arrives once it has come, or nobody can type any more. Nobody waits for the thread when the program
/// ends.
pub(crate) fn next() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    thread::spawn(move || {
        let mut line = String::new();
        io::stdin().read_line(&mut line).ok();
        sender.send(()).ok();
    });
    receiver
}
