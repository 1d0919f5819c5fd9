//! The map of the house.
//!
//! `neonup` takes a developer from a fresh clone to a verified, leak-proof Neon database. It has a functional core, one
//! runtime, and two front ends:
//!
//! ```text
//! key → keymap → Msg → update(&mut App) → Vec<Effect> → Runtime → Step::{probe, apply}(ports) → Event → Msg
//!                          view(&App) draws                                   └→ commands: Event → Plan → report → exit code
//! ```
//!
//! A room may use only the rooms above it in this table; `tests/it/architecture.rs` enforces that.
//!
//! | room | what lives there |
//! |---|---|
//! | `core` | the words that every room speaks, as plain data: step, plan, event, finding, facts, answer, choices, secret |
//! | `domain` | what the project knows, without IO: connection URLs, the `.env` document, credentials, Python, SQL |
//! | `os` | what differs between operating systems: the only room that asks which one it is, or is unsafe |
//! | `ports` | traits for everything outside, each with its real adapter |
//! | `project` | where we run: the workspace, its settings and `neonup.toml`, and what is detected in its files |
//! | `engine` | the runtime and the seven steps |
//! | `sandbox` | our own local Neon: the API, real Postgres computes, the TLS front |
//! | `report` | the plan as lines, JSON, SARIF and a receipt |
//! | `tui` | the wizard: `state`, `update` and `view` are pure; `terminal` alone touches a terminal |
//! | `commands` | the command line, one file for each command |
//! | `testing` | the test kit: in-memory ports, worlds and screen fixtures; not in a release build |
#![cfg_attr(
    test,
    expect(
        clippy::disallowed_methods,
        reason = "a test makes the world that it needs"
    )
)]

mod commands;
mod core;
mod domain;
mod engine;
mod os;
mod ports;
mod project;
mod report;
mod sandbox;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tui;

pub use commands::main;
