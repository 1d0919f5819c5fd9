//! The integration tests: one binary, one module for each part.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "test support: a failure is a panic, and what it prints is for whoever reads it"
)]

mod tui;
