//! The wizard's whole state. Nothing in it reaches outside: messages come in, effects go out.
//!
//! [`app`] holds all of it, [`navigation`] moves through it, and the other modules are its parts.

pub(crate) mod activity;
pub(crate) mod app;
mod app_run;
pub(crate) mod kept_app;
pub(crate) mod login;
pub(crate) mod navigation;
pub(crate) mod overlay;
pub(crate) mod palette;
mod presented;
pub(crate) mod pressed_keys;
pub(crate) mod project;
pub(crate) mod replay;
pub(crate) mod screen;
pub(crate) mod shown;
pub(crate) mod watch;
pub(crate) mod work;

pub(crate) use self::{
    app::App,
    screen::{Focus, Screen},
};
