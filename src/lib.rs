//! The map of the house.
//!
//! `neonup` takes a developer from a fresh clone to a verified, leak-proof Neon database. It has a functional core, one
//! runtime, and two front ends:
//!
//! ```text
//! key → keymap → Msg → update(&mut App) → Vec<Effect> → Runtime → Step::{probe, apply}(ports) → Event → Msg
//!                          view(&App) draws                                   └→ headless: Event → Reporter → exit code
//! ```
//!
//! | room | what lives there |
//! |---|---|
//! | [`plan`], [`event`], [`finding`], [`failure`], [`detail`], [`answer`], [`secret`] | the words of the core: pure data |
//! | [`offer`] | the answers that each step offers, for the screens and the lines alike |
//! | [`domain`] | what the project knows: connection URLs, the lossless `.env` document, stacks, credentials; pure |
//! | [`engine`] | the [`engine::Step`] trait, the runtime, and one file for each of the seven steps |
//! | [`ports`] | traits for everything outside, and the real adapters: the only IO beside the sandbox and the terminal |
//! | [`sandbox`] | our own local Neon: the API, real Postgres computes, the TLS front, their state |
//! | [`receipt`] | the plan as Markdown for others, without identifiers |
//! | [`headless`] | the commands without a screen: the same events as lines or JSON |
//! | [`tui`] | the wizard: `app` and `update` are pure, `screens` draw, `terminal` is the only part that touches a terminal |
//! | [`tour`] | the presenter's words, the prepared mishaps, and the stage for them |
//! | [`settings`] | flags over environment over `neonup.toml` over what is detected over defaults |
//! | [`cli`] | the command line, and which front end runs |
//! | `child` | starting other programs so that none outlives us |
//!
//! A new step is a variant of [`plan::StepId`]: the compiler then asks for its needs, its implementation in `engine`, its
//! detail, its answers in `offer`, its screen and its heading in `SETUP.md`.

pub mod answer;
mod child;
pub mod cli;
pub mod detail;
pub mod domain;
pub mod engine;
pub mod event;
pub mod failure;
pub mod finding;
pub mod headless;
pub mod offer;
pub mod plan;
pub mod ports;
pub mod receipt;
pub mod sandbox;
pub mod secret;
pub mod settings;
pub mod tour;
pub mod tui;
