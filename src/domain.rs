//! Pure knowledge: no IO, no clock, no environment.
//!
//! | what | where |
//! |---|---|
//! | connection URLs, and the drivers that read them | [`url`], [`host`] |
//! | env files: read, edited, checked, shown; what their keys are for | [`dotenv`], [`diff`], [`key_purpose`] |
//! | secrets: judged, found, redacted, replaced | [`sensitive`], [`credentials`], [`redact`], [`rotation`], [`api_key`], [`shipped`] |
//! | the application: what its code reads and opens, its driver, its log | [`reading`], [`python`], [`javascript`], [`prisma`], [`driver_script`], [`app_log`], [`connection_error`], [`source`], [`own_address`] |
//! | what of a text may be shown | [`gate`], [`visible`] |
//! | commands of the project | [`command_files`], [`migrations`], [`runner`] |
//! | SQL | [`sql`] |
//! | the login in the browser | [`web_login`] |
//! | times, names and ids | [`age`], [`duration`], [`name`], [`temporary`], [`hex`] |

pub(crate) mod age;
pub(crate) mod api_key;
pub(crate) mod app_log;
pub(crate) mod ascii;
pub(crate) mod built;
pub(crate) mod command_files;
pub(crate) mod connection_error;
pub(crate) mod counted;
pub(crate) mod credentials;
pub(crate) mod declared_tables;
pub(crate) mod diff;
pub(crate) mod dotenv;
pub(crate) mod driver_script;
pub(crate) mod duration;
pub(crate) mod gate;
pub(crate) mod git_folder;
pub(crate) mod hex;
pub(crate) mod host;
pub(crate) mod javascript;
pub(crate) mod key_purpose;
pub(crate) mod migrations;
pub(crate) mod name;
pub(crate) mod own_address;
pub(crate) mod prisma;
pub(crate) mod python;
pub(crate) mod question;
pub(crate) mod reading;
pub(crate) mod redact;
pub(crate) mod rotation;
pub(crate) mod runner;
pub(crate) mod sensitive;
pub(crate) mod shipped;
pub(crate) mod source;
pub(crate) mod sql;
pub(crate) mod temporary;
pub(crate) mod url;
pub(crate) mod visible;
pub(crate) mod web_login;
