//! What all files of hooks have in common.

/// The longest hook that is read, in bytes: some are programs.
pub(super) const HOOK_LIMIT: u64 = 64 * 1024 * 1024;
