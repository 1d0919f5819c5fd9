//! What a test may have happen in the midst of a write.

#[cfg(test)]
use std::sync::Arc;

/// A moment of a write at which another program may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ports::files) enum Moment {
    /// The new version is written where it waits.
    Staged,
    /// The file was found to be as it was read.
    Compared,
    /// The new version is in place, and what came out was not looked at yet.
    Exchanged,
    /// The new version is in place.
    Placed,
}

/// What a test has happen; by default nothing.
#[derive(Clone, Default)]
pub(in crate::ports::files) struct Rehearsal {
    /// Two files can't change places in one step, as on NFS.
    pub(in crate::ports::files) no_exchange: bool,
    /// A directory can't be synced.
    pub(in crate::ports::files) no_sync: bool,
    /// Is called at each moment.
    #[cfg(test)]
    pub(in crate::ports::files) at: Option<Arc<dyn Fn(Moment) + Send + Sync>>,
}

impl std::fmt::Debug for Rehearsal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rehearsal").finish_non_exhaustive()
    }
}

impl Rehearsal {
    #[cfg(test)]
    pub(super) fn moment(&self, moment: Moment) {
        if let Some(at) = &self.at {
            at(moment);
        }
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "tests alone look on")]
    pub(super) const fn moment(&self, _: Moment) {}
}
