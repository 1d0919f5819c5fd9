//! What the project knows, without any IO: every function here is pure.

pub mod credentials;
pub mod url;
