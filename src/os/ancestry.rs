//! Which process started which.

use super::process_table::parent_of;

/// The most generations that are climbed; a shell in a shell in a container has a dozen.
const MOST_GENERATIONS: usize = 64;

/// Whether a process is this one, or was started by it, directly or not.
pub(crate) fn is_below(process: u32, ancestor: u32) -> bool {
    let mut at = Some(process);
    for _ in 0..MOST_GENERATIONS {
        let Some(pid) = at.filter(|pid| *pid > 1) else {
            return false;
        };
        if pid == ancestor {
            return true;
        }
        at = parent_of(pid);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_below_whoever_started_it() {
        let ours = std::process::id();
        // both systems have it, and it ends with its input
        let mut child = std::process::Command::new("sort")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        assert!(is_below(child.id(), ours) && is_below(ours, ours));
        assert!(!is_below(ours, child.id()));
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
