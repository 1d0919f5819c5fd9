//! The processes of this machine.

use std::process::Command;

use rustix::{
    io::Errno,
    process::{self, Pid},
};

/// The first process, which is nobody's child.
const FIRST: u32 = 1;

fn known(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// Whether a process of this id exists, whoever owns it.
pub(crate) fn is_running(pid: u32) -> bool {
    known(pid).is_some_and(|pid| !matches!(process::test_kill_process(pid), Err(Errno::SRCH)))
}

/// The parent of a process that has not ended.
pub(crate) fn parent_of(pid: u32) -> Option<u32> {
    let parent = if cfg!(target_os = "linux") {
        parent(&std::fs::read(format!("/proc/{pid}/stat")).ok()?)
    } else {
        parent_by_ps(pid)
    };
    parent.filter(|parent| *parent >= FIRST)
}

/// The same where there is no `/proc`; POSIX has the options.
fn parent_by_ps(pid: u32) -> Option<u32> {
    let output = Command::new("/bin/ps")
        .args(["-o", "ppid=", "-p", &pid.to_string()])
        .env_clear()
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// The parent in a `/proc/PID/stat`: the second field after the name, which may hold anything, a `)` as well. A zombie has none: it
/// has ended.
pub(super) fn parent(stat: &[u8]) -> Option<u32> {
    let end = memchr::memrchr(b')', stat)?;
    let rest = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    (state != "Z").then_some(parent)
}

/// The other processes that were started with these bytes in their environment, and their names.
///
/// Reads `/proc`: what belongs to others cannot be read, and is passed over. Source: proc(5), `/proc/pid/environ`, which is the
/// environment that the program was started with.
pub(crate) fn holding(bytes: &[u8]) -> Vec<(u32, String)> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let finder = memchr::memmem::Finder::new(bytes);
    let ours = std::process::id();
    let mut found: Vec<(u32, String)> = entries
        .flatten()
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let environment = std::fs::read(entry.path().join("environ")).ok()?;
            if pid == ours || finder.find(&environment).is_none() {
                return None;
            }
            let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            Some((pid, name.trim().to_owned()))
        })
        .collect();
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_read_behind_any_name() {
        assert_eq!(parent(b"12 (sh) S 7 12 12 0"), Some(7));
        assert_eq!(parent(b"12 (a) S 1 (b) R 7 12 12 0"), Some(7));
        assert_eq!(parent(b"12 (sh) Z 7 12 12 0"), None);
        assert_eq!(parent(b"12 (sh"), None);
    }

    #[test]
    fn ps_tells_the_same_as_the_kernel() {
        if std::path::Path::new("/bin/ps").exists() {
            let ours = std::process::id();
            assert_eq!(parent_by_ps(ours), parent_of(ours));
        }
    }
}
