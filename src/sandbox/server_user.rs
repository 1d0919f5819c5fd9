//! The user who runs Postgres when we are root.

use std::{fs, io, os::unix::fs::MetadataExt as _, path::Path};

/// A user of the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServerUser {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl ServerUser {
    /// `postgres`, else `nobody`, if we are root: a stock Postgres refuses to run as root, and none of them should.
    pub(crate) fn unprivileged() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let find = |wanted: &str| {
            accounts.lines().find_map(|line| {
                let mut fields = line.split(':');
                (fields.next() == Some(wanted)).then_some(())?;
                let uid = fields.nth(1)?.parse().ok()?;
                let gid = fields.next()?.parse().ok()?;
                Some(Self { uid, gid })
            })
        };
        Some(find("postgres").or_else(|| find("nobody")).unwrap_or(Self {
            uid: 65534,
            gid: 65534,
        }))
    }

    /// Whether the user can enter every folder on the way to `path`, and the last one itself.
    pub(crate) fn reaches(self, path: &Path) -> bool {
        let Ok(path) = fs::canonicalize(path) else {
            return false;
        };
        path.ancestors().all(|folder| {
            fs::metadata(folder).is_ok_and(|meta| {
                let bit = if meta.uid() == self.uid {
                    0o100
                } else if meta.gid() == self.gid {
                    0o010
                } else {
                    0o001
                };
                meta.mode() & bit != 0
            })
        })
    }

    /// Makes the user the owner of a file or folder.
    pub(crate) fn give(self, path: &Path) -> io::Result<()> {
        std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid))
    }
}
