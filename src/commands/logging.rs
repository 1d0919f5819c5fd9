//! The log: to a file, or to standard error.
#![expect(
    clippy::disallowed_methods,
    reason = "writes the log to the file that the user names"
)]

use std::{fs::OpenOptions, io, sync::Mutex};

use tracing_subscriber::{EnvFilter, fmt};

use crate::commands::{context::GlobalOptions, error::CommandError};

/// Starts the log where one is asked for.
pub(super) fn start(options: &GlobalOptions) -> Result<(), CommandError> {
    let level = match options.verbose {
        0 => "info",
        1 => "neonup=debug,info",
        _ => "neonup=trace,debug",
    };
    let log = fmt().with_env_filter(EnvFilter::new(level));
    if let Some(path) = &options.log {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|source| CommandError::Log {
                path: path.clone(),
                source,
            })?;
        log.with_ansi(false).with_writer(Mutex::new(file)).init();
    } else if options.verbose > 0 {
        log.with_writer(io::stderr).init();
    }
    Ok(())
}
