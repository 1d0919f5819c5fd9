//! Which process started which.

use std::process::Command;

/// The most generations that are climbed; a shell in a shell in a container has a dozen.
const MOST_GENERATIONS: usize = 64;

/// Whether a process is this one, or was started by it, directly or not.
pub(crate) fn is_below(process: u32, ancestor: u32) -> bool {
    let mut at = i32::try_from(process).ok();
    for _ in 0..MOST_GENERATIONS {
        let Some(pid) = at.filter(|pid| *pid > 1) else {
            return false;
        };
        if u32::try_from(pid) == Ok(ancestor) {
            return true;
        }
        at = parent_of(pid);
    }
    false
}

/// The parent of a process that has not ended.
fn parent_of(pid: i32) -> Option<i32> {
    if cfg!(target_os = "linux") {
        return parent(&std::fs::read(format!("/proc/{pid}/stat")).ok()?);
    }
    parent_by_ps(pid)
}

/// The same where there is no `/proc`; POSIX has the options.
fn parent_by_ps(pid: i32) -> Option<i32> {
    let output = Command::new("/bin/ps")
        .args(["-o", "ppid=", "-p", &pid.to_string()])
        .env_clear()
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// The parent in a `/proc/PID/stat`: the second field after the name, which may hold anything, a `)` as well. A zombie has none: it
/// has ended.
pub(crate) fn parent(stat: &[u8]) -> Option<i32> {
    let end = memchr::memrchr(b')', stat)?;
    let rest = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    (state != "Z").then_some(parent)
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
    fn a_process_is_below_whoever_started_it() {
        let ours = std::process::id();
        let mut child = Command::new("/bin/sh")
            .args(["-c", "read line"])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        assert!(is_below(child.id(), ours) && is_below(ours, ours));
        assert!(!is_below(ours, child.id()));
        if std::path::Path::new("/bin/ps").exists() {
            let parent = parent_by_ps(i32::try_from(child.id()).unwrap());
            assert_eq!(parent.and_then(|pid| u32::try_from(pid).ok()), Some(ours));
        }
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
