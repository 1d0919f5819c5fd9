//! In-memory sides of the [`World`], one file for each port.

mod claimable;
mod database;
mod files;
mod neon;
mod process;
mod repository;
mod store;

use std::{path::Path, sync::Arc};

pub(crate) use repository::FakeRepository;

use crate::{
    ports::{Ports, files::DiskFiles},
    testing::world::World,
};

/// Ports for tests of a single step: the real disk below a temporary directory, and a repository that answers as it is told.
pub(crate) fn ports(root: &Path, state: &Path, repository: Arc<FakeRepository>) -> Ports {
    Ports {
        files: Arc::new(DiskFiles::with_state(root, state)),
        repository,
        ..World::default().ports()
    }
}
