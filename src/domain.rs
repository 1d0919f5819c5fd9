//! What the project knows, without any IO: every function here is pure.

pub mod age;
pub mod sql;
pub mod url;
