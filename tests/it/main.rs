//! The integration tests: one binary, so that it is linked once; one module for each part.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test that is surprised should stop there and say so"
)]

mod broken;
mod claim;
mod cli;
mod core;
mod envdoc;
mod health;
mod keyring;
mod neon_cli;
mod neon_http;
mod pictures;
mod presenter;
mod project;
mod recorder;
mod refusals;
mod rotate;
mod sandbox;
mod secrets;
mod stacks;
mod steps;
mod support;
mod terminal;
mod together;
mod tui;
mod wizard;
mod world;
