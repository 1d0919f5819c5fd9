//! What the project knows, without any IO: every function here is pure.

pub(crate) mod age;
pub(crate) mod api_key;
pub(crate) mod app_log;
pub(crate) mod credentials;
pub(crate) mod diff;
pub(crate) mod dotenv;
pub(crate) mod driver_script;
pub(crate) mod duration;
pub(crate) mod hex;
pub(crate) mod host;
pub(crate) mod name;
pub(crate) mod python;
pub(crate) mod redact;
pub(crate) mod rotation;
pub(crate) mod sensitive;
pub(crate) mod source;
pub(crate) mod sql;
pub(crate) mod temporary;
pub(crate) mod url;
