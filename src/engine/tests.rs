//! The steps and the runtime against a world in memory.

mod health;
mod join_or_create;
mod kept_app;
mod login;
mod only_empty;
mod own_address;
mod passwordless;
mod planted;
mod project;
mod refusals;
mod rotate;
mod runtime;
mod secrets;
mod stand_ins;
mod temporary;
mod trust;
mod tutorial;
mod web_login;
