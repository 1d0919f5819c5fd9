//! What the project knows, without any IO: every function here is pure.

pub mod age;
pub mod app_log;
pub mod credentials;
pub mod diff;
pub mod dotenv;
pub mod duration;
pub mod hex;
pub mod host;
pub mod mask;
pub mod name;
pub mod proof;
pub mod python;
pub mod rotation;
pub mod source;
pub mod sql;
pub mod temporary;
pub mod url;
