//! The integration tests: one binary, so that it is linked once; one module for each part.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    unreachable_pub,
    reason = "a test that is surprised should stop there and say so"
)]
#![cfg_attr(
    windows,
    allow(
        dead_code,
        unused_imports,
        reason = "what tests need that make no sense there"
    )
)]

mod apps;
mod architecture;
mod broken;
mod claim;
mod cli;
mod contract;
mod corpus;
#[cfg(unix)] // the interpreters are linked into the sample
mod drivers;
#[cfg(unix)] // signals
mod endings;
mod envdoc;
mod explain;
mod faults;
mod files;
mod health;
#[cfg(unix)] // FIFOs, and spies that are shell scripts
mod hostile;
mod keyring;
mod limits;
mod mcp;
mod migrations;
mod neon_cli;
mod packages;
#[cfg(unix)] // a terminal
mod pictures;
#[cfg(unix)] // a terminal
mod presenter;
#[cfg(unix)] // a terminal
mod proposal;
mod proxy;
mod recorder;
mod rotate;
mod secrets;
mod stacks;
mod style;
mod support;
#[cfg(unix)] // a terminal, and names that are no Unicode
mod text;
mod together;
#[cfg(unix)] // the commands of the clone are shell scripts
mod trust;
mod web_login;
mod wishes;
#[cfg(unix)] // a terminal, and signals
mod wizard;

#[path = "../../src/sandbox/tests/fields.rs"]
mod fields;
