//! Standard input: lines, whole texts, and secrets that are typed.

use std::{
    io::{self, BufRead as _, Read as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crossterm::{
    event::{
        self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEventKind,
        KeyModifiers,
    },
    execute, terminal,
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    core::secret::Secret,
    os::{crash, out::Out},
};

/// The lines of standard input, read on a thread of their own so that a signal is heard while nobody types.
pub(crate) struct InputLines {
    receiver: mpsc::UnboundedReceiver<String>,
    requests: std::sync::mpsc::Sender<()>,
    /// A line was asked for and has not come: whoever stopped waiting left it to the next.
    asked: bool,
}

impl InputLines {
    /// Reads a line only when asked for one: what comes after the last answer is not ours.
    pub(crate) fn standard() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let (requests, wanted) = std::sync::mpsc::channel();
        thread::spawn(move || {
            while wanted.recv().is_ok() {
                let mut line = String::new();
                match io::stdin().lock().read_line(&mut line) {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {
                        if sender.send(line).is_err() {
                            return;
                        }
                    }
                }
            }
        });
        Self {
            receiver,
            requests,
            asked: false,
        }
    }

    /// The next line without its end, or `None` at the end of input.
    pub(crate) async fn next(&mut self) -> Option<String> {
        if !self.asked {
            self.requests.send(()).ok()?;
            self.asked = true;
        }
        let line = self.receiver.recv().await?;
        self.asked = false;
        Some(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// Reads one line at once. `None` is the end of input.
pub(super) fn read_line() -> Option<String> {
    let mut line = String::new();
    io::stdin()
        .read_line(&mut line)
        .is_ok_and(|length| length > 0)
        .then_some(line)
}

/// Reads everything, at most so many bytes of it.
pub(super) fn read_all(limit: u64) -> io::Result<String> {
    let mut text = String::new();
    io::stdin().lock().take(limit).read_to_string(&mut text)?;
    Ok(text)
}

/// Reads everything and keeps the end, at most so many bytes of it. What is not UTF-8 is replaced.
pub(super) fn read_tail(limit: usize) -> io::Result<String> {
    tail(io::stdin().lock(), limit)
}

fn tail(mut text: impl io::Read, limit: usize) -> io::Result<String> {
    let mut kept = Vec::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        let read = match text.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        kept.extend_from_slice(piece.get(..read).unwrap_or_default());
        if kept.len() >= 2 * limit {
            kept.drain(..kept.len() - limit);
        }
    }
    kept.drain(..kept.len().saturating_sub(limit));
    Ok(String::from_utf8_lossy(&kept).into_owned())
}

/// What the user did when asked for a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TypedSecret {
    Secret(Secret),
    /// Esc.
    Back,
    /// Ctrl-C, or a signal.
    Cancelled,
}

/// No bracketed paste.
const PASTES_OFF: &[u8] = b"\x1b[?2004l";

/// Raw mode and bracketed paste, until it is dropped.
struct RawMode;

impl RawMode {
    fn enter() -> io::Result<Self> {
        // a signal that ends us at once gives it back, too
        crash::arm(Out::Stderr, PASTES_OFF);
        terminal::enable_raw_mode()?;
        execute!(io::stderr(), EnableBracketedPaste).ok();
        Ok(Self)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        execute!(io::stderr(), DisableBracketedPaste).ok();
        // the terminal may be gone, and then there is nothing to give back
        terminal::disable_raw_mode().ok();
        crash::disarm();
    }
}

/// Whether an answer is a clear yes.
pub(super) fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

/// Reads a secret from the terminal without showing it. Raw mode, since a terminal's own line editing cuts long pastes; a paste
/// with line ends in it stays one answer. `cancelled` ends it from outside.
pub(crate) async fn secret(cancelled: impl Future<Output = ()>) -> io::Result<TypedSecret> {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let (sender, mut receiver) = oneshot::channel();
    thread::spawn(move || {
        let typed = RawMode::enter().and_then(|_raw| read_secret(&stopped));
        // nobody waits for it any more when the program is ending
        sender.send(typed).ok();
    });
    let gone = |_closed| io::Error::other("the thread that reads the terminal has ended");
    tokio::select! {
        typed = &mut receiver => typed.map_err(gone)?,
        () = cancelled => {
            stop.store(true, Ordering::Relaxed);
            // the terminal is given back before we go on
            receiver.await.map_err(gone)?
        }
    }
}

fn read_secret(stopped: &AtomicBool) -> io::Result<TypedSecret> {
    let mut text = String::new();
    loop {
        if stopped.load(Ordering::Relaxed) {
            return Ok(TypedSecret::Cancelled);
        }
        if !event::poll(Duration::from_millis(100))? {
            continue;
        }
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "of all keys only those that edit a line mean anything here"
        )]
        match event::read()? {
            Event::Paste(pasted) => text.push_str(&pasted),
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                let control = key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Enter => return Ok(TypedSecret::Secret(Secret::new(text))),
                    KeyCode::Esc => return Ok(TypedSecret::Back),
                    KeyCode::Char('c' | 'd') if control => return Ok(TypedSecret::Cancelled),
                    KeyCode::Char('u') if control => text.clear(),
                    KeyCode::Backspace => {
                        text.pop();
                    }
                    KeyCode::Char(c) if !control => text.push(c),
                    _ => {}
                }
            }
            Event::Key(_)
            | Event::Mouse(_)
            | Event::Resize(..)
            | Event::FocusGained
            | Event::FocusLost => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_text_is_kept() {
        assert_eq!(tail(b"abc".as_slice(), 10).unwrap(), "abc");
        assert_eq!(tail(b"abcdef".as_slice(), 4).unwrap(), "cdef");
        let long = "0123456789".repeat(50_000);
        assert_eq!(tail(long.as_bytes(), 7).unwrap(), "3456789");
        assert_eq!(tail(b"a\xff".as_slice(), 7).unwrap(), "a\u{fffd}");
    }
}
