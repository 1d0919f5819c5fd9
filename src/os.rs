//! What differs between operating systems, and what only they can tell.
//!
//! Code outside of this room never asks which system it runs on. What differs is in `unix` and `windows`, which have the same modules
//! with the same items; the rest of this room builds on them.
#![expect(
    clippy::disallowed_methods,
    reason = "the operating system is what this room asks"
)]

mod allocator;
pub(crate) mod ancestry;
pub(crate) mod bounded;
pub(crate) mod browser;
pub(crate) mod environments;
pub(crate) mod folders;
pub(crate) mod loopback;
pub(crate) mod out;
pub(crate) mod signals;
pub(crate) mod staged;
pub(crate) mod tmux;
pub(crate) mod typed_line;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
#[cfg(any(windows, test))]
mod windows_words;

#[cfg(unix)]
use unix::signal;
#[cfg(unix)]
pub(crate) use unix::{
    crash, desktop, dumps, files, foreground, homes, peer, postgres, process_table, programs,
    screen, server_user, sockets, subprocess, supervisor, typed,
};
#[cfg(windows)]
use windows::signal;
#[cfg(windows)]
pub(crate) use windows::{
    crash, desktop, dumps, files, foreground, homes, peer, postgres, process_table, programs,
    screen, server_user, sockets, subprocess, supervisor, typed,
};
