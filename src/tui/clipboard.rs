//! The clipboard of the terminal, which may be on another machine.
//!
//! OSC 52 asks the terminal to take a text; there is no reply. tmux 3.3 ignores that by default, both from a program of
//! its own (`set-clipboard external`) and as a sequence to be passed through (`allow-passthrough off`), but takes the text from its
//! own `load-buffer` and, with `-w`, hands it on (tmux(1)).

use std::io::{self, Write};

use crossterm::{Command as _, clipboard::CopyToClipboard};

use crate::{core::environment::Environment, domain::visible, os::tmux::load_buffer};

/// Asks the terminal to take a text, through tmux where there is one. It is pasted into a shell as likely as not, so that nothing
/// is in it that a terminal acts on.
pub(super) fn copy(out: &mut impl Write, text: &str, tmux: Option<&Environment>) -> io::Result<()> {
    let text = &*visible::lines(text);
    let mut sequence = String::new();
    CopyToClipboard::to_clipboard_from(text)
        .write_ansi(&mut sequence)
        .map_err(io::Error::other)?;
    if let Some(environment) = tmux {
        let passed = sequence.replace('\x1b', "\x1b\x1b");
        write!(out, "\x1bPtmux;{passed}\x1b\\")?;
        let (text, environment) = (text.to_owned(), environment.clone());
        // the screen does not wait for another program
        std::thread::spawn(move || {
            // a tmux older than 3.2 has no -w
            let _loaded =
                load_buffer(&environment, &["-w"], &text) || load_buffer(&environment, &[], &text);
        });
    }
    out.write_all(sequence.as_bytes())?;
    out.flush()
}
