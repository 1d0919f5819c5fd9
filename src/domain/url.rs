//! Connection URLs: the forms that drivers want, and how any of them is recognized.
//!
//! # What is written
//!
//! Every form asks for TLS. `channel_binding=require` is kept beside it for the drivers that act on it, because
//! `sslmode=require` alone encrypts without checking whom it talks to: channel binding is then what makes an impostor fail. It
//! costs an `&` in the value, which a shell reads as "in the background", so such a value stands in single quotes in the file
//! (21 of 22 measured readers; `docker run --env-file` keeps the quotes). Drivers that ignore the parameter, or fail on it
//! (asyncpg and pgx send unknown parameters to the server), get `sslmode=require` alone, which all 22 readers take bare.
//!
//! User, password and database are percent-encoded down to letters, digits, `-`, `.` and `_`: then no connection URL ever
//! holds a character that needs a warning. (`~` would be allowed by RFC 3986, but a shell expands it after a colon.)

mod connection;
mod driver;
mod part;
mod pooler;
mod quote;
mod recognize;
mod renew;
#[cfg(test)]
mod tests;

pub(crate) use connection::Connection;
pub(crate) use driver::Driver;
pub(crate) use part::{Part, UrlKind};
pub(crate) use recognize::{RecognizedUrl, is_foreign, recognize, recognize_parts};
