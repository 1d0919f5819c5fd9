//! What differs between operating systems.

pub(crate) mod folders;
pub(crate) mod signals;
pub(crate) mod subprocess;
