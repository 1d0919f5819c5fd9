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

mod apps;
mod architecture;
mod broken;
mod claim;
mod cli;
mod contract;
mod corpus;
mod drivers;
mod endings;
mod envdoc;
mod explain;
mod faults;
mod files;
mod health;
mod hostile;
mod keyring;
mod limits;
mod mcp;
mod migrations;
mod neon_cli;
mod packages;
mod pictures;
mod presenter;
mod proposal;
mod proxy;
mod recorder;
mod rotate;
mod secrets;
mod stacks;
mod style;
mod support;
mod text;
mod together;
mod trust;
mod web_login;
mod wishes;
mod wizard;

#[path = "../../src/sandbox/tests/fields.rs"]
mod fields;
