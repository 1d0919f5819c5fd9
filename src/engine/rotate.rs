//! Rotation: replaces a secret, and proves that the old one is refused.

mod api_key;
mod copies;
mod env_files;
mod outcome;
mod password;
mod proof;
mod reset;

pub(super) use self::{api_key::rotate as api_key, password::rotate as password};
