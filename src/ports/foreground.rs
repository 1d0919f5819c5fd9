//! A program that has the terminal until it ends, beside us in the same job.

use std::{io, process::ExitStatus};

use futures_util::{Stream, StreamExt as _};
use tokio::process::Child;

use crate::os::signals::{Signal, suspend_job};

/// Waits for a program that was started with our terminal. `None`: we were told to end, and so was it.
///
/// Ctrl-C is the program's. Where we listen for Ctrl-Z, it stops both, as it does by default: a program that stopped alone would leave a
/// shell that waits for us.
pub(crate) async fn wait(
    mut program: Child,
    signals: &mut (impl Stream<Item = Signal> + Unpin),
) -> io::Result<Option<ExitStatus>> {
    loop {
        tokio::select! {
            ended = program.wait() => return ended.map(Some),
            signal = signals.next() => match signal {
                Some(Signal::Interrupt | Signal::Quit) => {}
                Some(Signal::Stop) => suspend_job()?,
                Some(Signal::Terminate | Signal::Hangup) | None => {
                    program.kill().await.ok();
                    return Ok(None);
                }
            },
        }
    }
}
