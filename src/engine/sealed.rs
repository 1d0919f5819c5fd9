//! Env files that are in git on purpose, since they are encrypted there.

use crate::{domain::dotenv, engine::context::Cx};

/// How an env file is encrypted in git.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SealedInGit {
    No,
    /// As it is on the disk.
    InFile,
    /// By a filter, as git-crypt does it: on the disk it is as any other.
    ByFilter,
}

impl SealedInGit {
    /// Looks at what git has of a file, which counts: all versions of it that are in the index.
    pub(crate) async fn of(cx: &Cx, path: &str, on_disk: Option<&[u8]>) -> Self {
        let sealed_on_disk = on_disk.is_none_or(dotenv::is_sealed);
        let Some(stored) = cx.ports.repository.stored(path).await.ok().flatten() else {
            return match on_disk {
                Some(bytes) if dotenv::is_sealed(bytes) => Self::InFile,
                Some(_) | None => Self::No,
            };
        };
        let is_encrypted = |version: &Vec<u8>| dotenv::is_encrypted(version);
        let is_sealed = |version: &Vec<u8>| dotenv::is_sealed(version);
        if sealed_on_disk && stored.versions.iter().all(is_sealed) {
            Self::InFile
        } else if stored.is_filtered && stored.versions.iter().all(is_encrypted) {
            Self::ByFilter
        } else {
            Self::No
        }
    }
}
