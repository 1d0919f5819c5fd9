//! The steps, and the runtime that drives them.
//!
//! # Write your own step
//!
//! A step brings one part of the setup to "done". It has two functions ([`step::Step`]):
//!
//! - `probe` looks, and never changes anything. `neonup check` and the wizard run the same probes.
//! - `apply` changes what is missing until the probe says done. It takes the step's own answer, which is what a person chose.
//!
//! Both get a [`context::Cx`]: the settings, the ports to everything outside (files, Neon, Postgres, git, programs), and what the
//! steps before them have learned in this run. A step does no IO of its own, so a test can hand it a world in memory.
//!
//! A step keeps no state, because the world is the state. If a run is killed, the next one probes again and goes on from there; so
//! an `apply` may run twice, and must not do twice what it does.
//!
//! This is a whole step with its test. It is compiled and run with the other tests.
//!
//! ```rust,ignore
#![doc = include_str!("engine/tests/tutorial.rs")]
//! ```
//!
//! A step that needs to say more has these:
//!
//! - `cx.progress(…)` while it works, and `cx.show(…)` for facts that the screen can draw before the end.
//! - [`Report::facts`](crate::core::event::Report::facts) for its screen, [`Report::waiting`](crate::core::event::Report::waiting)
//!   while an earlier step is open, [`Report::skipped`](crate::core::event::Report::skipped) where it does not apply.
//! - [`Step::MUST_FINISH`](step::Step::MUST_FINISH) if an `apply` must not be cut off in the middle.
//! - A function in `failures` for each error of a port that means something else here than elsewhere.
//!
//! # Put it among the seven
//!
//! Add a variant to [`StepId`](crate::core::step::StepId) and follow the compiler. It leads to:
//!
//! 1. `core/step.rs`: the name, the label, one sentence of what it does, and the steps that it needs.
//! 2. `core/code.rs`: its finding codes. A test asks for a heading in `SETUP.md` for each.
//! 3. `core/answer.rs` and `core/choices`: what a person can choose, and the safe default.
//! 4. `core/facts.rs`: what its screen shows.
//! 5. `engine/registry.rs`: the row that names its type.
//! 6. `tui/screens`: one module that draws its facts.
//!
//! The lines, the JSON and the exit code follow from the report.

pub(crate) mod backend;
mod build;
mod changes;
mod clock;
mod connection;
pub(crate) mod context;
pub(crate) mod env;
mod failures;
pub(crate) mod health;
mod key;
pub(crate) mod key_journal;
mod key_store;
pub(crate) mod login;
mod neon_operations;
mod own_address;
mod packages;
pub(crate) mod project;
mod project_id;
mod registry;
mod rotate;
pub(crate) mod runtime;
pub(crate) mod schema;
mod sealed;
pub(crate) mod secrets;
mod stand_ins;
pub(crate) mod step;
pub(crate) mod temporary;
#[cfg(test)]
mod tests;
pub(crate) mod trust;
pub(crate) mod turn;
mod web_login;

pub(crate) use connection::of_clone as written_connection;
pub(crate) use registry::must_finish;
pub(crate) use runtime::Runtime;
