//! What differs between operating systems.

pub(crate) mod subprocess;
