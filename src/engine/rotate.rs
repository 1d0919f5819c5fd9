//! Rotation: replaces a secret, and proves that the old one is refused.

mod api_key;
mod copies;
mod outcome;
mod password;

pub(super) use self::{api_key::replace as api_key, password::reset as password};
