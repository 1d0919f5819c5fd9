//! Judges a Python backend by its text (requirements, the session module, `main.py`) and proposes the changes that would fix it.
//!
//! Nothing is run and nothing is parsed in full: the rules look for the few mistakes that are common and are silent where they
//! cannot tell.

mod app;
mod dependencies;
mod main_py;
mod session;
mod source;
#[cfg(test)]
mod tests;

pub(crate) use app::{PythonApp, find_app, is_django_script};
pub(crate) use dependencies::Dependencies;
pub(crate) use main_py::{MainFacts, judge_main, propose_main};
pub(crate) use session::{SessionIssue, connect_args, judge_session, session_files};
