//! The ports of a [`World`](super::world::World), one file each.

mod claimable;
mod database;
mod files;
mod lock;
mod neon;
mod process;
mod proof;
mod repository;
mod shapes;
mod store;
mod trust;
mod web_login;

pub(crate) use files::MountedFiles;
pub(crate) use web_login::{AtTheBrowser, FakeIssuer};
