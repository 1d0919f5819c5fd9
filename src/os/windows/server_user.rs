//! The user who runs Postgres when we may do everything. Here there is none: it says itself that it doesn't run with such rights.

use std::{io, path::Path, process::Command};

/// A user of the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerUser {}

impl ServerUser {
    /// Whether a folder can be handed to a program that can't reach it by its path: as the number of an open file.
    pub(crate) const OPENS_BY_NUMBER: bool = false;

    /// Who runs the servers if we are root.
    pub(crate) fn unprivileged() -> Option<Self> {
        None
    }

    /// Who runs `initdb` if we are root.
    pub(crate) fn with_name() -> Option<Self> {
        None
    }

    /// Whether the user can enter every folder on the way to `path`, and the last one itself.
    pub(crate) fn reaches(self, _path: &Path) -> bool {
        match self {}
    }

    /// Makes a command run as this user.
    pub(crate) fn run(self, _command: &mut Command) {
        match self {}
    }

    /// Tells the user who runs the servers from every other one.
    pub(crate) fn number(_user: Option<Self>) -> u32 {
        0
    }

    /// Makes us the owner again of what the user has made.
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn take_back(_path: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Makes the user the owner of a file or folder.
    pub(crate) fn give(self, _path: &Path) -> io::Result<()> {
        match self {}
    }

    /// Makes the user the owner of a folder and everything in it, unless it is already.
    pub(crate) fn give_all(self, _path: &Path) -> io::Result<()> {
        match self {}
    }
}
