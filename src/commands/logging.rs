//! The log: to a file, or to standard error.
#![expect(
    clippy::disallowed_methods,
    reason = "writes the log to the file that the user names"
)]

use std::{
    fs::OpenOptions,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use tracing_subscriber::{
    EnvFilter,
    fmt::{self, MakeWriter},
};

use crate::{
    commands::{context::GlobalOptions, error::CommandError},
    domain::{gate::Gate, visible},
};

/// Starts the log where one is asked for.
pub(super) fn start(options: &GlobalOptions, gate: &Gate) -> Result<(), CommandError> {
    let level = match options.verbose {
        0 => "info",
        1 => "neonup=debug,info",
        _ => "neonup=trace,debug",
    };
    let log = fmt::fmt()
        .with_env_filter(EnvFilter::new(level))
        .with_ansi(false);
    if let Some(path) = &options.log {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|source| CommandError::Log {
                path: path.clone(),
                source,
            })?;
        log.with_writer(SafeLog::new(file, gate)).init();
    } else if options.verbose > 0 {
        log.with_writer(SafeLog::new(io::stderr(), gate)).init();
    }
    Ok(())
}

/// Where the log goes. Each event becomes one line that is safe to show, whatever the libraries wrote into it.
struct SafeLog<W> {
    log: Mutex<W>,
    gate: Gate,
}

impl<W> SafeLog<W> {
    fn new(log: W, gate: &Gate) -> Self {
        Self {
            log: Mutex::new(log),
            gate: gate.clone(),
        }
    }
}

impl<'a, W: Write + 'a> MakeWriter<'a> for SafeLog<W> {
    type Writer = LogEvent<'a, W>;

    fn make_writer(&'a self) -> Self::Writer {
        LogEvent {
            log: self,
            text: Vec::new(),
        }
    }
}

/// One event, which is written when it ends.
struct LogEvent<'a, W: Write> {
    log: &'a SafeLog<W>,
    text: Vec<u8>,
}

impl<W: Write> Write for LogEvent<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> Drop for LogEvent<'_, W> {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        if text.is_empty() {
            return;
        }
        let text = self.log.gate.mask(text);
        let mut log = self.log.log.lock().unwrap_or_else(PoisonError::into_inner);
        // a log that cannot be written is not a failure of the command
        writeln!(log, "{}", visible::line(&text)).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_without_commands_and_passwords() {
        let log = SafeLog::new(Vec::new(), &Gate::default());
        let mut event = log.make_writer();
        event.write_all(b"said: \x1b]0;t\x07\nfake ").unwrap();
        event.write_all(b"postgres://u:canary@h/d\n").unwrap();
        drop(event);
        assert_eq!(
            String::from_utf8(log.log.into_inner().unwrap()).unwrap(),
            "said: \\x1b]0;t\\x07\\nfake postgres://u:\u{2022}\u{2022}\u{2022}\u{2022}@h/d\n"
        );
    }
}
