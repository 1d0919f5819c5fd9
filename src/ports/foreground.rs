//! A program that has the terminal until it ends, beside us in the same job.

use std::{io, process::ExitStatus, time::Duration};

use futures_util::{Stream, StreamExt as _};
use tokio::process::Child;

use crate::os::{
    foreground::{TerminalModes, ask_to_end},
    signals::{Signal, suspend_job},
    typed_line,
};

/// How long a program may take to end once it is asked to: an editor saves what it can.
const GRACE: Duration = Duration::from_secs(2);

/// Waits for a program that was started with our terminal. `None`: we were told to end, and so was it.
///
/// Ctrl-C is the program's. Where we listen for Ctrl-Z, it stops both, as it does by default: a program that stopped alone would leave a
/// shell that waits for us. `before` is how the terminal read before the start, and reads again afterwards: a program that was killed leaves
/// it as it was.
pub(crate) async fn wait(
    mut program: Child,
    before: Option<TerminalModes>,
    signals: &mut (impl Stream<Item = Signal> + Unpin),
) -> io::Result<Option<ExitStatus>> {
    let ended = loop {
        tokio::select! {
            ended = program.wait() => break ended.map(Some),
            signal = signals.next() => match signal {
                Some(Signal::Interrupt | Signal::Quit) => {}
                Some(Signal::Stop) => suspend_job()?,
                Some(Signal::Terminate | Signal::Hangup) | None => {
                    end(&mut program).await;
                    break Ok(None);
                }
            },
        }
    };
    if let Some(before) = before {
        before.restore();
    }
    ended
}

async fn end(program: &mut Child) {
    if let Some(process) = program.id() {
        ask_to_end(process);
    }
    if tokio::time::timeout(GRACE, program.wait()).await.is_err() {
        program.kill().await.ok();
    }
}

/// Waits until a person has read what a program has left on the terminal, and pressed Enter. `false`: we were told to end.
pub(crate) async fn read_by_person(signals: &mut (impl Stream<Item = Signal> + Unpin)) -> bool {
    let mut line = typed_line::next();
    loop {
        tokio::select! {
            _ = &mut line => return true,
            signal = signals.next() => match signal {
                Some(Signal::Interrupt | Signal::Quit | Signal::Stop) => {}
                Some(Signal::Terminate | Signal::Hangup) | None => return false,
            },
        }
    }
}
