//! Where text goes: data to standard output, everything else to standard error.

use std::{
    borrow::Cow,
    io::{self, Write},
    time::{Duration, Instant},
};

use crate::{
    core::redact::Redactor,
    domain::{ascii, gate::Gate, visible},
    os::typed,
    report::{
        error::ErrorReport,
        json,
        styled::{StyledLine, Tone},
    },
};

/// The two streams, and how to write to them.
#[expect(
    clippy::struct_excessive_bools,
    reason = "how lines are to look, each independent of the others"
)]
pub(crate) struct Output {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    /// One JSON document on standard output, and nothing else there.
    pub json: bool,
    /// Hides identifiers, in presenter mode.
    pub redactor: Option<Redactor>,
    /// Lets no secret pass.
    gate: Gate,
    color: bool,
    /// Only ASCII glyphs.
    ascii: bool,
    /// The columns of the window, where lines go to one.
    width: Option<usize>,
    spoken: bool,
    progress: ProgressLine,
    clock: fn() -> Instant,
    /// The documents of several applications, where they are printed as one.
    collected: Option<Collected>,
}

/// The documents of several applications.
#[derive(Debug, Default)]
struct Collected {
    /// The one that the next document is of.
    app: String,
    documents: Vec<serde_json::Value>,
}

/// How progress is shown on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProgressStyle {
    /// A line of its own after a long time, in a log.
    Logged,
    /// One line that is rewritten.
    Rewritten,
    /// Lines of their own, and not many of them: a screen reader cannot read a line that is rewritten.
    Spoken,
}

/// What the line of the progress shows now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProgressLine {
    Hidden,
    /// The line that is rewritten is empty.
    Cleared,
    /// The line that is rewritten has text.
    Shown,
    /// When the last line was spoken.
    Spoken(Instant),
    /// When the last line was logged.
    Logged(Instant),
}

/// The longest that a log shows nothing of work that goes on.
const LOGGED_EVERY: Duration = Duration::from_secs(20);
/// The shortest time between two spoken lines of progress, and before the first one.
const SPOKEN_EVERY: Duration = Duration::from_secs(3);

impl Output {
    /// The process's own streams.
    pub(crate) fn standard(
        json: bool,
        color: bool,
        progress: ProgressStyle,
        gate: Gate,
        clock: fn() -> Instant,
    ) -> Self {
        Self {
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            json,
            redactor: None,
            gate,
            color,
            ascii: false,
            width: None,
            spoken: false,
            progress: match progress {
                ProgressStyle::Logged => ProgressLine::Logged(clock()),
                ProgressStyle::Rewritten => ProgressLine::Cleared,
                ProgressStyle::Spoken => ProgressLine::Spoken(clock()),
            },
            clock,
            collected: None,
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
            redactor: None,
            gate: Gate::default(),
            color: false,
            ascii: false,
            width: None,
            spoken: false,
            progress: ProgressLine::Hidden,
            clock: Instant::now,
            collected: None,
        }
    }

    /// Prints a line for a person: to standard output, or to standard error where that holds JSON.
    pub(crate) fn line(&mut self, text: impl Into<StyledLine>) {
        let line = self.shown(&text.into());
        self.print(&line);
    }

    /// Breaks long lines at the window's width from now on.
    pub(crate) fn fit(&mut self, width: Option<usize>) {
        self.width = width.filter(|_| !self.json);
    }

    /// Uses ASCII in place of our glyphs from now on.
    pub(crate) const fn in_ascii(&mut self) {
        self.ascii = true;
    }

    /// Says words in place of glyphs from now on: lines are spoken, or kept in a log.
    pub(crate) const fn speak(&mut self) {
        self.spoken = true;
    }

    /// Whether a word is better than a glyph.
    pub(crate) const fn is_spoken(&self) -> bool {
        self.spoken
    }

    /// Prints a line of prose for a person. It breaks at the window's width, with `indent` spaces before each further line.
    pub(crate) fn prose(&mut self, indent: usize, text: impl Into<StyledLine>) {
        let line = text.into();
        let mut line = line.map(|text| {
            let masked = self.gate.mask(text);
            visible::line(&self.redacted(&masked)).into_owned()
        });
        if self.color && !self.json {
            line = line.color_code();
        }
        let lines = match self.width {
            Some(width) => line.wrap(width, indent),
            None => vec![line],
        };
        for line in lines {
            // it was masked and made safe above, and a part of it is no more than the whole
            let shown = self.colored(&line);
            self.print(&shown);
        }
    }

    fn colored(&self, line: &StyledLine) -> String {
        let mut shown = String::new();
        for (tone, text) in line.parts() {
            match tone {
                Some(tone) if self.color && !self.json => {
                    shown.extend(["\u{1b}[", tone.code(), "m", text, "\u{1b}[0m"]);
                }
                _ => shown.push_str(text),
            }
        }
        self.in_locale(shown)
    }

    /// A text in the characters that the terminal can show.
    fn in_locale(&self, text: String) -> String {
        if self.ascii { ascii::text(&text) } else { text }
    }

    /// Prints a line that shows a secret, which the user has asked for by name.
    pub(crate) fn line_with_secret(&mut self, text: impl Into<StyledLine>) {
        let line = self.painted(&text.into(), |text| Cow::Borrowed(text));
        self.print(&line);
    }

    /// Prints what is going to be run, exactly and in full, however long it is.
    pub(crate) fn line_in_full(&mut self, text: &str) {
        let text = self.gate.mask_known(text);
        let line = visible::line_in_full(&self.redacted(&text)).into_owned();
        self.print(&line);
    }

    /// Prints a text of several lines.
    pub(crate) fn block(&mut self, text: &str) {
        let text = self.gate.mask(text);
        let lines = visible::lines(&self.redacted(&text)).into_owned();
        let lines = self.in_locale(lines);
        self.print(&lines);
    }

    fn print(&mut self, shown: &str) {
        self.clear_progress();
        if let ProgressLine::Spoken(last) | ProgressLine::Logged(last) = &mut self.progress {
            *last = (self.clock)();
        }
        let stream = if self.json {
            &mut self.err
        } else {
            &mut self.out
        };
        // a reader that went away (`| head -1`) is not a failure of ours: the exit code still tells
        writeln!(stream, "{shown}").ok();
        stream.flush().ok();
    }

    /// Prints a line beside the result, to standard error.
    pub(crate) fn note(&mut self, text: impl Into<StyledLine>) {
        self.clear_progress();
        let text = self.shown(&text.into());
        writeln!(self.err, "{text}").ok();
        self.err.flush().ok();
    }

    /// A line as it is written to a stream: without a secret, safe to show, and colored where colors are wanted.
    fn shown(&self, line: &StyledLine) -> String {
        self.painted(line, |text| Cow::Owned(self.gate.mask(text)))
    }

    fn painted(&self, line: &StyledLine, masked: impl Fn(&str) -> Cow<'_, str>) -> String {
        self.colored(&line.map(|text| {
            let masked = masked(text);
            visible::line(&self.redacted(&masked)).into_owned()
        }))
    }

    fn redacted<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redactor
            .as_ref()
            .map_or(Cow::Borrowed(text), |redactor| {
                Cow::Owned(redactor.redact(text))
            })
    }

    /// Prints text without a line end, for a question. What was typed before it isn't an answer.
    pub(crate) fn prompt(&mut self, text: impl Into<StyledLine>) {
        self.clear_progress();
        typed::forget();
        let text = self.shown(&text.into());
        let stream = if self.json {
            &mut self.err
        } else {
            &mut self.out
        };
        write!(stream, "{text}").ok();
        stream.flush().ok();
    }

    /// Speaks progress from now on.
    pub(crate) fn speak_progress(&mut self) {
        self.clear_progress();
        self.progress = ProgressLine::Spoken((self.clock)());
        self.spoken = true;
    }

    /// Shows progress: rewrites the line, or speaks from time to time.
    pub(crate) fn progress(&mut self, text: impl Into<StyledLine>) {
        let (last, every) = match &mut self.progress {
            ProgressLine::Spoken(last) => (Some(last), SPOKEN_EVERY),
            ProgressLine::Logged(last) => (Some(last), LOGGED_EVERY),
            ProgressLine::Hidden | ProgressLine::Cleared | ProgressLine::Shown => {
                (None, Duration::ZERO)
            }
        };
        if let Some(last) = last {
            let now = (self.clock)();
            if now.duration_since(*last) >= every {
                *last = now;
                self.note(text);
            }
        } else if self.progress != ProgressLine::Hidden {
            let line: String = self.shown(&text.into()).chars().take(78).collect();
            write!(self.err, "\r\u{1b}[2K{line}").ok();
            self.err.flush().ok();
            self.progress = ProgressLine::Shown;
        }
    }

    fn clear_progress(&mut self) {
        if self.progress == ProgressLine::Shown {
            write!(self.err, "\r\u{1b}[2K").ok();
            self.err.flush().ok();
            self.progress = ProgressLine::Cleared;
        }
    }

    /// Keeps documents from now on, until [`Self::print_collected`].
    pub(crate) fn collect(&mut self) {
        self.collected = self.json.then(Collected::default);
    }

    /// Says of which application the next document is.
    pub(crate) fn collect_for(&mut self, app: &str) {
        if let Some(collected) = &mut self.collected {
            app.clone_into(&mut collected.app);
        }
    }

    /// Prints what was kept as one document.
    pub(crate) fn print_collected(&mut self, status: &str) {
        let Some(Collected { documents, .. }) = self.collected.take() else {
            return;
        };
        self.document(&serde_json::json!({ "version": 1, "status": status, "apps": documents }));
    }

    /// Prints the one JSON document.
    pub(crate) fn document(&mut self, document: &impl serde::Serialize) {
        self.clear_progress();
        if let Some(collected) = &mut self.collected {
            let mut value = serde_json::to_value(document).unwrap_or_default();
            if let Some(members) = value.as_object_mut() {
                members.insert("app".to_owned(), collected.app.clone().into());
            }
            collected.documents.push(value);
            return;
        }
        let text = json::text(document, &self.gate);
        writeln!(self.out, "{text}").ok();
        self.out.flush().ok();
    }

    /// Prints the one JSON document, which holds a secret that the user has asked for.
    pub(crate) fn document_with_secret(&mut self, document: &impl serde::Serialize) {
        self.clear_progress();
        let text = json::text(document, &Gate::default());
        writeln!(self.out, "{text}").ok();
        self.out.flush().ok();
    }

    /// Writes bytes of our own to standard output: no text of anybody else is among them.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.out.write_all(bytes).ok();
        self.out.flush().ok();
    }

    /// Reports that the command could not do its work, as lines and with `--json` as a document, too.
    pub(crate) fn failure(&mut self, error: &ErrorReport) {
        // a command that ends with an error prints nothing of what it has kept
        self.collected = None;
        if self.json {
            self.document(&json::error(error));
        }
        self.error(error);
    }

    /// Prints an error as lines.
    pub(crate) fn error(&mut self, error: &ErrorReport) {
        let what = StyledLine::new().plain("error: ");
        let is_terminal = !matches!(
            self.progress,
            ProgressLine::Hidden | ProgressLine::Logged(_)
        );
        self.note(if is_terminal {
            what.painted(Tone::Bad, &error.what)
        } else {
            // what standard output can show says nothing of standard error
            what.plain(&error.what)
        });
        if !error.why.is_empty() {
            self.note(format!("  {}", error.why));
        }
        if let Some(id) = &error.request_id {
            self.note(format!("  Neon's request id: {id}"));
        }
        if !error.hint.is_empty() {
            self.note(format!("hint: {}", error.hint));
        }
    }
}
