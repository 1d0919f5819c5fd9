//! Tests of the whole wizard: update as tables, every screen as a picture, sweeps over sizes, journeys through the loop.

mod contrast;
mod enter;
mod input;
mod journeys;
mod kept_app;
mod login;
mod mouse;
mod panes;
mod pictures;
mod presenter;
mod project;
mod proposal;
mod rows;
#[cfg(unix)]
mod terminal;
mod unseen;
mod updates;
mod watch;
