//! Who may read and write a file of ours.

/// A secret file keeps a mode that is the owner's alone, else it becomes 0600. An ordinary file keeps its mode.
pub(super) fn wanted(before: Option<u32>, secret: bool) -> u32 {
    match (before, secret) {
        (Some(old), true) if old & 0o077 > 0 => 0o600,
        (Some(old), _) => old,
        (None, true) => 0o600,
        (None, false) => 0o644,
    }
}
