//! Windows.

mod access;
pub(crate) mod crash;
pub(crate) mod desktop;
pub(crate) mod dumps;
pub(crate) mod files;
pub(crate) mod foreground;
mod handle;
pub(crate) mod homes;
mod job;
pub(crate) mod peer;
pub(crate) mod postgres;
pub(crate) mod process_table;
pub(crate) mod programs;
mod registry;
pub(crate) mod screen;
pub(crate) mod server_user;
pub(crate) mod signal;
pub(crate) mod sockets;
pub(crate) mod subprocess;
pub(crate) mod supervisor;
pub(crate) mod typed;
