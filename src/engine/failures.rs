//! What the errors of the ports mean for a person: the code, the reason and the way out.
//!
//! An error that means the same everywhere is converted with `?`; where the meaning depends on what was being done, a function converts it.

pub(crate) mod claimable;
pub(crate) mod create;
mod database;
pub(crate) mod files;
mod http;
pub(crate) mod neon;
mod process;
mod repository;
mod store;
pub(crate) mod web_login;
