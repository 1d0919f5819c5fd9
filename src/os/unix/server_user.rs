//! The user who runs Postgres when we are root.

use std::{
    fs, io,
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::Path,
    process::Command,
};

/// A user of the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServerUser {
    uid: u32,
    gid: u32,
}

/// Ids that neither distributions nor systemd hand out (<https://systemd.io/UIDS-GIDS/>: "unused"), and which containers with
/// 65536 of them have.
const OWN_IDS: std::ops::Range<u32> = 61_100..61_184;

impl ServerUser {
    const ROOT: Self = Self { uid: 0, gid: 0 };
    /// Whether a folder can be handed to a program that can't reach it by its path: as the number of an open file.
    pub(crate) const OPENS_BY_NUMBER: bool = cfg!(target_os = "linux");

    /// Who runs the servers if we are root: a user that owns nothing else. None of them runs as root, or as an account with
    /// files of its own, such as `postgres`: what breaks out of a sandbox would have those.
    pub(crate) fn unprivileged() -> Option<Self> {
        let root = rustix::process::geteuid().is_root();
        root.then(|| Self::unused(&text("/etc/passwd"), &text("/proc/self/uid_map")))
    }

    fn unused(accounts: &str, map: &str) -> Self {
        let free = |id: &u32| {
            let taken = |line: &str| line.split(':').nth(2) == Some(id.to_string().as_str());
            !accounts.lines().any(taken) && is_mapped(map, *id)
        };
        OWN_IDS
            .into_iter()
            .find(free)
            .map_or_else(|| Self::nobody(accounts), |id| Self { uid: id, gid: id })
    }

    /// Who runs `initdb` if we are root: it looks its user up by name, and only an account has one. What it makes is then
    /// given to the user of the servers.
    pub(crate) fn with_name() -> Option<Self> {
        let root = rustix::process::geteuid().is_root();
        root.then(|| Self::nobody(&text("/etc/passwd")))
    }

    fn nobody(accounts: &str) -> Self {
        let found = accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next() == Some("nobody")).then_some(())?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self { uid, gid })
        });
        found.unwrap_or(Self {
            uid: 65534,
            gid: 65534,
        })
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

    /// Makes a command run as this user.
    pub(crate) fn run(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid); // std drops the supplementary groups itself
    }

    /// Tells the user who runs the servers from every other one: this one, or we.
    pub(crate) fn number(user: Option<Self>) -> u32 {
        user.map_or_else(|| rustix::process::geteuid().as_raw(), |user| user.uid)
    }

    /// Makes us the owner again of what the user has made.
    pub(crate) fn take_back(path: &Path) -> io::Result<()> {
        Self::ROOT.give(path)
    }

    /// Makes the user the owner of a file or folder.
    pub(crate) fn give(self, path: &Path) -> io::Result<()> {
        std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid))
    }

    /// Makes the user the owner of a folder and everything in it, unless it is already.
    pub(crate) fn give_all(self, path: &Path) -> io::Result<()> {
        let meta = fs::symlink_metadata(path)?;
        if (meta.uid(), meta.gid()) == (self.uid, self.gid) {
            return Ok(());
        }
        if meta.is_dir() {
            for entry in fs::read_dir(path)? {
                self.give_all(&entry?.path())?;
            }
        }
        self.give(path) // the folder last: what is interrupted begins again
    }
}

fn text(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Whether an id exists in our user namespace, as `uid_map` has it; everywhere where there is no such file.
fn is_mapped(map: &str, id: u32) -> bool {
    map.trim().is_empty()
        || map.lines().any(|line| {
            let mut fields = line.split_whitespace().map(str::parse::<u64>);
            let (Some(Ok(first)), Some(Ok(_)), Some(Ok(count))) =
                (fields.next(), fields.next(), fields.next())
            else {
                return false;
            };
            (first..first.saturating_add(count)).contains(&u64::from(id))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_run_as_a_user_that_nobody_else_is() {
        let accounts = "root:x:0:0::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        let all = "0 0 4294967295\n";
        let own = ServerUser::unused(accounts, all);
        assert_eq!(own.uid, OWN_IDS.start);
        assert!(![0, 101, 65534].contains(&own.uid));
        let taken = format!("{accounts}other:x:{}:1::/:/bin/sh\n", OWN_IDS.start);
        assert_eq!(ServerUser::unused(&taken, all).uid, OWN_IDS.start + 1);
        // a namespace without those ids
        let nobody = ServerUser {
            uid: 65534,
            gid: 65533,
        };
        assert_eq!(
            ServerUser::unused(accounts, "0 1000 1\n65534 165534 1"),
            nobody
        );
        assert_eq!(ServerUser::unused(accounts, "").uid, OWN_IDS.start);
    }
}
