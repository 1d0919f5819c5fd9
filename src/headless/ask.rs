//! Asking on a terminal, and reading answers from whatever standard input is.

use std::io::{self, BufRead as _};

use crossterm::{
    event::{
        self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEventKind,
        KeyModifiers,
    },
    execute, terminal,
};
use tokio::sync::mpsc;

use crate::secret::Secret;

/// The lines of standard input, read on a thread of their own so that a signal is heard while nobody types.
pub struct Lines {
    receiver: mpsc::UnboundedReceiver<String>,
    requests: std::sync::mpsc::Sender<()>,
}

impl Lines {
    /// Begins to read, a line at a time, only when asked for one: what comes after the last answer is not ours.
    pub fn standard() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let (requests, wanted) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
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
        Self { receiver, requests }
    }

    /// The next line without its end, or `None` at the end of input.
    pub async fn next(&mut self) -> Option<String> {
        self.requests.send(()).ok()?;
        let line = self.receiver.recv().await?;
        Some(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// Reads a secret from the terminal without showing it. Raw mode, since a terminal's own line editing cuts long pastes; a paste
/// with line ends in it stays one answer. `None` when the user cancels.
pub fn secret() -> io::Result<Option<Secret>> {
    terminal::enable_raw_mode()?;
    execute!(io::stderr(), EnableBracketedPaste).ok();
    let result = read_secret();
    execute!(io::stderr(), DisableBracketedPaste).ok();
    terminal::disable_raw_mode()?;
    result
}

fn read_secret() -> io::Result<Option<Secret>> {
    let mut text = zeroed::Text::default();
    loop {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "of all keys only those that edit a line mean anything here"
        )]
        match event::read()? {
            Event::Paste(pasted) => text.push_str(&pasted),
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                let control = key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Enter => return Ok(Some(text.into_secret())),
                    KeyCode::Esc => return Ok(None),
                    KeyCode::Char('c' | 'd') if control => return Ok(None),
                    KeyCode::Char('u') if control => text = zeroed::Text::default(),
                    KeyCode::Backspace => text.pop(),
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

mod zeroed {
    //! A text that is wrapped as a secret at its end.

    use crate::secret::Secret;

    #[derive(Default)]
    pub(super) struct Text(String);

    impl Text {
        pub(super) fn push_str(&mut self, text: &str) {
            self.0.push_str(text);
        }

        pub(super) fn push(&mut self, c: char) {
            self.0.push(c);
        }

        pub(super) fn pop(&mut self) {
            self.0.pop();
        }

        pub(super) fn into_secret(self) -> Secret {
            Secret::new(self.0)
        }
    }
}
