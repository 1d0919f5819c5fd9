//! Where text goes: data to standard output, everything else to standard error.

use std::{
    borrow::Cow,
    io::{self, IsTerminal as _, Write},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::core::{exit::Exit, failure::Failure, redact::Redactor};

/// The two streams, and how to write to them.
pub(crate) struct Output {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    /// One JSON document on standard output, and nothing else there.
    pub json: bool,
    /// Colours on standard output.
    pub color: bool,
    /// In presenter mode, what hides identifiers.
    pub redactor: Option<Redactor>,
    progress: Progress,
}

/// Whether progress is one line on standard error that is rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Standard error is no terminal.
    Off,
    /// Nothing is shown now.
    Clear,
    /// A line is shown.
    Shown,
    /// It is spoken: lines of their own, and not many of them, since a line that is rewritten cannot be heard. When the last
    /// one was said.
    Spoken(Instant),
}

/// The shortest time between two spoken lines of progress, and before the first one.
const SPOKEN_EVERY: Duration = Duration::from_secs(3);

/// A colour of meaning, for lines; the word beside it says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// In order.
    Good,
    /// Not in order.
    Bad,
    /// Worth a look.
    Warn,
    /// What to type, or where.
    Hint,
    /// Less important.
    Dim,
}

impl Output {
    /// The process's own streams. With `plain`, or where the environment says so (`ACCESSIBLE=1`, `TERM=dumb`), nothing is
    /// rewritten or coloured: it is heard, or kept in a log.
    pub(crate) fn standard(json: bool, no_color: bool, plain: bool) -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let terminal = io::stderr().is_terminal();
        let plain = plain || variable("ACCESSIBLE") == "1" || variable("TERM") == "dumb";
        let color = !no_color
            && !plain
            && variable("NO_COLOR").is_empty()
            && variable("CLICOLOR") != "0"
            && io::stdout().is_terminal();
        Self {
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            json,
            color,
            redactor: None,
            progress: match (terminal, plain) {
                (true, true) => Progress::Spoken(Instant::now()),
                (true, false) => Progress::Clear,
                (false, _) => Progress::Off,
            },
        }
    }

    /// Streams of a test.
    #[cfg(test)]
    pub(crate) fn captured(
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
        json: bool,
    ) -> Self {
        Self {
            out,
            err,
            json,
            color: false,
            redactor: None,
            progress: Progress::Off,
        }
    }

    fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redactor
            .as_ref()
            .map_or(Cow::Borrowed(text), |redactor| {
                Cow::Owned(redactor.redact(text))
            })
    }

    /// A line for a person: to standard output, or to standard error where that holds JSON.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        self.clear_progress();
        if let Progress::Spoken(last) = &mut self.progress {
            *last = Instant::now();
        }
        let text = self.shown(text.as_ref()).into_owned();
        let stream = if self.json {
            &mut self.err
        } else {
            &mut self.out
        };
        // a reader that went away (`| head -1`) is no failure of ours: the exit code still tells
        writeln!(stream, "{text}").ok();
        stream.flush().ok();
    }

    /// A line beside the result, to standard error.
    pub(crate) fn note(&mut self, text: impl AsRef<str>) {
        self.clear_progress();
        let text = self.shown(text.as_ref()).into_owned();
        writeln!(self.err, "{text}").ok();
        self.err.flush().ok();
    }

    /// Text without a line's end, for a question.
    pub(crate) fn prompt(&mut self, text: impl AsRef<str>) {
        self.clear_progress();
        let text = self.shown(text.as_ref()).into_owned();
        let stream = if self.json {
            &mut self.err
        } else {
            &mut self.out
        };
        write!(stream, "{text}").ok();
        stream.flush().ok();
    }

    /// The text in a colour, where colours are wanted.
    pub(crate) fn paint(&self, tone: Tone, text: impl AsRef<str>) -> String {
        let text = text.as_ref();
        if !self.color || self.json {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Warn => "33",
            Tone::Hint => "36",
            Tone::Dim => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// From now on progress is told in lines of their own, where it was shown or not.
    pub(crate) fn speak(&mut self) {
        self.clear_progress();
        self.progress = Progress::Spoken(Instant::now());
    }

    /// Rewrites the progress line, where standard error is a terminal; or says it, from time to time.
    pub(crate) fn progress(&mut self, text: impl AsRef<str>) {
        if let Progress::Spoken(last) = self.progress {
            if last.elapsed() >= SPOKEN_EVERY {
                self.progress = Progress::Spoken(Instant::now());
                self.note(text);
            }
        } else if self.progress != Progress::Off {
            let line: String = self.shown(text.as_ref()).chars().take(78).collect();
            write!(self.err, "\r\u{1b}[2K{line}").ok();
            self.err.flush().ok();
            self.progress = Progress::Shown;
        }
    }

    fn clear_progress(&mut self) {
        if self.progress == Progress::Shown {
            write!(self.err, "\r\u{1b}[2K").ok();
            self.err.flush().ok();
            self.progress = Progress::Clear;
        }
    }

    /// The one JSON document.
    pub(crate) fn document(&mut self, document: &impl serde::Serialize) {
        self.clear_progress();
        let text = serde_json::to_string_pretty(document)
            .unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
        writeln!(self.out, "{text}").ok();
        self.out.flush().ok();
    }

    /// Raw bytes for standard output.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.out.write_all(bytes).ok();
        self.out.flush().ok();
    }

    /// Says that the command could not do its work, as lines or as JSON, and gives the exit code back.
    pub(crate) fn failed(&mut self, failure: &Failure, exit: Exit) -> Exit {
        if self.json {
            let finding = failure.finding();
            self.document(&json!({
                "version": 1,
                "status": "failed",
                "steps": [],
                "next": [],
                "error": { "title": finding.title, "detail": finding.detail, "hint": finding.hint },
            }));
        }
        let what = self.paint_err(&failure.what);
        self.note(format!("error: {what}"));
        if !failure.why.is_empty() {
            self.note(format!("  {}", failure.why));
        }
        if let Some(id) = &failure.request_id {
            self.note(format!("  Neon's request id: {id}"));
        }
        if !failure.hint.is_empty() {
            self.note(format!("hint: {}", failure.hint));
        }
        exit
    }

    fn paint_err(&self, text: &str) -> String {
        if self.progress != Progress::Off && self.color {
            format!("\u{1b}[31m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
