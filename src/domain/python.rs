//! Judges a Python backend by its code and its requirements, and proposes the changes that would fix it.
//!
//! Nothing is run. The code is read by tree-sitter ([`parse`]) from the module that is started, along the imports of the repository
//! itself ([`graph`]); what its expressions may stand for ([`eval`]) and what it does when it starts or is asked ([`walk`]) is
//! followed as far as the code tells. What it does not tell is said to be unknown, never guessed.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each question is about a few kinds of syntax and values, and the others do not answer it"
)]

mod address_edit;
mod app;
mod bindings;
mod code;
mod dependencies;
mod driver;
mod engines;
mod eval;
mod graph;
mod imports;
mod judge;
mod main_py;
mod makers;
mod newer;
mod parse;
mod reads;
mod routes;
mod serve;
mod session;
mod settings;
mod syntax;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use address_edit::read_address;
pub(crate) use app::{
    AppStart, Entry, StartTarget, find_app, is_django_script, read_entry, served_app,
};
pub(crate) use dependencies::{
    Dependencies, Needs, not_listed, pipfile_dependencies, project_dependencies,
};
pub(crate) use driver::{driver, driver_of_key};
pub(crate) use judge::{
    Deduction, HealthRoute, Judgement, judge, judge_unimported, promised_health,
};
pub(crate) use main_py::{WantedCode, propose_main};
pub(crate) use newer::{OLDER_SQLALCHEMY, bare_address};
pub(crate) use reads::read;
pub(crate) use routes::{AppKind, health_rank};
pub(crate) use serve::{Served, served};
pub(crate) use session::{HARD_CODED, SessionIssue, connect_args, session_files};
