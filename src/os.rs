//! What differs between operating systems, and what only they can tell.
#![expect(
    clippy::disallowed_methods,
    reason = "the operating system is what this room asks"
)]

mod allocator;
pub(crate) mod ancestry;
pub(crate) mod bounded;
pub(crate) mod browser;
pub(crate) mod crash;
pub(crate) mod dumps;
pub(crate) mod environments;
pub(crate) mod folders;
pub(crate) mod loopback;
pub(crate) mod signals;
pub(crate) mod staged;
pub(crate) mod subprocess;
pub(crate) mod supervisor;
pub(crate) mod tmux;
pub(crate) mod typed;
