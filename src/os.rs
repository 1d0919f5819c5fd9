//! What differs between operating systems.

pub(crate) mod signals;
pub(crate) mod subprocess;
pub(crate) mod temporary;
